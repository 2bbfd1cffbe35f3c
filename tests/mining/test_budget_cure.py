"""The supports that a BudgetError advises are typed as printed."""

import re

import numpy as np
import pytest
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.errors import BudgetError
from recsys.mining import Budget
from tests.integration.cures import tries


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


@tries("recsys/mining/budget.py", "set max_len={length}")
@pytest.mark.parametrize("engine", ["bitset", "mlxtend", "fpgrowth"])
@pytest.mark.parametrize("limit", [20, 60])
def test_the_length_that_is_advised_fits(engine, limit):
    transactions = Transactions.from_lists([range(10)] * 3)
    with pytest.raises(
        BudgetError, match=r"was not done\. Set max_len=\d, or raise max_itemsets\.$"
    ) as caught:
        mine(transactions, 0.5, None, engine, Budget(max_itemsets=limit))
    length = int(re.search(r"max_len=(\d)", str(caught.value))[1])
    assert length == {20: 1, 60: 2}[limit]
    mine(transactions, 0.5, length, engine, Budget(max_itemsets=limit))


@pytest.mark.parametrize("max_len", [None, 1])
def test_where_even_one_item_is_too_many_only_the_limit_is_named(max_len):
    with pytest.raises(BudgetError, match=r"was not done\. Raise max_itemsets\."):
        mine(Transactions.from_lists([["a", "b", "c"]] * 3), 0.5, max_len, budget=Budget(max_itemsets=1))


@pytest.mark.parametrize("engine", ["bitset", "mlxtend", "fpgrowth"])
def test_more_memory_as_advised_ends_with_itemsets(engine):
    transactions = Transactions.from_lists([range(12)] * 40)
    memory, n_raised = "1 kB", 0
    while n_raised < 9:
        try:
            itemsets = mine(transactions, 1.0, 4, engine, Budget(max_memory=memory))
            break
        except BudgetError as error:
            message = str(error)
        assert "min_support," not in message  # each item is in each transaction
        needed = re.search(r"Raise max_memory above ([\d.]+) (\w+)\.$", message)
        assert needed or re.search(r"(Set max_len=\d, or raise|Raise) max_memory\.$", message)
        memory = f"{1.01 * float(needed[1])} {needed[2]}" if needed else "1 MB"
        n_raised += 1
    assert n_raised
    assert len(itemsets) == 12 + 66 + 220 + 495
    if engine == "fpgrowth":  # takes nothing before
        return
    mixed = Transactions.from_lists([range(12)] * 40 + [[0]])
    with pytest.raises(BudgetError, match=r"Raise max_memory above .*, or min_support\."):
        mine(mixed, 0.1, 4, engine, Budget(max_memory=2000))
    assert len(mine(mixed, 1.0, 4, engine, Budget(max_memory=5000))) == 1
