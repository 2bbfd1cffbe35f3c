"""Rules that count the orders of an item and the items of an order."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data import Interactions
from recsys.errors import NoTransactionsError, ParameterError
from recsys.preprocessing import Preprocessing
from tests.integration.cures import tries

# User 1 has the orders 1 (tea, cake), 2 (tea) and 3 (jam, tea); user 2 the order 1 (tea, cake).
ROWS = [
    (1, 1, "tea"), (1, 1, "cake"), (1, 2, "tea"), (1, 3, "jam"), (1, 3, "tea"), (2, 1, "tea"), (2, 1, "cake"),
]  # fmt: skip


def make_orders(rows):
    user, order, item = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(user, item, order_id=order)


def filtered(rows, **rules):
    """Return the rows that are left; the orders of a user keep their order in time."""
    data = make_orders(rows)
    kept = Preprocessing(likes="all", **rules).filter(data)
    number = dict(zip(data.positives().order.tolist(), data.order_id.tolist(), strict=True))
    columns = kept.user_id.tolist(), [number[order] for order in kept.order.tolist()], kept.item_id.tolist()
    return sorted(zip(*columns, strict=True))


def test_items_are_counted_by_order_not_by_user():
    assert filtered(ROWS, min_item_orders=3) == sorted(row for row in ROWS if row[2] == "tea")
    assert filtered(ROWS, min_item_orders=2) == sorted(row for row in ROWS if row[2] != "jam")


@pytest.mark.parametrize("transaction", ["user", "order"])
def test_orders_are_counted_whatever_a_transaction_is(transaction):
    kept = filtered(ROWS, min_order_items=2, transaction=transaction)
    assert kept == sorted(row for row in ROWS if row[:2] != (1, 2))


def test_items_come_first_and_are_not_counted_again():
    # Without jam, order 3 is too short; that tea is then in 2 orders only, not 3, does not matter.
    assert filtered(ROWS, min_item_orders=2, min_order_items=2) == sorted(row for row in ROWS if row[1] == 1)
    assert filtered(ROWS[:5], min_item_orders=1, min_order_items=2, exclude_items=["jam"]) == sorted(ROWS[:2])


def test_without_orders_users_are_counted():
    data = Interactions(np.array([1, 1, 2]), np.array([10, 11, 10]), rating=np.array([5.0, 5.0, 5.0]))
    assert Preprocessing(min_item_orders=2).filter(data).item_id.tolist() == [10, 10]
    assert Preprocessing(min_order_items=2).filter(data).item_id.tolist() == [10, 11]


def test_only_likes_are_counted():
    data = Interactions(np.array([1, 2, 2]), np.array([10, 10, 11]), rating=np.array([5.0, 1.0, 5.0]))
    assert Preprocessing(min_movie_ratings=2).filter(data).item_id.tolist() == [10]
    with pytest.raises(NoTransactionsError, match="min_item_orders=2 drops the last"):
        Preprocessing(min_item_orders=2).filter(data)


def naive(rows, min_item_orders, min_order_items, excluded):
    """Filter by plain loops, in the documented order."""
    rows = [row for row in rows if row[2] not in excluded]
    n_orders = Counter(item for _, _, item in rows)
    rows = [row for row in rows if n_orders[row[2]] >= min_item_orders]
    n_items = Counter(row[:2] for row in rows)
    return sorted(row for row in rows if n_items[row[:2]] >= min_order_items)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    rows=st.sets(st.tuples(st.integers(0, 2), st.integers(10, 13), st.sampled_from("abcd")), min_size=1),
    minima=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    excluded=st.sets(st.sampled_from("abcd"), max_size=2),
)
def test_a_naive_filter_finds_the_same(rows, minima, excluded):
    excluded &= {item for _, _, item in rows}
    expected = naive(rows, *minima, excluded)
    rules = {"min_item_orders": minima[0], "min_order_items": minima[1], "exclude_items": sorted(excluded)}
    if expected:
        assert filtered(sorted(rows), **rules) == expected
    else:
        with pytest.raises(NoTransactionsError):
            filtered(sorted(rows), **rules)


@tries(
    "recsys/preprocessing/count_rules.py",
    "Set preprocessing.{self.min_key}=",
    "Set preprocessing.{self.max_key}=",
)
@pytest.mark.parametrize(
    ("rules", "cures"),
    [
        ({"min_item_orders": 9}, ["min_item_orders=4"]),
        ({"min_order_items": 3}, ["min_order_items=2"]),
        ({"min_item_orders": 9, "min_order_items": 2}, ["min_item_orders=4", "min_order_items=1"]),
        ({"min_length": 4, "transaction": "user"}, ["min_length=3"]),
        ({"max_length": 1, "transaction": "user"}, ["max_length=2"]),
    ],
)
def test_what_is_advised_leaves_transactions(rules, cures):
    for cure in cures:
        with pytest.raises(NoTransactionsError) as refused:
            filtered(ROWS, **rules)
        assert re.findall(r"Set preprocessing\.(\S+)\.$", str(refused.value)) == [cure]
        name, value = cure.split("=")
        rules = rules | {name: int(value)}
    assert filtered(ROWS, **rules)


def test_the_counts_after_each_rule_are_named():
    with pytest.raises(
        NoTransactionsError,
        match=r"preprocessing\.min_order_items=3 drops the last of 7 training interactions "
        r"\(7 after min_movie_ratings=1 -> 7 after likes=all -> 6 after min_item_orders=2 -> 0 after",
    ):
        filtered(ROWS, min_item_orders=2, min_order_items=3)


@pytest.mark.parametrize("name", ["min_item_orders", "min_order_items"])
@pytest.mark.parametrize("value", [0, 1.5, True, "2"])
def test_minima_are_counts(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be an integer of at least 1"):
        Preprocessing(**{name: value})
