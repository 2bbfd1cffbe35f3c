"""The supports that a BudgetError advises are typed as printed."""

import re

import numpy as np
import pytest
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.errors import BudgetError
from recsys.mining import Budget


@pytest.mark.parametrize("engine", ["bitset", "mlxtend", "fpgrowth"])
@pytest.mark.parametrize(("seed", "max_len"), [(0, None), (1, None), (2, 2), (3, 3)])
def test_the_support_that_is_surely_enough_is(engine, seed, max_len):
    rng = np.random.default_rng(seed)
    held = rng.random((301, 12)) < rng.uniform(0.3, 0.95, 12)
    transactions = Transactions(sparse.csr_array(held), np.arange(12))
    budget = Budget(max_itemsets=int(rng.integers(5, 60)))
    with pytest.raises(BudgetError, match="Raise min_support, to about") as caught:
        mine(transactions, 0.02, max_len, engine, budget)
    match = re.search(r"to about (\S+) by the counts so far \((\S+) is surely enough\)", str(caught.value))
    assert match is not None
    about, sure = float(match[1]), float(match[2])
    assert about <= sure
    mine(transactions, sure, max_len, engine, budget)
    if engine != "bitset":  # these count them all before they stop
        assert len(mine(transactions, about, max_len, engine, budget)) > 0


def test_where_even_one_item_is_too_many_there_is_no_such_support():
    with pytest.raises(BudgetError, match=r"Lower max_len or raise the budget\."):
        mine(Transactions.from_lists([["a", "b", "c"]] * 3), 0.5, budget=Budget(max_itemsets=1))
