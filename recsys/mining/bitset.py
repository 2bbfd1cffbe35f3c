"""The default engine: occurrence delivery for pairs, depth-first search over bit sets for longer itemsets."""

import os
from dataclasses import dataclass, field
from typing import ClassVar

from recsys.data.transactions import Transactions
from recsys.mining.budget import Budget, MiningMeter
from recsys.mining.engine import Engine
from recsys.mining.itemsets import FrequentItemsets
from recsys.parameters import require_integer

# 12 bytes when found, as much again when the array that holds it grows, 20 in the result.
BYTES_PER_ITEMSET = 44


@dataclass(frozen=True)
class BitsetEngine(Engine):
    """Mine with compiled bit sets, on several threads.

    Pairs are counted by occurrence delivery, as in LCM (Uno, Kiyomi and Arimura, FIMI 2004). For longer
    itemsets, the frequent partners of each item become bit sets over its transactions, and a depth-first
    search combines them by AND and popcount, as in Eclat (Zaki, TKDE 2000). It visits items in reverse order:
    so nothing needs sorting, all but one subset of a candidate are known to be frequent before it is counted,
    and the supersets of a perfect extension can be copied. Only where some items are in very many
    transactions and others in few, the former come last, and the itemsets are sorted at the end.

    The first use compiles for some seconds; the machine code is cached on disk where possible.

    Parameters
    ----------
    n_threads : int, optional
        Number of threads; None: the processors that this process may use. It does not affect the result.

    Raises
    ------
    ParameterError
        If `n_threads` is not a positive integer.
    """

    name: ClassVar[str] = "bitset"

    n_threads: int | None = field(default=None, repr=False)  # not part of the key of a cache

    def __post_init__(self) -> None:
        if self.n_threads is not None:
            require_integer("n_threads", self.n_threads, minimum=1)

    def mine(
        self,
        transactions: Transactions,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine`."""
        # Imported here: Numba takes a second, and reading or ranking itemsets does not need it.
        from recsys.mining.bitset_search import Search

        meter = MiningMeter(budget, transactions.n_transactions, min_support, max_len, BYTES_PER_ITEMSET)
        search = Search(transactions, max_len, meter, self.n_threads or available_processors())
        return search.run(min_support)


def available_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
