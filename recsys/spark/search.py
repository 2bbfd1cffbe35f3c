"""Search for frequent itemsets in Spark, within a budget."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.fpm import FPGrowth
from pyspark.sql import functions as f

from recsys.errors import BudgetError
from recsys.mining.budget import MOST_ITEMSETS, MiningMeter
from recsys.mining.trie import IntArray
from recsys.spark.overflow import SPARK_ERRORS, Level, Overflow, to_arrow

MOST_COUNTS = 1_000_000  # that a budget error is computed from


class Search:
    """A search on Spark within a budget."""

    def __init__(self, spark: Any, meter: MiningMeter, overflow: Overflow | None) -> None:
        self._spark, self._meter, self._overflow = spark, meter, overflow
        self._levels: list[Level] = []  # collected before
        self._held: list[Any] = []

    def run(self, transactions: Any, items: Level, max_len: int | None) -> list[Level]:
        """Return the frequent itemsets, given those of one item."""
        with self._until_late():
            if max_len is not None and len(items[0]) > self._meter.max_itemsets:
                self._collect(self._spark.createDataFrame(to_arrow(*items)))  # exceeds the budget
            baskets = self._hold(_to_frame(self._spark, transactions, items[0].ravel()))
            if max_len is None:
                return self._of_any_length(baskets)
            return self._of_lengths(baskets, items, max_len)

    @contextmanager
    def _until_late(self) -> Iterator[None]:
        """Cancel the jobs of the context once the time is over; release what is held at its end."""
        context, tag, done = self._spark.sparkContext, f"recsys-{uuid.uuid4().hex}", threading.Event()
        watch = threading.Thread(target=self._cancel_when_late, args=(context, tag, done), daemon=True)
        context.addJobTag(tag)
        watch.start()
        try:
            yield
        except SPARK_ERRORS as error:
            if self._meter.is_late:
                raise self._meter.exceeded(self._counts(), 1.0, late=True) from error
            raise
        finally:
            done.set()
            watch.join()
            # If Spark has ended, there is nothing to release.
            with suppress(*SPARK_ERRORS):
                context.removeJobTag(tag)
                for frame in self._held:
                    frame.unpersist()

    def _cancel_when_late(self, context: Any, tag: str, done: threading.Event) -> None:
        """Cancel running and later jobs once the time is over."""
        seconds = self._meter.seconds_left
        while not done.wait(None if seconds is None else max(0.0, seconds)):
            context.cancelJobsWithTag(tag)
            seconds = 0.5

    def _hold(self, frame: Any) -> Any:
        """Persist a frame until the end of the context."""
        self._held.append(frame.persist())
        return frame

    def _of_any_length(self, baskets: Any) -> list[Level]:
        """Return all frequent itemsets."""
        # Half a count below the boundary, so that rounding has no effect.
        fraction = (self._meter.min_count - 0.5) / baskets.count()
        model = FPGrowth(itemsCol="items", minSupport=fraction).fit(baskets.select("items"))
        found = self._collect(model.freqItemsets.withColumnRenamed("freq", "count"))
        items = found["items"].combine_chunks()
        offsets, flat, counts = (np.asarray(one) for one in (items.offsets, items.values, found["count"]))
        lengths = np.diff(offsets)
        levels = []
        for length in range(1, int(lengths.max()) + 1):
            places = np.flatnonzero(lengths == length)
            levels.append((flat[offsets[places][:, np.newaxis] + np.arange(length)], counts[places]))
        return levels

    def _of_lengths(self, baskets: Any, items: Level, max_len: int) -> list[Level]:
        """Return the frequent itemsets of up to `max_len` items."""
        # A row: a transaction, the number of a frequent itemset in it (at first the empty one), and the later
        # items that are frequent together with it, ascending.
        held = baskets.withColumn("prefix", f.lit(0))
        self._levels = [items]
        prefixes: IntArray = np.empty((1, 0), dtype=np.int64)
        for length in range(2, max_len + 1):
            placed = held.select("*", f.posexplode("items").alias("place", "first"))
            rest = f.slice("items", f.col("place") + 2, f.size("items"))
            pairs = placed.select("row", "prefix", "first", f.explode(rest).alias("second"))
            counted = pairs.groupBy("prefix", "first", "second").count()
            counted = counted.where(f.col("count") >= self._meter.min_count)
            found = self._collect(counted, partial(self._with_items, prefixes))
            if not found.num_rows:
                break
            columns = {name: np.asarray(found[name]) for name in ("prefix", "first", "second")}
            matrix = np.column_stack((prefixes[columns["prefix"]], columns["first"], columns["second"]))
            self._levels.append((matrix, np.asarray(found["count"])))
            if length < max_len:
                held, prefixes = self._next(pairs, prefixes, columns)
        return self._levels

    def _next(self, pairs: Any, prefixes: IntArray, columns: dict[str, IntArray]) -> tuple[Any, IntArray]:
        """Return the rows of the next length, and the items of its prefixes."""
        keys = np.column_stack((columns["prefix"], columns["first"]))
        keys, number = np.unique(keys, axis=0, return_inverse=True)
        frequent = self._spark.createDataFrame(_int32(**columns, number=number.ravel()))
        held = (
            pairs.join(f.broadcast(frequent), list(columns))
            .groupBy("row", f.col("number").alias("prefix"))
            .agg(f.sort_array(f.collect_list("second")).alias("items"))
            .where(f.size("items") > 1)
        )
        return self._hold(held), np.column_stack((prefixes[keys[:, 0]], keys[:, 1]))

    def _with_items(self, prefixes: IntArray, found: Any) -> Any:
        """Replace the number of the prefix by its items."""
        before = pa.array(prefixes.tolist(), pa.list_(pa.int32()))
        named = _int32(prefix=np.arange(len(prefixes))).append_column("before", before)
        joined = found.join(f.broadcast(self._spark.createDataFrame(named)), "prefix")
        return joined.select(f.concat("before", f.array("first", "second")).alias("items"), "count")

    def _collect(self, frame: Any, with_items: Callable[[Any], Any] | None = None) -> pa.Table:
        """Return the rows of a frame of itemsets, if the budget allows it.

        If not, `with_items` converts the frame to the columns `items` and `count` for the overflow.
        """
        counts_before = self._counts()
        n_before = len(counts_before)
        most = self._meter.max_itemsets - n_before
        looked_at = most + 1
        if self._overflow is not None:
            looked_at = max(looked_at, self._overflow.max_kept or MOST_ITEMSETS)
        if looked_at < MOST_ITEMSETS:
            frame = frame.limit(looked_at)
        self._hold(frame)
        n_found = frame.count()
        if n_found > most:
            # The itemsets may not fit here; how often each count occurs does.
            times = frame.groupBy("count").count().toDF("value", "times").toArrow()
            share = min(1.0, MOST_COUNTS / n_found)
            some = np.rint(np.asarray(times["times"]) * share).astype(np.int64)
            counts = np.concatenate([counts_before, np.repeat(np.asarray(times["value"]), some)])
            error = self._meter.exceeded(counts, share, at_least=n_before + n_found)
            if self._overflow is not None:
                kept = frame if with_items is None else with_items(frame)
                error = BudgetError(f"{error} {self._overflow.keep(kept, n_found, self._levels)}")
            raise error
        table = frame.toArrow()
        if self._meter.is_late:
            raise self._meter.exceeded(counts_before, 1.0, late=True)
        return table

    def _counts(self) -> IntArray:
        """Return the counts of the itemsets collected so far."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(counts for _, counts in self._levels)])


def _to_frame(spark: Any, transactions: Any, frequent: IntArray) -> Any:
    """Return the transactions with frequent items, as `row` and ascending `items`."""
    if transactions.engine is None:
        matrix = transactions.matrix[:, frequent]
        matrix.sort_indices()
        items = pa.array(frequent[matrix.indices].astype(np.int32))
        lists = pa.LargeListArray.from_arrays(pa.array(matrix.indptr.astype(np.int64)), items)
        table = _int32(row=np.arange(len(lists))).append_column("items", lists.cast(pa.list_(pa.int32())))
        return spark.createDataFrame(table.filter(pa.array(np.diff(matrix.indptr) > 0)))
    ids = pa.array(transactions.items[frequent].tolist())
    numbers = spark.createDataFrame(_int32(item=frequent).append_column("item_id", ids))
    numbered = transactions.likes.join(f.broadcast(numbers), "item_id")
    items = f.sort_array(f.collect_list("item"))
    return numbered.groupBy(f.col("user_id").alias("row")).agg(items.alias("items"))


def _int32(**columns: IntArray) -> pa.Table:
    return pa.table({name: pa.array(column, pa.int32()) for name, column in columns.items()})
