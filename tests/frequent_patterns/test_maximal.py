from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from recsys.data import Transactions
from recsys.errors import ParameterError
from recsys.frequent_patterns.maximal import maximal_itemsets


def found(transactions: Transactions, min_support: float, max_len: int | None = None) -> list[Any]:
    """Return the maximal itemsets with their counts."""
    itemsets, indices = maximal_itemsets(transactions, min_support, max_len)
    return list(zip(itemsets.frozensets(indices), itemsets.counts[indices].tolist(), strict=True))


def test_the_subsets_of_a_long_itemset_are_not_visited() -> None:
    # Two itemsets of 60 and 50 items, 10 of them in both: nobody would live to see their subsets.
    matrix = np.zeros((80, 100), dtype=bool)
    matrix[:40, :60] = True
    matrix[40:, 50:] = True
    transactions = Transactions(sparse.csr_array(matrix), np.arange(100))
    assert found(transactions, 0.5) == [({*range(50, 100)}, 40), ({*range(60)}, 40)]
    assert found(transactions, 0.5, max_len=49) == []
    assert found(transactions, 0.6) == [({*range(50, 60)}, 80)]


@pytest.mark.parametrize(("parameter", "value"), [("min_support", 0), ("max_len", -1)])
def test_wrong_parameters_are_named(parameter: str, value: int) -> None:
    options = {"min_support": 0.5, parameter: value}
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        maximal_itemsets(Transactions.from_lists([["a"]]), **options)
