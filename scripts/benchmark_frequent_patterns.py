"""Compare recsys.frequent_patterns with mlxtend: python scripts/benchmark_frequent_patterns.py [SUPPORT].

Both take the same one-hot frame of the bundled ratings (liked, all lengths) to the same frames, alternately
in one process. The best of five rounds counts; mlxtend, which is slow, runs once. The frames must be equal.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from time import perf_counter

import mlxtend.frequent_patterns as mlxtend
import pandas as pd

from recsys import frequent_patterns
from recsys.datasets import MovieLens
from recsys.preprocessing import Preprocessing, encode


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("min_support", nargs="?", type=float, default=0.05)
    min_support = parser.parse_args(arguments).min_support
    transactions = encode(Preprocessing().filter(MovieLens("ml-latest-small-2016").load()))
    titles = transactions.items.astype(str)
    dense = pd.DataFrame(transactions.matrix.toarray(), columns=titles)
    sparse = pd.DataFrame.sparse.from_spmatrix(transactions.matrix, columns=titles)
    itemsets = frequent_patterns.apriori(dense, min_support, use_colnames=True)

    print(f"{len(dense)} transactions, min_support {min_support}: {len(itemsets):,} itemsets\n")
    print("| function | frame | rows | mlxtend, s | here, s | times faster |")
    print("|---|---|--:|--:|--:|--:|")
    for name in ("apriori", "fpgrowth", "fpmax"):
        for kind, frame in (("dense", dense), ("sparse", sparse)):
            compare(name, kind, frame, min_support=min_support, use_colnames=True)
    compare("association_rules", "lift >= 1", itemsets, metric="lift", min_threshold=1.0)
    compare("association_rules", "confidence >= 0.8", itemsets, metric="confidence", min_threshold=0.8)


def compare(name: str, kind: str, frame: pd.DataFrame, **options: object) -> None:
    """Run a function of both libraries and print a row."""
    ours, our_seconds = best_of(5, lambda: getattr(frequent_patterns, name)(frame, **options))
    theirs, their_seconds = best_of(1, lambda: getattr(mlxtend, name)(frame, **options))
    if name.startswith("fp"):  # in mlxtend its order is that of the tree
        assert dict(zip(*ours.to_numpy().T[::-1], strict=True)) == dict(
            zip(*theirs.to_numpy().T[::-1], strict=True)
        )
    else:
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    ratio = their_seconds / our_seconds
    print(
        f"| {name} | {kind} | {len(ours):,} | {their_seconds:.2f} | {our_seconds:.3f} | {ratio:.0f} |",
        flush=True,
    )


def best_of(rounds: int, call: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float]:
    """Return the result of a call and its best seconds."""
    seconds = []
    for _ in range(rounds):
        started = perf_counter()
        result = call()
        seconds.append(perf_counter() - started)
    return result, min(seconds)


if __name__ == "__main__":
    main()
