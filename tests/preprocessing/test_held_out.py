"""What is left out, and levels, neither depend on held-out orders nor change them."""

import numpy as np
import pytest

from recsys.data import Interactions, ItemCatalog
from recsys.evaluation import NextBasket
from recsys.evaluation.preparation import prepare
from recsys.preprocessing import Preprocessing

RULES = [
    {"exclude_items": ["a"]},
    {"min_item_orders": 3},
    {"min_order_items": 2},
    {"levels": "both"},
    {"levels": "category", "exclude_items": ["c"], "min_item_orders": 2},
]
CATALOG = ItemCatalog(np.array(list("abcde")), ("",) * 5, (("v",), ("v",), ("w",), (), ("x",)))


def orders(last):
    """Three users with four orders each; `last` is the last one of user 0."""
    baskets = [["ab", "a", "bc", last], ["a", "ac", "bd", "cd"], ["cb", "b", "a", "ab"]]
    rows = [
        (user, 10 * user + number, item)
        for user, own in enumerate(baskets)
        for number, basket in enumerate(own)
        for item in basket
    ]
    user, order, item = map(np.array, zip(*rows, strict=True))
    return Interactions(user, item, order_id=order, items=CATALOG, name="shop")


def prepared(rules, last="cd"):
    return prepare(orders(last), Preprocessing(likes="all", **rules), NextBasket(min_orders=3), "test")


@pytest.mark.parametrize("rules", RULES)
def test_held_out_orders_stay_what_they_are(rules):
    plain, filtered = prepared({}), prepared(rules)
    assert filtered.targets.users.tolist() == plain.targets.users.tolist()
    assert filtered.targets.n_relevant.tolist() == plain.targets.n_relevant.tolist() == [2, 2, 2]


@pytest.mark.parametrize("rules", RULES)
def test_training_data_do_not_depend_on_them(rules):
    one, other = prepared(rules), prepared(rules, last="ae")
    assert one.transactions.digest == other.transactions.digest
    assert one.train.extended_items.tolist() == other.train.extended_items.tolist()


def test_the_items_of_train_are_those_of_transactions_without_categories():
    both, category = prepared(RULES[3]), prepared(RULES[4])
    assert both.transactions.items.tolist() == [*"abcd", "category: v", "category: w"]
    assert category.transactions.items.tolist() == ["category: v"]
    assert both.train.items.tolist() == both.histories.items.tolist() == list("abcd")
