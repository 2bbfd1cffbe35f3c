"""Itemsets without excluded pairs: what the definition leaves, whatever the engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.errors import BudgetError, ParameterError
from recsys.mining import Budget, bitset_search
from tests.mining import naive
from tests.mining.strategies import deterministic, mining_problems
from tests.mining.test_engines import as_dict, assert_same

PAIRS = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]))


def encoded(lists, pairs, n_items=7):
    """Encode lists of item indices, over all items."""
    matrix = np.zeros((len(lists), n_items), dtype=np.bool_)
    for row, items in enumerate(lists):
        matrix[row, list(items)] = True
    pairs = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return Transactions(sparse.csr_array(matrix), np.arange(n_items), excluded_pairs=pairs)


def allowed(lists, pairs, min_support, max_len=None):
    frequent = naive.frequent_itemsets(lists, min_support, max_len)
    return {items: n for items, n in frequent.items() if not any({*pair} <= {*items} for pair in pairs)}


@pytest.mark.parametrize("engine", ["bitset", "fpgrowth"])
@deterministic
@given(problem=mining_problems(), pairs=PAIRS)
def test_engines_leave_out_exactly_these(engine, problem, pairs):
    lists, min_support, max_len = problem
    found = as_dict(mine(encoded(lists, pairs), min_support, max_len, engine))
    assert list(found.items()) == list(allowed(lists, pairs, min_support, max_len).items())


@deterministic
@given(problem=mining_problems(), pairs=PAIRS)
def test_items_of_many_transactions_are_numbered_last(problem, pairs):
    lists, min_support, max_len = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bitset_search, "HEAVY", 1)
        found = as_dict(mine(encoded(lists, pairs), min_support, max_len))
    assert list(found.items()) == list(allowed(lists, pairs, min_support, max_len).items())


def test_what_always_occurs_together_is_not_copied_into_an_excluded_pair():
    # In bitset, the supersets of perfect extensions are copies; here all items are perfect extensions.
    transactions = encoded([range(7)] * 3, {(1, 4), (5, 2)})
    found = as_dict(mine(transactions, 1.0))
    assert len(found) == 8 * 3 * 3 - 1
    assert found == allowed([range(7)] * 3, {(1, 4), (5, 2)}, 1.0)
    assert_same(mine(transactions, 1.0), mine(transactions, 1.0, engine="mlxtend"))


@pytest.mark.parametrize("engine", ["bitset", "fpgrowth"])
def test_excluded_pairs_do_not_count_in_a_budget(engine):
    # 4 items and 4 pairs of 6.
    transactions = encoded([range(4)] * 2, {(0, 1), (2, 3)})
    assert len(mine(transactions, 1.0, 2, engine, Budget(max_itemsets=8))) == 8
    with pytest.raises(BudgetError, match="max_itemsets is 7"):
        mine(transactions, 1.0, 2, engine, Budget(max_itemsets=7))


def test_pairs_are_part_of_the_digest():
    rows = [range(4)] * 2
    assert encoded(rows, {(0, 1)}).digest == encoded(rows, {(1, 0)}).digest
    assert len({encoded(rows, pairs).digest for pairs in (set(), {(0, 1)}, {(0, 2)})}) == 3
    assert encoded(rows, {(3, 1), (1, 3), (0, 2)}).excluded_pairs.tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize("pairs", [[[0, 7]], [[-1, 0]], [[2, 2]], [0, 1], [[0.0, 1.0]], [[0, 1, 2]]])
def test_pairs_are_of_different_columns(pairs):
    matrix = sparse.csr_array(np.ones((2, 7), dtype=np.bool_))
    with pytest.raises(
        ParameterError, match="excluded_pairs must be pairs of different columns, from 0 to 6"
    ):
        Transactions(matrix, np.arange(7), excluded_pairs=pairs)
