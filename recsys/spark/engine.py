"""SparkEngine: mine on Apache Spark, for data larger than one machine."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recsys.data.transactions import Transactions
from recsys.errors import BudgetError, ParameterError
from recsys.mining.budget import MOST_ITEMSETS, Budget, MiningMeter
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer, require_text
from recsys.spark.overflow import Level, Overflow, to_arrow
from recsys.spark.session import require_spark, session
from recsys.spark.transactions import SparkTransactions

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_PER_ITEMSET = 200  # Arrow arrays and the sorted copy
MOST_COUNTS = 1_000_000  # that a budget error is computed from


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

    def in_folder(self, folder: Path) -> SparkEngine:
        """Return the engine with `overflow` in this folder, unless it is set."""
        return replace(self, overflow=self.overflow or f"file://{folder.resolve()}/itemsets")

    def session(self) -> AbstractContextManager[Any]:
        """Return the context of a session; see `recsys.spark.session.session`."""
        return session(self.master, dict(self.settings))

    def mine(
        self,
        transactions: Transactions | SparkTransactions,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine` for the parameters.

        Itemsets are counted in Spark and collected if the budget allows it. `SparkTransactions` must be in
        the active session.

        Raises
        ------
        ParameterError
            If pyspark or Java is not installed, or Spark does not start.
        BudgetError
            If it would take more than the budget allows; the message names the overflow folder.
        EngineError
            If Spark fails.
        """
        require_spark()
        n_transactions = transactions.n_transactions
        meter = MiningMeter(budget, n_transactions, min_support, max_len, BYTES_PER_ITEMSET)
        item_counts = _count_items(transactions, meter)
        frequent = np.flatnonzero(item_counts >= meter.min_count)
        meter.set_items(item_counts[frequent])
        is_too_many = len(frequent) > meter.max_itemsets
        if meter.is_late or (is_too_many and self.overflow is None):
            raise meter.exceeded(item_counts[frequent], 1.0, late=meter.is_late)
        levels: list[Level] = [(frequent[:, np.newaxis], item_counts[frequent])]
        facts: dict[str, Any] = {"items": transactions.items, "n_transactions": n_transactions}
        if is_too_many or (len(frequent) > 1 and max_len != 1):
            overflow = None if self.overflow is None else Overflow(self.overflow, **facts)
            with self.session() as spark, _Search(spark, meter, overflow, self.max_kept) as search:
                if is_too_many and max_len is not None:  # longer itemsets are not searched for
                    search.collect(spark.createDataFrame(to_arrow(*levels[0])))
                baskets = search.hold(_to_frame(spark, transactions, frequent))
                if max_len is None:
                    levels = search.any_length(baskets)
                else:
                    search.add_levels(baskets, levels, max_len)
        matrices, counts = zip(*levels, strict=True)
        return FrequentItemsets.from_levels(
            matrices, counts, **facts, min_support=min_support, max_len=max_len
        )


class _Search:
    """A search on Spark within a budget; as a context manager it cancels jobs that exceed the time limit."""

    def __init__(
        self, spark: Any, meter: MiningMeter, overflow: Overflow | None, max_kept: int | None
    ) -> None:
        self._spark, self._meter = spark, meter
        self._overflow, self._max_kept = overflow, max_kept
        self._levels: list[Level] = []  # collected before
        self._held: list[Any] = []
        self._tag = f"recsys-{uuid.uuid4().hex}"
        self._done = threading.Event()
        self._watch: threading.Thread | None = None

    def __enter__(self) -> _Search:
        self._spark.sparkContext.addJobTag(self._tag)
        if self._meter.seconds_left is not None:
            self._watch = threading.Thread(target=self._end_when_late, daemon=True)
            self._watch.start()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        self._done.set()
        if self._watch is not None:
            self._watch.join()
        # If Spark has ended, there is nothing to release.
        with suppress(Py4JError, PySparkException, ConnectionError):
            self._spark.sparkContext.removeJobTag(self._tag)
            for frame in self._held:
                frame.unpersist()
        if isinstance(error, Py4JError | PySparkException | ConnectionError) and self._meter.is_late:
            raise self._late() from error

    def hold(self, frame: Any) -> Any:
        """Persist a frame until the end of the context."""
        self._held.append(frame.persist())
        return frame

    def any_length(self, baskets: Any) -> list[Level]:
        """Return all frequent itemsets."""
        from pyspark.ml.fpm import FPGrowth

        # Half a count below the boundary, so that rounding has no effect.
        fraction = (self._meter.min_count - 0.5) / baskets.count()
        model = FPGrowth(itemsCol="items", minSupport=fraction).fit(baskets.select("items"))
        found = self.collect(model.freqItemsets.withColumnRenamed("freq", "count"))
        items = found["items"].combine_chunks()
        offsets, flat, counts = (np.asarray(one) for one in (items.offsets, items.values, found["count"]))
        lengths = np.diff(offsets)
        levels = []
        for length in range(1, int(lengths.max()) + 1):
            places = np.flatnonzero(lengths == length)
            levels.append((flat[offsets[places][:, np.newaxis] + np.arange(length)], counts[places]))
        return levels

    def add_levels(self, baskets: Any, levels: list[Level], max_len: int) -> None:
        """Add the frequent itemsets of 2 to `max_len` items to those of 1."""
        from pyspark.sql import functions as f

        # A row: a transaction, the number of a frequent itemset in it (-1: the empty one), and the later
        # items that are frequent together with it, ascending.
        held = baskets.withColumn("prefix", f.lit(-1))
        self._levels = levels
        prefixes: IntArray = np.empty((1, 0), dtype=np.int64)
        for length in range(2, max_len + 1):
            placed = held.select("*", f.posexplode("items").alias("place", "first"))
            rest = f.slice("items", f.col("place") + 2, f.size("items"))
            pairs = placed.select("row", "prefix", "first", f.explode(rest).alias("second"))
            counted = pairs.groupBy("prefix", "first", "second").count()
            counted = counted.where(f.col("count") >= self._meter.min_count)
            found = self.collect(counted, partial(self._with_items, prefixes))
            if not found.num_rows:
                return
            columns = {name: np.asarray(found[name]) for name in ("prefix", "first", "second")}
            matrix = np.column_stack((prefixes[columns["prefix"]], columns["first"], columns["second"]))
            levels.append((matrix, np.asarray(found["count"])))
            if length < max_len:
                held, prefixes = self._next(pairs, prefixes, columns)

    def _next(self, pairs: Any, prefixes: IntArray, columns: dict[str, IntArray]) -> tuple[Any, IntArray]:
        """Return the rows of the next length, and the items of its prefixes."""
        from pyspark.sql import functions as f

        keys = np.column_stack((columns["prefix"], columns["first"]))
        keys, number = np.unique(keys, axis=0, return_inverse=True)
        frequent = self._spark.createDataFrame(_int32(**columns, number=number.ravel()))
        held = (
            pairs.join(f.broadcast(frequent), list(columns))
            .groupBy("row", f.col("number").alias("prefix"))
            .agg(f.sort_array(f.collect_list("second")).alias("items"))
            .where(f.size("items") > 1)
        )
        return self.hold(held), np.column_stack((prefixes[keys[:, 0]], keys[:, 1]))

    def _with_items(self, prefixes: IntArray, found: Any) -> Any:
        """Replace the number of the prefix by its items."""
        import pyarrow as pa
        from pyspark.sql import functions as f

        last = f.array("first", "second")
        if not prefixes.shape[1]:
            return found.select(last.alias("items"), "count")
        before = pa.array(prefixes.tolist(), pa.list_(pa.int32()))
        named = _int32(prefix=np.arange(len(prefixes))).append_column("before", before)
        named = self._spark.createDataFrame(named)
        joined = found.join(f.broadcast(named), "prefix")
        return joined.select(f.concat("before", last).alias("items"), "count")

    def collect(self, frame: Any, with_items: Callable[[Any], Any] | None = None) -> pa.Table:
        """Return the rows of a frame of itemsets, if the budget allows it.

        If not, `with_items` converts the frame to the columns `items` and `count` for the overflow.
        """
        counts_before = [counts for _, counts in self._levels]
        n_before = sum(map(len, counts_before))
        most = self._meter.max_itemsets - n_before
        looked_at = most + 1
        if self._overflow is not None:
            looked_at = MOST_ITEMSETS if self._max_kept is None else max(looked_at, self._max_kept)
        if looked_at < MOST_ITEMSETS:
            frame = frame.limit(looked_at)
        self.hold(frame)
        n_found = frame.count()
        if n_found > most:
            # The itemsets may not fit here; how often each count occurs does.
            times = frame.groupBy("count").count().toDF("value", "times").toArrow()
            share = min(1.0, MOST_COUNTS / n_found)
            some = np.rint(np.asarray(times["times"]) * share).astype(np.int64)
            counts = np.concatenate([*counts_before, np.repeat(np.asarray(times["value"]), some)])
            error = self._meter.exceeded(counts, share, at_least=n_before + n_found)
            if self._overflow is not None:
                kept = frame if with_items is None else with_items(frame)
                error = BudgetError(f"{error} {self._overflow.keep(kept, n_found, self._levels)}")
            raise error
        table = frame.toArrow()
        if self._meter.is_late:
            raise self._late()
        return table

    def _late(self) -> Exception:
        found = np.concatenate([np.empty(0, dtype=np.int64), *(counts for _, counts in self._levels)])
        return self._meter.exceeded(found, 1.0, late=True)

    def _end_when_late(self) -> None:
        """Cancel running and later jobs once the time is over."""
        seconds = self._meter.seconds_left or 0.0
        while not self._done.wait(max(0.0, seconds)):
            self._spark.sparkContext.cancelJobsWithTag(self._tag)
            seconds = 0.5


def _count_items(transactions: Transactions | SparkTransactions, meter: MiningMeter) -> IntArray:
    """Return the count of each item, shape (n_items,); charge the memory of transactions to be sent."""
    if isinstance(transactions, SparkTransactions):
        return transactions.item_counts
    meter.take(8 * transactions.matrix.nnz)
    return np.bincount(transactions.matrix.indices, minlength=transactions.n_items)


def _to_frame(spark: Any, transactions: Transactions | SparkTransactions, frequent: IntArray) -> Any:
    """Return the transactions with frequent items, as `row` and ascending `items`."""
    import pyarrow as pa
    from pyspark.sql import functions as f

    if not isinstance(transactions, SparkTransactions):
        return spark.createDataFrame(_to_arrow(transactions, frequent))
    ids = pa.array(transactions.items[frequent].tolist())
    numbers = spark.createDataFrame(_int32(item=frequent).append_column("item_id", ids))
    numbered = transactions.likes.join(f.broadcast(numbers), "item_id")
    items = f.sort_array(f.collect_list("item")).alias("items")
    return numbered.groupBy(f.col("user_id").alias("row")).agg(items)


def _to_arrow(transactions: Transactions, frequent: IntArray) -> pa.Table:
    import pyarrow as pa

    matrix = transactions.matrix
    is_frequent = np.zeros(transactions.n_items, dtype=np.bool_)
    is_frequent[frequent] = True
    kept = is_frequent[matrix.indices]
    before = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))
    offsets = before[matrix.indptr]
    items = pa.array(matrix.indices[kept].astype(np.int32))
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), items).cast(pa.list_(pa.int32()))
    table = _int32(row=np.arange(len(offsets) - 1)).append_column("items", lists)
    return table.filter(pa.array(np.diff(offsets) > 0))


def _int32(**columns: IntArray) -> pa.Table:
    import pyarrow as pa

    return pa.table({name: pa.array(column, pa.int32()) for name, column in columns.items()})


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
