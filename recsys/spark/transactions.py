"""SparkTransactions: transactions that stay in Spark."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class SparkTransactions:
    """Transactions in a Spark session.

    Parameters
    ----------
    likes : pyspark.sql.DataFrame
        Columns `user_id` and `item_id`, a row for each item of each transaction.
    items : ndarray, shape (n_items,)
        Item ids, strictly ascending.
    item_counts : ndarray, shape (n_items,), int64
        Number of transactions with each item.
    n_transactions : int
    digest : str
        Combined from hashes of the rows; not that of the same `Transactions`.
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
