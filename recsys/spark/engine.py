"""SparkEngine: mine on Apache Spark, for data larger than one machine."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from recsys.errors import ParameterError
from recsys.mining.budget import Budget, MiningMeter
from recsys.mining.filtering import without_pairs
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer, require_text
from recsys.spark.session import require_spark, session

BYTES_PER_ITEMSET = 200  # Arrow arrays and the sorted copy


@dataclass(frozen=True)
class SparkEngine:
    """Mine on Apache Spark (Zaharia et al., CACM 59(11), 2016).

    Without a maximum length it uses MLlib's FPGrowth (Li et al., RecSys 2008). With one, itemsets are counted
    length by length with DataFrames, as in Apriori: a transaction is exploded into its frequent itemsets of
    one length, with the items that may follow. The active session of the process is used if there is one.

    Parameters
    ----------
    master : str
        "local[*]", or the URL of a cluster.
    settings : mapping of str to value
        Spark settings, flat or nested: ``{"spark.driver.memory": "4g"}``, ``{"spark": {"driver": {"memory":
        "4g"}}}``; None leaves Spark's default. Stored as pairs of text, ordered by name.
    overflow : str, optional
        Folder or URL for itemsets beyond the budget, as Parquet; the error names it. None: they are not
        written. In a run it is `itemsets` in the run's folder.
    max_kept : int or None
        Maximum number of itemsets written there, unless the budget allows more; None is all.
    """

    name: ClassVar[str] = "spark"

    master: str = "local[*]"
    settings: Mapping[str, Any] | tuple[tuple[str, str], ...] = ()
    # Without effect on the itemsets: neither part of equality nor of the key of a cache.
    overflow: str | None = field(default=None, compare=False, repr=False)
    max_kept: int | None = field(default=1_000_000, compare=False, repr=False)

    def __post_init__(self) -> None:
        require_text("engine.master", self.master, "local[*] or the URL of a cluster", optional=False)
        require_text("engine.overflow", self.overflow, "a folder, or null")
        if self.max_kept is not None:
            require_integer("engine.max_kept", self.max_kept, minimum=1)
        if isinstance(self.settings, Mapping):
            object.__setattr__(self, "settings", tuple(sorted(_flat("", self.settings))))
        elif not isinstance(self.settings, tuple):
            raise ParameterError("engine.settings", "a mapping of Spark's settings", self.settings)

    def in_folder(self, folder: Path) -> Self:
        """Return the engine with `overflow` in this folder, unless it is set."""
        return replace(self, overflow=self.overflow or f"file://{folder.resolve()}/itemsets")

    def session(self) -> AbstractContextManager[Any]:
        """Return the context of a session; see `recsys.spark.session.session`."""
        return session(self.master, dict(self.settings))

    def mine(
        self,
        transactions: Any,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine` for the parameters.

        Itemsets are counted in Spark and collected if the budget allows it; BudgetError names the overflow
        folder. `SparkTransactions` must be in the active session.
        """
        require_spark()
        n_transactions = transactions.n_transactions
        meter = MiningMeter(budget, n_transactions, min_support, max_len, BYTES_PER_ITEMSET)
        if transactions.engine == self.name:
            item_counts: IntArray = transactions.item_counts
        else:
            meter.take(8 * transactions.matrix.nnz)  # to be sent
            item_counts = np.bincount(transactions.matrix.indices, minlength=transactions.n_items)
        frequent = np.flatnonzero(item_counts >= meter.min_count)
        meter.set_items(item_counts[frequent])
        is_too_many = len(frequent) > meter.max_itemsets
        if meter.is_late or (is_too_many and self.overflow is None):
            raise meter.exceeded(item_counts[frequent], 1.0, late=meter.is_late)
        levels: list[tuple[IntArray, IntArray]] = [(frequent[:, np.newaxis], item_counts[frequent])]
        facts: dict[str, Any] = {"items": transactions.items, "n_transactions": n_transactions}
        if is_too_many or (len(frequent) > 1 and max_len != 1):
            with self.session() as spark:
                from recsys.spark.overflow import Overflow
                from recsys.spark.search import Search

                overflow = None if self.overflow is None else Overflow(self.overflow, self.max_kept, **facts)
                levels = Search(spark, meter, overflow).run(transactions, levels[0], max_len)
        matrices, counts = zip(*levels, strict=True)
        facts |= {"min_support": min_support, "max_len": max_len}
        found = FrequentItemsets.from_levels(matrices, counts, **facts)
        return without_pairs(found, transactions.excluded_pairs)


def _flat(prefix: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each setting in Spark's form."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(f"{name}.", value)
        elif isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str | int | float):
            yield name, str(value)
        elif value is not None:
            raise ParameterError(f"engine.settings.{name}", "text, a number, true, false or null", value)
