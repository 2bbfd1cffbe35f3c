"""`scripts/benchmark.py mining` and `growth`: frequent itemsets, compared with other libraries and by size.

`mining` runs this project's miner and each installed peer (pip install -e '.[peers]') on the same
transactions, in one process, alternately; the best round counts, because other work on the machine can only
add time. Each starts from its own input form and ends with its usual result; lengths and counts of the
itemsets must be equal.

`growth` runs recsys alone, each time in a process of its own, and shows seconds and peak memory by number
of transactions, minimum support and threads. It also compares the words of 64 bits that the search
intersects per second with those of a bare loop.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from retail_baskets import retail_baskets

from recsys import FrequentItemsets, mine
from recsys.data import Transactions
from recsys.datasets import FimiDataset, MovieLens, MovieLensBootstrap, Quest
from recsys.errors import DataError
from recsys.mining import BitsetEngine, min_count
from recsys.preprocessing import Preprocessing, encode

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
SLOW = 30_000  # itemsets; above, miners in pure Python are left out
LONG = 10.0  # seconds; longer measurements run once
LISTS, ENCODED = "plain lists", "encoded"


@dataclass
class Case:
    """Transactions to mine."""

    name: str
    transactions: Transactions
    min_support: float
    max_len: int | None = None
    lists: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        matrix = self.transactions.matrix
        items = np.asarray(self.transactions.items)[matrix.indices]
        self.lists = [row.tolist() for row in np.split(items, matrix.indptr[1:-1])]

    @property
    def min_count(self) -> int:
        """The minimum count."""
        return min_count(self.min_support, len(self.transactions))

    @property
    def between(self) -> float:
        """Minimum support half a count below `min_count`, where all ways of rounding agree."""
        return (self.min_count - 0.5) / len(self.transactions)


@dataclass
class Miner:
    """A miner: its input, its call, and the form of its result."""

    name: str
    start: str
    end: str
    prepare: Callable[[Case], Any]
    run: Callable[[Any, Case], Any]
    lengths_and_counts: Callable[[Any, Case], tuple[IntArray, IntArray]]
    most: int = 2**31


def mining(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare the miners on each case."""
    chosen = [m for m in peers() if not arguments.peers or any(name in m.name for name in arguments.peers)]
    miners = [*recsys_miners(), *chosen]
    cases = {}
    for case in cases_of(arguments):
        expected = mine(case.transactions, case.min_support, case.max_len)
        cases[case.name] = compare(case, expected, miners, arguments.rounds)
        print(json.dumps({case.name: cases[case.name]}), flush=True)
    miners_used = {miner.name: {"from": miner.start, "to": miner.end} for miner in miners}
    return {"machine": machine(), "rounds": arguments.rounds, "miners": miners_used, "cases": cases}


def compare(case: Case, expected: FrequentItemsets, miners: list[Miner], rounds: int) -> dict[str, Any]:
    """Run the miners alternately on a case; return the best seconds of each, and their ratios."""
    fitting = [miner for miner in miners if len(expected) <= miner.most]
    prepared = {miner.name: miner.prepare(case) for miner in fitting}
    seconds: dict[str, list[float]] = {miner.name: [] for miner in fitting}
    for number in range(rounds):
        for miner in fitting:
            if number and seconds[miner.name][0] > LONG:
                continue
            result, took = timed(lambda miner=miner: miner.run(prepared[miner.name], case))
            print(f"{case.name}: {miner.name}: {took:.4f} s", file=sys.stderr, flush=True)
            seconds[miner.name].append(took)
            if number == 0:
                check(miner, miner.lengths_and_counts(result, case), expected)
            del result
    # The first round warms up: it counts only for miners that run once.
    best = {name: min(values[1:] or values) for name, values in seconds.items()}
    ours = {start: best[f"recsys, {start}"] for start in (LISTS, ENCODED)}
    rivals = {miner.name: best[miner.name] for miner in fitting if not miner.name.startswith("recsys")}
    from_lists = {m.name: best[m.name] for m in fitting if m.start == LISTS and m.name in rivals}
    return {
        "n_transactions": len(case.transactions),
        "n_itemsets": len(expected),
        "min_support": case.min_support,
        "max_len": case.max_len,
        "seconds": {name: float(f"{value:.4g}") for name, value in best.items()},
        # Miners from lists are compared with each other; ours from Transactions with the fastest of all.
        "ratio_from_lists": ratio(from_lists, ours[LISTS]),
        "ratio_encoded": ratio(rivals, ours[ENCODED]),
    }


def ratio(rivals: dict[str, float], ours: float) -> dict[str, Any]:
    """Return the fastest peer, and its seconds as a multiple of ours."""
    if not rivals:
        return {"best_peer": None, "ratio": None}
    best = min(rivals, key=rivals.__getitem__)
    return {"best_peer": best, "ratio": round(rivals[best] / ours, 2)}


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a function, and its seconds without garbage collection."""
    gc.collect()
    gc.disable()
    start = perf_counter()
    result = run()
    seconds = perf_counter() - start
    gc.enable()
    return result, seconds


def check(miner: Miner, found: tuple[IntArray, IntArray], expected: FrequentItemsets) -> None:
    """Exit if a miner has found other lengths or counts."""
    lengths = np.repeat(np.arange(1, len(expected.offsets)), np.diff(expected.offsets))
    if not np.array_equal(np.sort(lengths * 2**40 + expected.counts), np.sort(found[0] * 2**40 + found[1])):
        sys.exit(f"{miner.name} finds {len(found[0]):,} itemsets, recsys {len(expected):,}, or other counts.")


def recsys_miners() -> Iterator[Miner]:
    """Yield this project's miner, from lists and from Transactions."""

    def lengths_and_counts(found: FrequentItemsets, case: Case) -> tuple[IntArray, IntArray]:
        return np.repeat(np.arange(1, len(found.offsets)), np.diff(found.offsets)), found.counts

    def from_lists(lists: Any, case: Case) -> FrequentItemsets:
        return mine(Transactions.from_lists(lists), case.min_support, case.max_len)

    def encoded(transactions: Any, case: Case) -> FrequentItemsets:
        return mine(transactions, case.min_support, case.max_len)

    end = "FrequentItemsets"
    yield Miner(f"recsys, {LISTS}", LISTS, end, lambda case: case.lists, from_lists, lengths_and_counts)
    yield Miner(
        f"recsys, {ENCODED}", "Transactions", end, lambda c: c.transactions, encoded, lengths_and_counts
    )


def peers() -> Iterator[Miner]:
    """Yield the peers that are installed."""
    if find_spec("fim"):
        yield from pyfim()
    if find_spec("rusket"):
        yield from rusket()
    if find_spec("mlxtend"):
        yield from mlxtend()
    if find_spec("efficient_apriori"):
        yield efficient_apriori()


def pyfim() -> Iterator[Miner]:
    """Yield Borgelt's C programs."""
    import fim

    def lengths_and_counts(found: Any, case: Case) -> tuple[IntArray, IntArray]:
        lengths = np.fromiter((len(itemset) for itemset, _ in found), dtype=np.int64, count=len(found))
        return lengths, np.fromiter((count for _, count in found), dtype=np.int64, count=len(found))

    for name, miner in (("eclat", fim.eclat), ("fpgrowth", fim.fpgrowth)):

        def run(lists: Any, case: Case, function: Any = miner) -> Any:
            limit = {} if case.max_len is None else {"zmax": case.max_len}
            return function(lists, supp=-case.min_count, report="a", **limit)

        prepare = lambda case: case.lists  # noqa: E731
        yield Miner(f"PyFIM {name}", LISTS, "list of tuples", prepare, run, lengths_and_counts)


def rusket() -> Iterator[Miner]:
    """Yield rusket's miners from a CSR matrix, and the one for all cases from lists."""
    import rusket as package
    from scipy import sparse

    def lengths_and_counts(found: Any, case: Case) -> tuple[IntArray, IntArray]:
        lengths = found["itemsets"].list.len().to_numpy().astype(np.int64)
        return lengths, np.rint(found["support"].to_numpy() * len(case.transactions)).astype(np.int64)

    def prepare(case: Case) -> Any:
        return sparse.csr_matrix(case.transactions.matrix)

    for name in ("fpgrowth", "eclat"):

        def run(matrix: Any, case: Case, name: str = name) -> Any:
            options = {"max_len": case.max_len, "method": name, "use_colnames": False}
            return package.mine(matrix, case.between, **options)

        yield Miner(f"rusket {name}", "CSR matrix", "Arrow lists", prepare, run, lengths_and_counts)

    def from_lists(lists: Any, case: Case) -> Any:
        frame = package.from_transactions(lists)
        return package.mine(frame, case.between, max_len=case.max_len, use_colnames=False)

    lists = lambda case: case.lists  # noqa: E731
    yield Miner(f"rusket fpgrowth, {LISTS}", LISTS, "Arrow lists", lists, from_lists, lengths_and_counts)


def mlxtend() -> Iterator[Miner]:
    """Yield mlxtend's fpgrowth, and its apriori for small cases."""
    with warnings.catch_warnings():
        from mlxtend import frequent_patterns

    import pandas as pd

    def lengths_and_counts(found: Any, case: Case) -> tuple[IntArray, IntArray]:
        lengths = np.fromiter(map(len, found["itemsets"]), dtype=np.int64, count=len(found))
        return lengths, np.rint(found["support"].to_numpy() * len(case.transactions)).astype(np.int64)

    def prepare(case: Case) -> pd.DataFrame:
        return pd.DataFrame(case.transactions.matrix.toarray())

    def run(frame: Any, case: Case) -> Any:
        return frequent_patterns.fpgrowth(frame, case.between, max_len=case.max_len)

    name, start, end = "mlxtend fpgrowth", "boolean frame", "frame of frozensets"
    yield Miner(name, start, end, prepare, run, lengths_and_counts, most=SLOW)


def efficient_apriori() -> Miner:
    """Return Efficient-Apriori's itemsets, without its rules."""
    from efficient_apriori import itemsets_from_transactions

    def lengths_and_counts(found: Any, case: Case) -> tuple[IntArray, IntArray]:
        levels = found[0].items()
        lengths = np.concatenate([np.full(len(level), length) for length, level in levels])
        return lengths, np.fromiter(
            chain.from_iterable(level.values() for _, level in levels), dtype=np.int64
        )

    def run(tuples: Any, case: Case) -> Any:
        return itemsets_from_transactions(tuples, case.between, max_length=case.max_len or 8)

    prepare = lambda case: list(map(tuple, case.lists))  # noqa: E731
    return Miner("Efficient-Apriori", LISTS, "dictionaries", prepare, run, lengths_and_counts, most=SLOW // 4)


def cases_of(arguments: argparse.Namespace) -> Iterator[Case]:
    """Yield the cases: those of the command line if there are files, else the built-in ones."""
    for path in arguments.fimi:
        transactions = liked(FimiDataset(str(path)))
        for min_support in arguments.min_support or [0.01]:
            yield Case(f"{path.name} {min_support:g}", transactions, min_support, arguments.max_len)
    if arguments.fimi:
        return
    try:
        small = liked(MovieLens("ml-latest-small"))
    except DataError as error:
        print(f"Without ml-latest-small: {error}")
    else:
        yield Case("ml-latest-small 0.01, pairs", small, 0.01, 2)
        yield Case("ml-latest-small 0.05", small, 0.05)
        yield Case("ml-latest-small 0.04", small, 0.04)
    bundled = liked(MovieLens("ml-latest-small-2016"))
    yield Case("bundled 0.01, pairs", bundled, 0.01, 2)
    yield Case("bundled 0.05", bundled, 0.05)
    yield Case("like chess 0.5", like_chess(), 0.5)
    yield Case("like mushroom 0.05", like_mushroom(), 0.05)
    quest = Quest(n_transactions=100_000, mean_length=10, n_items=1_000, n_patterns=2_000, seed=42)
    yield Case("like T10I4D100K 0.001", liked(quest), 0.001)
    retail = Transactions.from_lists(retail_baskets())
    yield Case("like retail 0.001", retail, 0.001)
    yield Case("like retail 0.0003", retail, 0.0003)


def liked(dataset: Any) -> Transactions:
    """Return the transactions of a dataset: the likes, or all interactions without ratings."""
    ratings = dataset.load()
    return encode(Preprocessing(likes="all" if ratings.rating is None else "min_rating").filter(ratings))


def like_chess(n_transactions: int = 3_196, n_attributes: int = 37, seed: int = 42) -> Transactions:
    """Draw dense transactions: binary attributes, most of them skewed, slightly correlated."""
    rng = np.random.default_rng(seed)
    often = np.concatenate((np.full(8, 0.995), np.linspace(0.97, 0.5, n_attributes - 8)))
    common = rng.standard_normal((n_transactions, 3)) @ (0.6 * rng.standard_normal((3, n_attributes)))
    values = common + rng.standard_normal((n_transactions, n_attributes))
    ranks = np.argsort(np.argsort(values, axis=0), axis=0) / n_transactions
    return of_attributes((ranks > often).astype(np.int64))


def like_mushroom(n_transactions: int = 8_124, n_attributes: int = 23, seed: int = 42) -> Transactions:
    """Draw dense transactions of a few kinds; in each kind only some attributes vary."""
    rng = np.random.default_rng(seed)
    n_values = rng.integers(2, 9, n_attributes)
    kinds = (rng.random((23, n_attributes)) ** 2 * n_values).astype(np.int64)
    is_open = rng.random((23, n_attributes)) < 0.3
    kind = rng.choice(23, n_transactions, p=rng.dirichlet(np.full(23, 0.7)))
    values = (rng.random((n_transactions, n_attributes)) * np.minimum(n_values, 3)).astype(np.int64)
    return of_attributes(np.where(is_open[kind], values, kinds[kind]))


def of_attributes(values: IntArray) -> Transactions:
    """Return transactions with an item for each value of each attribute."""
    bases = np.concatenate(([0], np.cumsum(values.max(axis=0) + 1)[:-1]))
    return Transactions.from_lists((values + bases).tolist())


DRAW = """\
import sys
import numpy as np
sys.path.insert(0, {scripts!r})
import benchmark_mining as benchmark
transactions = benchmark.ml_25m_shape({n_users})
matrix = transactions.matrix
np.savez({file!r}, indptr=matrix.indptr, indices=matrix.indices, items=transactions.items)
"""

GROWTH = """\
import json, sys, time
import numpy as np
from scipy import sparse
from recsys import Transactions
from recsys.mining import BitsetEngine, mine
sys.path.insert(0, {scripts!r})
import benchmark_mining as benchmark
with np.load({file!r}) as arrays:
    indptr, indices, items = arrays["indptr"], arrays["indices"], arrays["items"]
likes = np.ones(len(indices), np.bool_)
transactions = Transactions(sparse.csr_array((likes, indices, indptr), (len(indptr) - 1, len(items))), items)
engine = BitsetEngine({n_threads})
mine(Transactions.from_lists([[1, 2, 3]] * 2), 0.5, None, engine)  # imports and loads the compiled code
before = benchmark.peak_of_process()
start = time.perf_counter()
found = mine(transactions, {min_support}, {max_len}, engine)
seconds = time.perf_counter() - start
print(json.dumps(dict(n_transactions=len(transactions), n_likes=int(transactions.matrix.nnz),
    n_itemsets=len(found), seconds=round(seconds, 3), peak_mb=round(benchmark.peak_of_process()),
    before_mb=round(before))))
"""


def growth(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run recsys by size, support and threads, and compare the search with a bare loop."""
    processors = len(os.sched_getaffinity(0))
    first, most = arguments.supports[0], arguments.n_users[-1]
    with tempfile.TemporaryDirectory() as folder:
        files = {n_users: str(Path(folder, f"{n_users}.npz")) for n_users in arguments.n_users}
        rows = [grown(n_users, file, first, processors) for n_users, file in files.items()]
        rows += [grown(most, files[most], min_support, processors) for min_support in arguments.supports[1:]]
        rows += [grown(most, files[most], first, n_threads) for n_threads in range(1, processors)]
    return {"machine": machine(), "growth": rows, "limit": limit(arguments.words)}


def grown(n_users: int, file: str, min_support: float, n_threads: int) -> dict[str, Any]:
    """Mine random likes with the distribution of ML-25M, drawn in one process and mined in another."""
    values = {"scripts": str(Path(__file__).parent), "n_users": n_users, "file": file}
    if not Path(file).exists():
        output_of(DRAW.format(**values))
    program = GROWTH.format(**values, min_support=min_support, max_len=3, n_threads=n_threads)
    row = {"min_support": min_support, "n_threads": n_threads, **json.loads(output_of(program))}
    print(json.dumps(row), flush=True)
    return row


def output_of(program: str) -> str:
    """Return the output of a program; exit with its error if it fails."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return done.stdout


def ml_25m_shape(n_users: int) -> Transactions:
    """Draw the likes of users with the distribution of ML-25M."""
    share = n_users / 162_541
    return liked(MovieLensBootstrap(n_users=n_users, n_ratings=int(25_000_095 * share), seed=42))


def peak_of_process() -> float:
    """Return the peak memory of this process, in MB."""
    import resource

    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def limit(total_words: int) -> dict[str, Any]:
    """Return the words of 64 bits intersected per second, by the search and by a bare loop."""
    from numba import njit

    from recsys.mining._popcount_kernel import and_count

    @njit
    def bare(words: Any, n_sets: int, n_words: int, repeats: int) -> int:
        total = 0
        for repeat in range(repeats):
            for left in range(n_sets):
                right = (7 * left + repeat) % n_sets
                total += and_count(words, left * n_words, right * n_words, n_sets * n_words, n_words)
        return total

    figures = {}
    rng = np.random.default_rng(0)
    for n_words in (8, 16, 64, 512, 2048):
        n_sets = max(8, 2**15 // n_words)
        words = rng.integers(2**63, size=(n_sets + 1) * n_words, dtype=np.uint64)
        repeats = max(1, total_words // (n_sets * n_words))
        bare(words, n_sets, n_words, 1)
        seconds = min(timed(lambda: bare(words, n_sets, n_words, repeats))[1] for _ in range(5))  # noqa: B023
        figures[str(n_words)] = round(repeats * n_sets * n_words / seconds / 1e9, 2)
    return {"bare loop, 10**9 words a second, by words of a set": figures, "search": search_speed()}


def search_speed() -> dict[str, float]:
    """Return the rate of the search on dense transactions in sets of 56 words, on one thread."""
    from recsys.mining._popcount_kernel import whole_words

    transactions = like_chess()
    engine = BitsetEngine(1)
    seconds = min(timed(lambda: engine.mine(transactions, 0.5))[1] for _ in range(5))
    found = engine.mine(transactions, 0.5)
    n_words = 0
    prefixes, n_children = np.unique(found.parents, return_counts=True)
    for parent, n in zip(prefixes.tolist(), n_children.tolist(), strict=True):
        if parent >= found.offsets[1]:
            n_words += n * int(whole_words(found.counts[first_of(found, parent)]))
    return {"10**9 words of frequent itemsets a second": round(n_words / seconds / 1e9, 2)}


def first_of(found: FrequentItemsets, itemset: int) -> int:
    """Return the first item of an itemset, as an itemset."""
    while found.parents[itemset] >= 0:
        itemset = int(found.parents[itemset])
    return itemset


def machine() -> dict[str, Any]:
    """Return a description of the machine."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    return {"processor": model, "processors": os.cpu_count(), "python": platform.python_version()}


def mining_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `mining` as tables."""
    cases, miners = figures["cases"], figures["miners"]
    lines = [
        "| transactions, min_support | itemsets | from lists, s | best peer | ratio "
        "| encoded, s | best peer | ratio |",
        "|---|---:|---:|---|---:|---:|---|---:|",
    ]
    for name, case in cases.items():
        cells = [name, f"{case['n_itemsets']:,}"]
        for start, key in ((LISTS, "ratio_from_lists"), (ENCODED, "ratio_encoded")):
            best = case[key]["best_peer"]
            peer = f"{best} {case['seconds'][best]:.3g}" if best else "-"
            cells += [f"{case['seconds'][f'recsys, {start}']:.3g}", peer, str(case[key]["ratio"])]
        lines.append(f"| {' | '.join(cells)} |")
    means = []
    for key in ("ratio_from_lists", "ratio_encoded"):
        ratios = [case[key]["ratio"] for case in cases.values() if case[key]["ratio"]]
        means.append(f"{np.exp(np.mean(np.log(ratios))):.2f}" if ratios else "-")
    lines.append(f"| geometric mean | | | | {means[0]} | | | {means[1]} |")
    lines += ["", f"| seconds, best of {figures['rounds'] - 1} | from | to | {' | '.join(cases)} |"]
    lines.append(f"|---|---|---|{'---:|' * len(cases)}")
    for name, miner in miners.items():
        cells = [f"{case['seconds'][name]:.3g}" if name in case["seconds"] else "" for case in cases.values()]
        lines.append(f"| {name} | {miner['from']} | {miner['to']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def growth_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `growth` as tables."""
    rows = figures["growth"]
    columns = list(rows[0])
    lines = [f"| {' | '.join(columns)} |", f"|{'---:|' * len(columns)}"]
    lines += [f"| {' | '.join(f'{row[column]:,}' for column in columns)} |" for row in rows]
    lines += ["", "| intersected and counted | 10**9 words a second |", "|---|---:|"]
    bare, search = figures["limit"].values()
    lines += [f"| bare loop, sets of {n_words} words | {speed} |" for n_words, speed in bare.items()]
    lines += [f"| search, {name} | {speed} |" for name, speed in search.items()]
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `mining` and `growth` to the command line."""
    one = commands.add_parser("mining", help="frequent itemsets: this project and its peers")
    one.add_argument("--rounds", type=int, default=6, help="of which the first warms up")
    one.add_argument(
        "--fimi", metavar="FILE", type=Path, action="append", default=[], help="mine this instead"
    )
    one.add_argument("--min-support", type=float, action="append", help="of the files; 0.01 unless given")
    one.add_argument("--max-len", type=int, help="of the files")
    one.set_defaults(measure=mining, tables=mining_tables)
    one.add_argument("--peers", metavar="NAME", nargs="+", help="only those whose names hold one of these")
    two = commands.add_parser("growth", help="seconds and memory of mining as the data grow")
    sizes = [1_000, 4_000, 16_000, 64_000, 162_541]
    two.add_argument("--n-users", type=int, nargs="+", default=sizes)
    two.add_argument("--supports", type=float, nargs="+", default=[0.01, 0.02, 0.05, 0.1])
    two.add_argument("--words", type=int, default=2**24, help="that the bare loop counts at least")
    two.set_defaults(measure=growth, tables=growth_tables)
