"""Narrowing gives what mining for less gives, to the last array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import mine
from recsys.data import Transactions
from recsys.errors import ParameterError
from recsys.mining import filter_itemsets
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
