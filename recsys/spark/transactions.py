"""SparkTransactions: transactions that stay in Spark, for mining there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class SparkTransactions:
    """Sets of items in a Spark session; this process holds the items, and how often each occurs.

    Parameters
    ----------
    likes : pyspark.sql.DataFrame
        Columns `user_id` and `item_id`, a row for each item of each transaction; each pair stands once.
    items : ndarray, shape (n_items,)
        Id of each item, strictly ascending: the vocabulary.
    item_counts : ndarray, shape (n_items,), int64
        Number of transactions that hold each item.
    n_transactions : int
    digest : str
        SHA-256, in hexadecimal, of what all pairs add up to; not that of the same `Transactions`.
    """

    engine: ClassVar[str | None] = "spark"

    likes: Any
    items: npt.NDArray[Any]
    item_counts: npt.NDArray[np.int64]
    n_transactions: int
    digest: str

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def n_interactions(self) -> int:
        """Number of items in all transactions together."""
        return int(self.item_counts.sum())
