import numpy as np
import pytest

from recsys.errors import BudgetError, ParameterError
from recsys.recommenders import (
    FALLBACK,
    MODEL,
    RULE,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RuleRecommender,
    learned_weights,
)
from tests.recommenders.problems import blocks, histories, rules_of

RULES = RuleRecommender(weight="confidence", aggregation="sum", half_life=None)
KNN = ItemKNNRecommender(n_neighbours=9, shrinkage=1.0)
# Pairs 0-1 and 0-2 are frequent; 3 and 4 are liked with 0 once each, 5 by nobody.
TRAIN = histories([[0, 1], [0, 1], [0, 1], [0, 2], [0, 2], [0, 3], [3, 4], [4]], 6)
PAIRS = rules_of(TRAIN, min_support=0.25, max_len=2)
LIKES = histories([[0], [1, 2], [4], []], 6)


def normalised(scores, likes):
    rows = np.maximum(scores, 0)
    for user in range(len(likes)):
        unseen = np.setdiff1d(np.arange(likes.n_items), likes.of(user))
        rows[user] /= rows[user, unseen].max() or 1
    return rows


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_blend_is_a_weighted_sum_of_normalised_scores(share):
    model = HybridRecommender(RULES, KNN, rules_share=share).fit(TRAIN, PAIRS)
    by_rules = normalised(RULES.fit(TRAIN, PAIRS).scores(LIKES), LIKES)
    by_model = normalised(KNN.fit(TRAIN).scores(LIKES), LIKES)
    expected = share * by_rules + (1 - share) * by_model
    lists = model.recommend(LIKES, 5)
    for user in range(len(LIKES)):
        ranked = lists.sources[user] < FALLBACK
        ranked &= lists.item_indices[user] >= 0
        items = lists.item_indices[user, ranked]
        assert lists.scores[user, ranked] == pytest.approx(expected[user, items])
        assert set(items) == set(np.flatnonzero(expected[user] > 0)) - set(LIKES.of(user))
        larger = np.where(share * by_rules >= (1 - share) * by_model, RULE, MODEL)
        assert lists.sources[user, ranked].tolist() == larger[user, items].tolist()
    assert (lists.sources[3] == FALLBACK).all()


def test_the_model_stands_behind_the_rules():
    lists = HybridRecommender(RULES, KNN, mode="rules_first").fit(TRAIN, PAIRS).recommend(LIKES, 5)
    assert lists.item_indices[0].tolist() == [1, 2, 3, 4, 5]
    assert lists.sources[0].tolist() == [RULE, RULE, MODEL, FALLBACK, FALLBACK]
    assert lists.sources[2, :2].tolist() == [MODEL, FALLBACK]
    assert (np.diff(lists.scores[:, :2][:2]) <= 0).all()


def test_reasons_of_both_with_their_shares_of_the_whole():
    model = HybridRecommender(RULES, KNN, rules_share=0.25).fit(TRAIN, PAIRS)
    reasons = model.explain(LIKES[:1], [1])[0]
    # Item 1 is the best by both: of its score the rules give a quarter.
    assert [(reason.antecedents, reason.share) for reason in reasons] == [((0,), 0.75), ((0,), 0.25)]
    by_model = model.explain(LIKES[:1], [3])[0]
    assert [(reason.antecedents, reason.share) for reason in by_model] == [((0,), 1.0)]
    assert [reason.antecedents for reason in model.explain(LIKES[:1], [5])[0]] == [()]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("rules_share", 1.1),
        ("rules_share", -0.1),
        ("mode", "both"),
        ("model", PopularityRecommender()),
        ("rules", None),
    ],
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        HybridRecommender(**{parameter: value})


def test_nested_settings_are_values():
    assert hash(HybridRecommender(model=EASERecommender(3.0))) == hash(
        HybridRecommender(model=EASERecommender(3.0))
    )
    assert HybridRecommender(model=EASERecommender(3.0)) != HybridRecommender(model=EASERecommender(4.0))


def test_errors_of_the_rules_name_their_keys(monkeypatch):
    train = blocks()
    monkeypatch.setattr(learned_weights, "MAX_PRODUCTS", 100)
    with pytest.raises(BudgetError, match=r"Set recommender\.rules\.max_antecedent_len=1"):
        HybridRecommender(RuleRecommender(max_antecedent_len=None)).fit(train, rules_of(train))


def test_warnings_of_the_rules_name_their_keys(caplog):
    train = blocks()
    HybridRecommender(RuleRecommender(alpha=0.5, value_power=2.0)).fit(train, rules_of(train))
    assert sorted(caplog.messages) == [
        "recommender.rules.alpha has no effect with weight=learned. "
        "Leave it out, or set recommender.rules.weight=jaccard.",
        "recommender.rules.value_power has no effect with value=null. "
        "Leave it out, or set recommender.rules.value=price.",
    ]
