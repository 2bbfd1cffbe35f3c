import re

import numpy as np
import pytest

from recsys import mine
from recsys.data import Transactions
from recsys.errors import BudgetError, ParameterError
from recsys.mining import BitsetEngine, Budget, MlxtendEngine, bitset, bitset_search, budget
from recsys.mining.budget import MOST_ITEMSETS, MiningMeter

ENGINES = [BitsetEngine(1), BitsetEngine(2), MlxtendEngine(), MlxtendEngine("fpgrowth")]


@pytest.fixture
def transactions():
    rng = np.random.default_rng(0)
    return Transactions.from_lists([np.flatnonzero(row).tolist() for row in rng.random((50, 12)) < 0.7])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("max_len", [1, 2, 3, None])
def test_a_budget_that_is_just_enough_is_enough(engine, max_len, transactions):
    n_itemsets = len(mine(transactions, 0.1, max_len))
    assert len(mine(transactions, 0.1, max_len, engine, Budget(max_itemsets=n_itemsets))) == n_itemsets
    message = (
        f"max_itemsets is {n_itemsets - 1:,}; after .* Raise min_support, to about 0.*, or raise max_itemsets"
    )
    with pytest.raises(BudgetError, match=message):
        mine(transactions, 0.1, max_len, engine, Budget(max_itemsets=n_itemsets - 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_support_that_is_named_fits(engine, transactions):
    with pytest.raises(BudgetError) as error:
        mine(transactions, 0.1, None, engine, Budget(max_itemsets=100))
    support = float(re.search(r"to about ([0-9.]+) by", str(error.value))[1])
    assert support > 0.1
    assert 1 <= len(mine(transactions, support)) <= 200


@pytest.mark.parametrize("engine", ENGINES)
def test_time_is_over(engine, transactions):
    with pytest.raises(
        BudgetError, match=r"max_seconds is 1e-09; after .* and was not done. Raise min_support"
    ):
        mine(transactions, 0.1, None, engine, Budget(max_seconds=1e-9))
    assert len(mine(transactions, 0.1, None, engine, Budget(max_seconds=600))) > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_is_estimated_before_it_is_taken(engine, transactions):
    n_singles, n_itemsets = transactions.n_items, len(mine(transactions, 0.1))
    with pytest.raises(
        BudgetError, match=r"max_memory is 595 bytes; mining needs .* before it has found anything"
    ):
        mine(transactions, 0.1, None, engine, Budget(max_memory=595))
    assert len(mine(transactions, 0.1, None, engine, Budget(max_memory="1 GB"))) == n_itemsets
    per_itemset = bitset.BYTES_PER_ITEMSET
    with pytest.raises(BudgetError, match=r"max_memory is .*kB, room for [\d,]+ itemsets; after"):
        mine(transactions, 0.1, None, BitsetEngine(1), Budget(max_memory=35_000 + n_singles * per_itemset))


def test_memory_of_mlxtends_candidates_is_estimated():
    transactions = Transactions.from_lists([list(range(1000))] * 10)
    with pytest.raises(
        BudgetError, match="max_memory is 1 MB; mining needs 10 MB before it has found anything"
    ):
        mine(transactions, 1.0, 2, MlxtendEngine(), Budget(max_memory="1 MB"))
    assert len(mine(transactions, 1.0, 1, MlxtendEngine(), Budget(max_memory="1 MB"))) == 1000


def test_more_itemsets_than_can_be_numbered_are_refused_before_the_search():
    message = (
        r"A result holds at most 2\*\*31 - 1 = 2,147,483,647 itemsets; .* of 2\*\*195 .* Set max_len=3\."
    )
    with pytest.raises(BudgetError, match=message):
        mine(Transactions.from_lists([range(1000)]), 1.0, budget=Budget())
    with pytest.raises(BudgetError, match=r"of 166,168,999 or more at"):
        mine(Transactions.from_lists([range(1000)]), 1.0, 4, budget=Budget(max_itemsets=10**6))


def test_long_itemsets_without_a_common_core_are_refused(monkeypatch):
    # No item always comes with 31 others, but 32 come together often: found at that length, not by counting.
    lists = [range(40)] * 10 + [[item] for item in range(40)]
    with pytest.raises(BudgetError, match="max_itemsets is 5,000,000; after"):
        mine(Transactions.from_lists(lists), 0.1, budget=Budget(max_itemsets=5_000_000))


def test_an_interrupt_is_heard(monkeypatch, transactions):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(bitset_search, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mine(transactions, 0.1)


def test_half_of_the_available_memory_unless_told_otherwise(monkeypatch, transactions):
    monkeypatch.setattr(budget, "available_memory", lambda: 1190)
    with pytest.raises(BudgetError, match=r"max_memory is 50% \(595 bytes\); mining needs"):
        mine(transactions, 0.1)
    assert len(mine(transactions, 0.1, budget=Budget())) > 0


def test_available_memory_is_some_of_the_machines():
    assert 10**6 < budget.available_memory() < 10**15


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        (1, 1),
        (123, 123),
        ("123", 123),
        ("2 GB", 2 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("10 kB", 10**4),
        (" 7 mb ", 7 * 10**6),
    ],
)
def test_sizes(text, n_bytes):
    assert Budget(max_memory=text).memory_bytes() == n_bytes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_itemsets": 0}, "max_itemsets must be an integer of at least 1. Got 0."),
        ({"max_itemsets": 1.5}, "max_itemsets must be an integer of at least 1. Got 1.5."),
        ({"max_seconds": 0}, "max_seconds must be a number above 0. Got 0."),
        ({"max_seconds": float("inf")}, "max_seconds must be a finite number. Got inf."),
        ({"max_memory": 0}, "max_memory must be a positive number of bytes, a size .* Got 0."),
        ({"max_memory": "2 GX"}, "max_memory must be .* Got '2 GX'."),
        ({"max_memory": "-2 GB"}, "max_memory must be .* Got '-2 GB'."),
        ({"max_memory": "101%"}, "max_memory must be .* Got '101%'."),
        ({"max_memory": True}, "max_memory must be .* Got True."),
    ],
)
def test_bad_budgets(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Budget(**arguments)


def test_the_support_that_fits_is_read_off_the_counts():
    meter = MiningMeter(Budget(max_itemsets=2), 100, 0.05, None, bytes_per_itemset=1)
    assert "about 0.21 by" in str(meter.exceeded(np.array([10, 20, 30, 40]), 1.0))
    # Half of the search found these; so there are two with a count of 40 to expect.
    assert "about 0.31 by" in str(meter.exceeded(np.array([10, 20, 30, 40]), 0.5))
    assert MOST_ITEMSETS == 2147483647
