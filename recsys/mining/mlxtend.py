"""mlxtend's apriori and fpgrowth as engines: the reference for the others."""

import warnings
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.transactions import Transactions
from recsys.errors import ParameterError
from recsys.mining.budget import Budget, MiningMeter
from recsys.mining.engine import Engine
from recsys.mining.filtering import without_pairs
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_choice

# Memory of a frozenset of a few items and its row in the frame.
BYTES_PER_ITEMSET = 400


@dataclass(frozen=True)
class MlxtendEngine(Engine):
    """Mine with mlxtend (Raschka, JOSS 3(24), 2018).

    Parameters
    ----------
    algorithm : {"apriori", "fpgrowth"}
        Function of mlxtend.
    low_memory : bool
        Option of apriori: count the candidates one by one, slower, instead of all at once in an array of
        n_transactions x n_candidates x length bytes.

    Raises
    ------
    ParameterError
        If the algorithm is unknown, or is fpgrowth with `low_memory`.
    """

    algorithm: str = "apriori"
    low_memory: bool = False

    def __post_init__(self) -> None:
        require_choice("algorithm", self.algorithm, ("apriori", "fpgrowth"))
        if self.low_memory and self.algorithm != "apriori":
            raise ParameterError(
                "low_memory", f"false for {self.algorithm}", True, "Only apriori has this option."
            )

    @property
    def name(self) -> str:
        """Name of the engine: mlxtend's algorithm."""
        return "mlxtend" if self.algorithm == "apriori" else self.algorithm

    def mine(
        self,
        transactions: Transactions,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine`."""
        # mlxtend cannot be interrupted: the budget is checked before, for the items and the memory of the
        # pairs, and after, for the itemsets and the time.
        n_transactions = transactions.n_transactions
        meter = MiningMeter(budget, n_transactions, min_support, max_len, BYTES_PER_ITEMSET)
        item_counts = np.bincount(transactions.matrix.indices, minlength=transactions.n_items)
        frequent = np.flatnonzero(item_counts >= meter.min_count)
        n_frequent = len(frequent)
        meter.set_items(item_counts[frequent])
        meter.take(n_transactions * n_frequent)
        if self.algorithm == "apriori" and not self.low_memory and max_len != 1:
            meter.take(n_transactions * n_frequent * (n_frequent - 1))  # two bytes a transaction and pair
        if n_frequent > meter.max_itemsets:
            raise meter.exceeded(item_counts[frequent], 1.0)
        itemsets: npt.NDArray[Any] = np.empty(0, dtype=object)
        counts: IntArray = np.empty(0, dtype=np.int64)
        if len(frequent):
            # Without the other columns, which mlxtend drops at its first step: they may not fit into memory.
            one_hot = transactions.matrix[:, frequent].toarray()
            itemsets, counts = self._run(one_hot, meter.min_count, max_len)
        found, _ = FrequentItemsets.from_flat(
            np.fromiter(map(len, itemsets), dtype=np.int64, count=len(itemsets)),
            frequent[np.fromiter(chain.from_iterable(itemsets), dtype=np.int64)],
            counts,
            items=transactions.items,
            n_transactions=n_transactions,
            min_support=min_support,
            max_len=max_len,
        )
        found = without_pairs(found, transactions.excluded_pairs)
        if len(found) > meter.max_itemsets or meter.is_late:
            raise meter.exceeded(found.counts, 1.0, late=meter.is_late)
        return found

    def _run(
        self, one_hot: npt.NDArray[np.bool_], min_count: int, max_len: int | None
    ) -> tuple[npt.NDArray[Any], IntArray]:
        """Return the itemsets of mlxtend, as frozensets of columns, and their counts."""
        import pandas as pd

        n_transactions = len(one_hot)
        # apriori compares the fraction, fpgrowth its product with n_transactions, rounded up: half a count
        # below the boundary they agree.
        fraction = (min_count - 0.5) / n_transactions
        # mlxtend sets a warning filter for the process when it is imported.
        with warnings.catch_warnings():
            from mlxtend.frequent_patterns import apriori, fpgrowth

            warnings.simplefilter("ignore")
            frame = pd.DataFrame(one_hot)
            if self.algorithm == "apriori":
                found = apriori(frame, fraction, max_len=max_len, low_memory=self.low_memory)
            else:
                found = fpgrowth(frame, fraction, max_len=max_len)
        counts = np.rint(found["support"].to_numpy() * n_transactions).astype(np.int64)
        return found["itemsets"].to_numpy(), counts
