"""From ratings to transactions in Spark: what `Preprocessing` and `encode` do, with nothing held out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from recsys.preprocessing.filtering import ROUNDING, Preprocessing, nothing_left
from recsys.spark.columns import digest_of
from recsys.spark.transactions import SparkTransactions


@contextmanager
def encode_in_spark(preprocessing: Preprocessing, frame: Any, n_ratings: int) -> Iterator[SparkTransactions]:
    """Choose the likes of a frame and make one transaction a user; see `SparkInteractions.transactions`."""
    steps = _steps(preprocessing, frame)
    likes = steps[-1][1].select("user_id", "item_id").persist()
    try:
        n_likes, digest = digest_of("transactions", likes)
        if not n_likes:
            counts = [(rule, frame.count()) for rule, frame in steps]
            raise nothing_left([("ratings to learn from", n_ratings), *counts])
        n_transactions = likes.select("user_id").distinct().count()
        counted = likes.groupBy("item_id").count().toArrow()
        items = np.array(counted["item_id"].to_pylist())
        order = np.argsort(items)
        counts_of_items = np.asarray(counted["count"])[order]
        yield SparkTransactions(likes, items[order], counts_of_items, n_transactions, digest)
    finally:
        likes.unpersist()


def _steps(preprocessing: Preprocessing, rated: Any) -> list[tuple[str, Any]]:
    """Return what each rule leaves, as frames that nothing has been computed of."""
    from pyspark.sql import functions as f

    kept = rated
    if preprocessing.min_movie_ratings > 1:
        counted = rated.groupBy("item_id").count()
        movies = counted.where(f.col("count") >= preprocessing.min_movie_ratings)
        kept = rated.join(movies, "item_id", "left_semi")
    steps = [(preprocessing.movie_rule, kept)]

    if preprocessing.likes == "min_rating":
        kept = kept.where(f.col("rating") >= float(preprocessing.min_rating))
    elif preprocessing.likes == "user_mean":
        above = f.col("rating") - f.col("mean")
        kept = kept.join(_means(rated), "user_id").where(above > ROUNDING * f.abs("rating"))
    steps.append((preprocessing.likes_rule, kept))

    if preprocessing.min_length > 1 or preprocessing.max_length is not None:
        users = kept.groupBy("user_id").count().where(f.col("count") >= preprocessing.min_length)
        if preprocessing.max_length is not None:
            users = users.where(f.col("count") <= preprocessing.max_length)
        kept = kept.join(users, "user_id", "left_semi")
    steps.append((preprocessing.length_rule, kept))
    return steps


def _means(rated: Any) -> Any:
    """Return the mean rating of each user, summed by item, so that the order of rows does not reach it."""
    from pyspark.sql import functions as f

    by_item = f.array_sort(f.collect_list(f.struct("item_id", "rating")))
    total = f.aggregate(by_item, f.lit(0.0), lambda before, row: before + row["rating"])
    return rated.groupBy("user_id").agg((total / f.count("*")).alias("mean"))
