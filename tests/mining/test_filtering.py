"""Filtering equals mining for less, to the last array; kinds of itemsets follow their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import mine
from recsys.data import Transactions
from recsys.errors import ParameterError
from recsys.mining import filter_itemsets, select
from tests.mining.naive import frequent_itemsets
from tests.mining.strategies import deterministic, mining_problems

ARRAYS = ("parents", "last_items", "counts", "offsets", "items")


def assert_same(one, other):
    for name in ARRAYS:
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype, name
        np.testing.assert_array_equal(first, second, err_msg=name)
    assert (one.n_transactions, one.min_support, one.max_len) == (
        other.n_transactions,
        other.min_support,
        other.max_len,
    )


@deterministic
@given(mining_problems(), st.sampled_from([None, 1, 2, 3]))
def test_as_mined(problem, wider):
    transactions, min_support, max_len = problem
    encoded = Transactions.from_lists(transactions)
    longest = None if wider is None or max_len is None else max_len + wider
    mined = mine(encoded, 1 / (2 * len(transactions)), longest)
    assert_same(filter_itemsets(mined, min_support, max_len), mine(encoded, min_support, max_len))


def test_not_mined_for_as_much():
    mined = mine(Transactions.from_lists([["a", "b"], ["a"]]), 1.0, 1)
    with pytest.raises(
        ParameterError, match=r"min_support must be at least the 1 that was mined at. Got 0.5"
    ):
        filter_itemsets(mined, 0.5, 1)
    with pytest.raises(ParameterError, match=r"max_len must be at most the 1 that was mined up to. Got 2"):
        filter_itemsets(mined, 1.0, 2)
    with pytest.raises(ParameterError, match=r"Got None"):
        filter_itemsets(mined, 1.0)


def by_definition(frequent, kind, n_transactions):
    sets = {frozenset(itemset): count for itemset, count in frequent.items()}

    def keeps(itemset, count):
        if kind == "closed":
            return not any(itemset < other and count == sets[other] for other in sets)
        if kind == "maximal":
            return not any(itemset < other for other in sets)
        return count < n_transactions and not any(other < itemset and count == sets[other] for other in sets)

    return {itemset for itemset, count in sets.items() if kind == "all" or keeps(itemset, count)}


@pytest.mark.parametrize("kind", ["all", "closed", "maximal", "generators"])
@deterministic
@given(mining_problems())
def test_by_their_definitions(kind, problem):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    selected = itemsets.frozensets(select(itemsets, kind))
    assert len(selected) == len(set(selected))
    expected = by_definition(frequent_itemsets(transactions, min_support, max_len), kind, len(transactions))
    assert set(selected) == expected


def test_unknown_kind():
    itemsets = mine(Transactions.from_lists([["a"]]), 1.0)
    with pytest.raises(
        ParameterError, match=r"kind must be one of all, closed, maximal, generators. Got 'free'"
    ):
        select(itemsets, "free")
