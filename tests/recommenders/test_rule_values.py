"""Weights multiplied by the value of the item."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import ParameterError
from recsys.recommenders import HybridRecommender, RuleRecommender
from tests.integration.cures import tries
from tests.recommenders.problems import RULES, histories, rules_of

LISTS = [[0, 1, 2], [0, 1, 3], [1, 0, 3], [0, 1, 2], [1], [2], [4], [1, 4]]
PRICES = np.array([1.0, 2.0, 0.25, 8.0, 3.0])
TRAIN = replace(histories(LISTS, 5), item_values={"price": PRICES, "margin": np.array([1.0, 1, -1, 0, 2])})


@pytest.mark.parametrize("name", RULES)
def test_scores_are_multiplied_by_the_value_and_reasons_are_the_same(name):
    rules, users = rules_of(TRAIN), histories([[0], [1, 0], [2], [4, 1]], 5)
    plain, valued = (replace(RULES[name], value=value).fit(TRAIN, rules) for value in (None, "price"))
    assert plain.scores(users).any()
    assert valued.scores(users) == pytest.approx(plain.scores(users) * PRICES)
    if name == "rules_learned":
        assert valued.base_rates == pytest.approx(plain.base_rates * PRICES)
    for user in range(4):
        reasons = [model.explain(users[user : user + 1], range(5)) for model in (plain, valued)]
        for one, other in zip(*reasons, strict=True):
            assert [reason.antecedents for reason in one] == [reason.antecedents for reason in other]
            assert [reason.share for reason in one] == pytest.approx([reason.share for reason in other])


@pytest.mark.parametrize("name", ["rules", "rules_learned"])
def test_the_power_lies_between_no_value_and_the_whole(name):
    rules, users = rules_of(TRAIN), histories([[0], [1, 0], [2], [4, 1]], 5)
    scores = {
        power: replace(RULES[name], value="price", value_power=power).fit(TRAIN, rules).scores(users)
        for power in (0, 0.5)
    }
    plain = RULES[name].fit(TRAIN, rules).scores(users)
    assert np.array_equal(scores[0], plain)
    assert scores[0.5] == pytest.approx(plain * np.sqrt(PRICES))
    # Without a margin there is no rule, whatever the power.
    model = replace(RULES[name], value="margin", value_power=0).fit(TRAIN, rules)
    assert not model.scores(users)[:, [2, 3]].any()
    with pytest.raises(ParameterError, match="value_power must be a number of at least 0"):
        RuleRecommender(value_power=-1)


@tries("recsys/recommenders/rules.py", "or set {key}.value=price")
def test_a_power_without_a_value_has_no_effect(caplog):
    powered = RuleRecommender(value_power=0.5)
    powered.fit(TRAIN, rules_of(TRAIN))
    (message,) = caplog.messages
    assert message.startswith("recommender.value_power has no effect with value=null. Leave it out")
    caplog.clear()
    replace(powered, value="price").fit(TRAIN, rules_of(TRAIN))
    assert not caplog.messages


def test_the_dearer_of_two_items_comes_first():
    rules, user = rules_of(TRAIN), histories([[0, 1]], 5)
    first = {
        value: RuleRecommender(weight="confidence", value=value).fit(TRAIN, rules).recommend(user, 2)
        for value in (None, "price")
    }
    assert first[None].item_indices[0].tolist() == [2, 3], "as likely; the first by index"
    assert first["price"].item_indices[0].tolist() == [3, 4], "2 costs little"


@pytest.mark.parametrize("weight", ["confidence", "learned"])
def test_what_brings_nothing_has_no_rules(weight):
    model = RuleRecommender(weight=weight, value="margin").fit(TRAIN, rules_of(TRAIN))
    consequents = model.rules.source.last_items[model.rules.consequents]
    assert not {2, 3} & set(consequents.tolist())
    assert (model.scores(TRAIN) >= 0).all()


@tries("recsys/recommenders/rule_values.py", "Set value=null.")
def test_data_without_values_are_refused():
    rules = rules_of(TRAIN)
    for train, rule in [
        (replace(TRAIN, item_values={}), "null for data without a price"),
        (
            replace(TRAIN, item_values={"price": np.array([1, np.nan, 2, np.nan, 1])}),
            r"null where an item has no known price, such as 10 \(2 in all\)",
        ),
    ]:
        with pytest.raises(ParameterError, match=rf"^value must be {rule}.* Set value=null\.$") as caught:
            RuleRecommender(value="price").fit(train, rules)
        typed = caught.value.within("recommender")
        assert str(typed).startswith("recommender.value must be")
        assert str(typed).endswith("Set recommender.value=null.")
        with pytest.raises(ParameterError) as caught:
            HybridRecommender(rules=RuleRecommender(value="price")).fit(train, rules)
        assert str(caught.value.within("recommender")).endswith("Set recommender.rules.value=null.")
        assert RuleRecommender(value=None).fit(train, rules).scores(TRAIN).any()
    with pytest.raises(ParameterError, match=r"value must be one of price, margin\. Got 'profit'"):
        RuleRecommender(value="profit")
