import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from mlxtend.frequent_patterns import apriori

from recsys import FrequentItemsets, mine
from recsys.data import Transactions
from tests.mining.strategies import deterministic, mining_problems

BASKETS = [["bread", "milk"], ["bread", "diapers"], ["milk", "diapers"], ["bread", "milk", "diapers"]]


@pytest.fixture
def itemsets():
    return mine(Transactions.from_lists(BASKETS), min_support=0.25)


def test_arrays_of_a_worked_example(itemsets):
    # Items in order: bread 0, diapers 1, milk 2; itemsets in order: 0 | 1 | 2 | 01 | 02 | 12 | 012.
    assert itemsets.parents.tolist() == [-1, -1, -1, 0, 0, 1, 3]
    assert itemsets.last_items.tolist() == [0, 1, 2, 1, 2, 2, 2]
    assert itemsets.counts.tolist() == [3, 3, 3, 2, 2, 2, 1]
    assert itemsets.offsets.tolist() == [0, 3, 6, 7]
    assert itemsets.supports.tolist() == [0.75, 0.75, 0.75, 0.5, 0.5, 0.5, 0.25]
    assert (len(itemsets), itemsets.max_length) == (7, 3)
    assert itemsets.level(2).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert itemsets.level_counts(3).tolist() == [1]
    assert itemsets.level(4).shape == (0, 4)
    assert (
        repr(itemsets) == "FrequentItemsets(n_itemsets=7, max_length=3, n_transactions=4, min_support=0.25)"
    )


def test_subsets_of_a_worked_example(itemsets):
    assert itemsets.subsets(1).tolist() == [[-1], [-1], [-1]]
    assert itemsets.subsets(2).tolist() == [[1, 0], [2, 0], [2, 1]]
    assert itemsets.subsets(3).tolist() == [[5, 4, 3]]


def test_flatten_takes_any_itemsets_in_any_order(itemsets):
    offsets, items = itemsets.flatten(np.array([6, 1, 4, 1]))
    assert offsets.tolist() == [0, 3, 4, 6, 7]
    assert items.tolist() == [0, 1, 2, 1, 0, 2, 1]
    assert itemsets.frozensets(np.array([4, 0, 4])) == [{"bread", "milk"}, {"bread"}, {"bread", "milk"}]


@deterministic
@given(mining_problems())
def test_subsets_are_the_itemsets_without_one_item(problem):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    for length in range(2, itemsets.max_length + 1):
        for row, subsets in zip(itemsets.level(length), itemsets.subsets(length), strict=True):
            for position, subset in enumerate(subsets):
                without = np.delete(row, position).tolist()
                assert itemsets.flatten(np.array([subset]))[1].tolist() == without


@deterministic
@given(mining_problems())
def test_frame_is_mlxtends(problem):
    transactions, min_support, max_len = problem
    encoded = Transactions.from_lists(transactions)
    if encoded.n_items == 0:
        return
    frame = pd.DataFrame(encoded.matrix.toarray(), columns=encoded.items)
    expected = apriori(frame, min_support, use_colnames=True, max_len=max_len)
    pd.testing.assert_frame_equal(mine(encoded, min_support, max_len).to_frame(), expected)


def test_from_levels_takes_any_order():
    itemsets = FrequentItemsets.from_levels(
        [np.array([[2], [0], [1]]), np.array([[2, 1], [1, 0]])],
        [np.array([5, 7, 6]), np.array([3, 4])],
        items=np.array(["a", "b", "c"]),
        n_transactions=10,
        min_support=0.3,
    )
    assert itemsets.level(1).tolist() == [[0], [1], [2]]
    assert itemsets.level(2).tolist() == [[0, 1], [1, 2]]
    assert itemsets.counts.tolist() == [7, 6, 5, 4, 3]
    assert itemsets.parents.tolist() == [-1, -1, -1, 0, 1]
