"""SparkInteractions: ratings that stay in a Spark session."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from recsys.data.items import ItemCatalog
from recsys.preprocessing import Preprocessing
from recsys.spark.preprocessing import encode_in_spark
from recsys.spark.transactions import SparkTransactions


@dataclass(frozen=True, eq=False)
class SparkInteractions:
    """Ratings in a Spark session; this process holds their summary.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Columns `user_id` and `item_id` (integers, or text), and `rating` unless the data has none; each pair
        stands once.
    n_ratings : int
    digest : str
        SHA-256, in hexadecimal, of the sum over all rows; not that of the same `Interactions`.
    items : ItemCatalog, optional
    name : str
    """

    frame: Any
    n_ratings: int
    digest: str
    items: ItemCatalog | None = None
    name: str = ""

    def __len__(self) -> int:
        return self.n_ratings

    @property
    def has_ratings(self) -> bool:
        """Whether there are ratings, and not baskets."""
        return "rating" in self.frame.columns

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text where no title is known."""
        return (self.items or ItemCatalog.empty()).titles(ids)

    def transactions(self, preprocessing: Preprocessing) -> AbstractContextManager[SparkTransactions]:
        """Return the transactions, which Spark holds until the end of the context.

        Raises
        ------
        ParameterError
            If `likes` reads ratings and the dataset has none.
        NoTransactionsError
            If nothing is left; the message names the step that dropped the last of it.
        """
        if self.has_ratings:
            preprocessing.refuse_without_orders(self.name)
        else:  # baskets, which are orders
            preprocessing.refuse_without_ratings(self.name)
        return encode_in_spark(preprocessing, self.frame, self.n_ratings)
