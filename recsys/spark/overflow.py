"""Overflow: itemsets beyond the budget, written by Spark."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import functions as f

from recsys.mining.trie import IntArray
from recsys.spark.session import is_local, reason_of

SPARK_ERRORS = (Py4JError, PySparkException, ConnectionError)

Level = tuple[IntArray, IntArray]
"""Itemsets of one length: item indices, shape (n, length), and counts, shape (n,)."""


@dataclass(frozen=True)
class Overflow:
    """A folder of Parquet files with `itemsets`, `support_count` and `support`; `items` has the ids."""

    path: str
    max_kept: int | None  # itemsets; None: all
    items: npt.NDArray[Any]
    n_transactions: int

    def keep(self, found: Any, n_found: int, levels: Sequence[Level] = ()) -> str:
        """Write itemsets; return a sentence that says where, or why not.

        `found` has the columns `items`, arrays of item indices, and `count`; `levels` were collected before.
        """
        spark = found.sparkSession
        for level in levels:
            found = found.unionByName(spark.createDataFrame(to_arrow(*level)))
        # One constant of text: literals for each of many items take long.
        kind = "bigint" if self.items.dtype.kind in "iu" else "string"
        ids = f.from_json(f.lit(json.dumps(self.items.tolist())), f"array<{kind}>")
        kept = found.select(
            f.transform("items", lambda item: f.get(ids, item)).alias("itemsets"),
            f.col("count").cast("bigint").alias("support_count"),
            (f.col("count") / f.lit(self.n_transactions)).alias("support"),
        )
        total = f"{n_found + sum(len(counts) for _, counts in levels):,}"
        readable = self.path.removeprefix("file://")
        try:
            kept.write.mode("overwrite").parquet(self.path)
        except SPARK_ERRORS as error:
            return f"They could not be kept in {self.path}: {reason_of(error)}."
        is_elsewhere = readable != self.path and not is_local(spark.sparkContext.master)
        if is_elsewhere and not any(Path(readable).glob("part-*")):
            cure = "Set engine.overflow to one that this machine shares with the cluster's"
            return f"They could not be kept in {self.path}, which the cluster wrote on its own disks. {cure}."
        return f"{total} of them are kept in {readable}."


def to_arrow(matrix: IntArray, counts: IntArray) -> Any:
    """Return itemsets of one length as `items` and `count`."""
    n_itemsets, length = matrix.shape
    offsets = pa.array(np.arange(n_itemsets + 1, dtype=np.int32) * np.int32(length))
    items = pa.ListArray.from_arrays(offsets, pa.array(matrix.astype(np.int32).ravel()))
    return pa.table({"items": items, "count": pa.array(counts.astype(np.int64))})
