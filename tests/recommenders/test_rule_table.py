"""The rules that a model shows are those that it recommends with."""

import numpy as np
import pytest

from recsys.data import ItemCatalog
from recsys.recommenders import RuleRecommender
from tests.recommenders.baskets import orders
from tests.recommenders.problems import ALL, HYBRIDS, RULES, blocks, histories, rules_of
from tests.recommenders.test_category_rules import SUM, fitted
from tests.recommenders.test_order_rules import CUSTOMERS, LOOSE


def fit(recommender):
    train = blocks()
    return recommender.fit(train, rules_of(train))


@pytest.mark.parametrize("name", [*RULES, *HYBRIDS])
def test_a_rule_of_the_table_is_a_reason_with_the_same_measures(name):
    model = fit(ALL[name])
    table = model.rule_table(ItemCatalog.empty())
    model = getattr(model, "rules", model) if name in HYBRIDS else model
    assert len(table) == len(model.rules) > 0
    np.testing.assert_array_equal(table.measures["weight"], model.weights)
    for row in table.rows(np.linspace(0, len(table) - 1, 5).astype(int)):
        places = {item: place for place, item in enumerate(model.items.tolist())}
        left, (right,) = (
            [places[item["item_id"]] for item in row[side]] for side in ("antecedents", "consequents")
        )
        (reasons,) = model.explain_by_rules(histories([left], len(places)), [right])
        (reason,) = [one for one in reasons if sorted(one.antecedents) == sorted(left)]
        assert reason.support_count == row["support_count"]
        assert reason.confidence == row["measures"]["confidence"]
        assert reason.lift == row["measures"]["lift"]


def test_rules_between_orders_have_the_measures_that_can_be_counted():
    model = LOOSE.fit(orders(CUSTOMERS, 4))
    table = model.rule_table(ItemCatalog.empty())
    pairs = [
        (row["antecedents"][0]["item_id"], row["consequents"][0]["item_id"])
        for row in table.rows(all_of(table))
    ]
    (row,) = table.rows(np.array([pairs.index(tuple(model.items[[0, 1]].tolist()))]))
    assert row["support_count"] == 2
    # Of five customers with several orders two bought 1 after 0, of three who could have.
    assert row["measures"] == {
        "support": 2 / 5,
        "confidence": 2 / 3,
        "lift": pytest.approx((2 / 3) / (2 / 5)),
        "weight": row["measures"]["weight"],
    }
    np.testing.assert_array_equal(table.measures["weight"], model.weights)


def test_categories_are_items_of_the_rules():
    model = fitted(SUM, [[0, 2], [1, 2], [3], [3]], [(0,), (0,), (), ()], min_support=0.5)
    titles = ItemCatalog(np.array([20]), ("Milk",), ((),))
    rows = list((table := model.rule_table(titles)).rows(all_of(table)))
    sides = [(row["antecedents"][0]["title"], row["consequents"][0]["title"]) for row in rows]
    assert ("aisle: a", "Milk") in sides


def test_models_without_rules_have_no_table():
    for name in ("popularity", "ease", "als", "item_knn", "tifuknn", "up_cf"):
        assert fit(ALL[name]).rule_table(ItemCatalog.empty()) is None
    assert (
        len(
            RuleRecommender(weight="confidence")
            .fit(histories([[0], [1]], 2), rules_of(histories([[0], [1]], 2)))
            .rule_table(ItemCatalog.empty())
        )
        == 0
    )


def all_of(table):
    return np.arange(len(table))
