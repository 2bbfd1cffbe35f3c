"""SparkInteractions and SparkTransactions: interactions and transactions that stay in Spark."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pyspark.sql import functions as f

from recsys.data.items import ItemCatalog
from recsys.errors import ParameterError
from recsys.preprocessing.filtering import ROUNDING, Preprocessing, nothing_left
from recsys.spark.columns import digest_of


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
    excluded_pairs: ClassVar[npt.NDArray[np.int64]] = np.empty((0, 2), dtype=np.int64)

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


@dataclass(frozen=True, eq=False)
class SparkInteractions:
    """Interactions in a Spark session.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Columns `user_id`, `item_id` and, if the data has ratings, `rating`; a row per (user, item) pair.
    n_ratings : int
    digest : str
        Combined from hashes of the rows; not that of the same `Interactions`.
    items : ItemCatalog, optional
    name : str
    """

    frame: Any
    n_ratings: int
    digest: str
    items: ItemCatalog | None = None
    name: str = ""

    @property
    def column_types(self) -> dict[str, str]:
        """Type of each column: long, double or string."""
        return {name: "long" if kind == "bigint" else kind for name, kind in self.frame.dtypes}

    def __len__(self) -> int:
        return self.n_ratings

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text if it has none."""
        return (self.items or ItemCatalog.empty()).titles(ids)

    @contextmanager
    def transactions(self, preprocessing: Preprocessing) -> Iterator[SparkTransactions]:
        """Yield one transaction per user, filtered as `Preprocessing` does; Spark holds them meanwhile.

        Raise ParameterError if the preprocessing needs ratings or orders that the dataset does not have, or
        has settings that only this process applies, and NoTransactionsError if nothing is left.
        """
        _refuse_settings(preprocessing)
        # Without ratings they are baskets, which are orders.
        has_ratings = "rating" in self.frame.columns
        preprocessing = preprocessing.for_columns(self.name, has_ratings, has_orders=not has_ratings)
        steps = _steps(preprocessing, self.frame)
        likes = steps[-1].select("user_id", "item_id").persist()
        try:
            n_likes, digest = digest_of("transactions", likes)
            if not n_likes:
                counts = zip(preprocessing.rules, (frame.count() for frame in steps), strict=True)
                raise nothing_left(
                    [("training interactions", self.n_ratings), *counts], "Set preprocessing=all."
                )
            n_transactions = likes.select("user_id").distinct().count()
            counted = likes.groupBy("item_id").count().toArrow()
            items = np.array(counted["item_id"].to_pylist())
            order = np.argsort(items)
            yield SparkTransactions(
                likes, items[order], np.asarray(counted["count"])[order], n_transactions, digest
            )
        finally:
            likes.unpersist()


def _refuse_settings(preprocessing: Preprocessing) -> None:
    """Refuse what is not applied in Spark."""
    for name in ("exclude_items", "min_item_orders", "min_order_items", "levels"):
        value, default = getattr(preprocessing, name), getattr(Preprocessing(), name)
        if value != default:
            unset = list(default) if isinstance(default, tuple) else default
            key = f"preprocessing.{name}"
            raise ParameterError(key, f"{unset} with dataset=spark", value, f"Set {key}={unset}.")


def _steps(preprocessing: Preprocessing, rated: Any) -> list[Any]:
    """Return the frame after each rule."""
    kept = rated
    if preprocessing.min_movie_ratings > 1:
        counted = rated.groupBy("item_id").count()
        movies = counted.where(f.col("count") >= preprocessing.min_movie_ratings)
        kept = rated.join(movies, "item_id", "left_semi")
    steps = [kept]

    if preprocessing.likes == "min_rating":
        kept = kept.where(f.col("rating") >= float(preprocessing.min_rating))
    elif preprocessing.likes == "user_mean":
        above = f.col("rating") - f.col("mean")
        kept = kept.join(_means(rated), "user_id").where(above > ROUNDING * f.abs("rating"))
    steps.append(kept)

    if preprocessing.min_length > 1 or preprocessing.max_length is not None:
        users = kept.groupBy("user_id").count().where(f.col("count") >= preprocessing.min_length)
        if preprocessing.max_length is not None:
            users = users.where(f.col("count") <= preprocessing.max_length)
        kept = kept.join(users, "user_id", "left_semi")
    return [*steps, kept]


def _means(rated: Any) -> Any:
    """Return the mean rating of each user, summed by item: it must not depend on the order of the rows."""
    by_item = f.array_sort(f.collect_list(f.struct("item_id", "rating")))
    total = f.aggregate(by_item, f.lit(0.0), lambda before, row: before + row["rating"])
    return rated.groupBy("user_id").agg((total / f.count("*")).alias("mean"))
