"""Closed, maximal and generator itemsets, held against their definitions."""

import pytest
from hypothesis import given

from recsys import mine
from recsys.data import Transactions
from recsys.errors import ParameterError
from recsys.mining import select
from tests.mining.naive import frequent_itemsets
from tests.mining.strategies import deterministic, mining_problems


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
