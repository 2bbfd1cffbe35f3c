"""Compare rule generation with mlxtend: python scripts/benchmark_rules.py.

Both start from the same frequent itemsets, each in its own form, in one process. Ours ends with sorted
arrays of antecedents, consequents and itemsets, and mlxtend's twelve measures; `to_frame` is the conversion
to mlxtend's frame. mlxtend's `association_rules` ends with its unsorted frame. The best round of ours
counts, because other work on the machine can only add time; `cpu` is the processor time. The numbers of
rules and the sums of their lifts must be equal.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from math import isclose
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from mlxtend.frequent_patterns import association_rules

from recsys import FrequentItemsets, Rules, generate_rules, mine
from recsys.data import Transactions
from recsys.datasets import MovieLens
from recsys.errors import DataError
from recsys.preprocessing import Preprocessing, encode

COLUMNS = (
    "n_itemsets", "n_rules", "rules_ms", "measures_ms", "both_ms", "both_cpu_ms", "mlxtend_ms", "ratio",
    "ratio_cpu", "to_frame_ms", "ratio_with_frame",
)  # fmt: skip


def liked(edition: str) -> tuple[str, Transactions]:
    """Return the transactions of the report: per user, the movies rated 3.5 or higher."""
    try:
        ratings = MovieLens(edition).load()
    except DataError as error:
        sys.exit(f"{error}\nThe bundled edition needs no download: --edition ml-latest-small-2016")
    return ratings.name, encode(Preprocessing().filter(ratings))


def compare(itemsets: FrequentItemsets, rounds: int, with_mlxtend: bool) -> dict[str, Any]:
    """Return the milliseconds of each of our steps, and of mlxtend."""
    best: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        start, start_of_work = perf_counter(), thread_time()
        result = call()
        for key, seconds in [
            (f"{name}_ms", perf_counter() - start),
            (f"{name}_cpu_ms", thread_time() - start_of_work),
        ]:
            best[key] = min(best.get(key, float("inf")), 1000 * seconds)
        return result

    def rules_and_measures() -> Rules:
        # A copy without the index that the round before has cached.
        copy = FrequentItemsets(**vars_of(itemsets))
        rules: Rules = timed("rules", lambda: generate_rules(copy, "lift", 0.0))
        timed("measures", rules.measures)
        return rules

    generate_rules(itemsets, "lift", 9e9)  # compile or load the kernels
    for _ in range((rounds + 1) // 2):
        rules = timed("both", rules_and_measures)
    figures: dict[str, Any] = {"n_itemsets": len(itemsets), "n_rules": len(rules)}
    timed("to_frame", rules.to_frame)
    if with_mlxtend:
        frame = itemsets.to_frame()
        theirs = timed("mlxtend", lambda: association_rules(frame, metric="lift", min_threshold=0.0))
        if len(theirs) != len(rules) or not isclose(theirs["lift"].sum(), rules.measure("lift").sum()):
            sys.exit(f"mlxtend has {len(theirs):,} rules, we have {len(rules):,}, or their lifts differ.")
    for _ in range(rounds // 2):  # the other half after mlxtend, because the load of the machine changes
        timed("both", rules_and_measures)
    if with_mlxtend:
        figures["ratio"] = round(best["mlxtend_ms"] / best["both_ms"], 1)
        figures["ratio_cpu"] = round(best["mlxtend_cpu_ms"] / best["both_cpu_ms"], 1)
        figures["ratio_with_frame"] = round(best["mlxtend_ms"] / (best["both_ms"] + best["to_frame_ms"]), 1)
    return figures | {name: round(value, 1) for name, value in best.items()}


def vars_of(itemsets: FrequentItemsets) -> dict[str, Any]:
    """Return the fields of itemsets without cached values."""
    return {name: getattr(itemsets, name) for name in itemsets.__dataclass_fields__}


def markdown(figures: dict[str, Any]) -> str:
    """Format the figures as a table with one row per case."""
    cases = figures["cases"]
    columns = [name for name in COLUMNS if any(name in case for case in cases.values())]
    lines = [f"| {figures['data']} | {' | '.join(columns)} |", "|---" + "|---:" * len(columns) + "|"]
    for name, case in cases.items():
        lines.append(f"| {name} | " + " | ".join(f"{case.get(column, ''):,}" for column in columns) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edition", default="ml-latest-small", help="of MovieLens (%(default)s)")
    parser.add_argument(
        "--min-support", metavar=("PAIRS", "ALL"), type=float, nargs=2, default=[0.01, 0.06],
        help="of the pairs, and of all lengths (0.01, the seed's, and 0.06)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-mlxtend", dest="mlxtend", action="store_false", help="it takes about a minute")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the table there")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    name, transactions = liked(options.edition)
    of_pairs, of_all = options.min_support
    cases = {
        f"pairs at {of_pairs:g}": compare(mine(transactions, of_pairs, 2), options.rounds, options.mlxtend),
        f"all lengths at {of_all:g}": compare(mine(transactions, of_all), options.rounds, options.mlxtend),
    }
    figures = {"data": name, "rounds": options.rounds, "cases": cases}
    text = markdown(figures)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
