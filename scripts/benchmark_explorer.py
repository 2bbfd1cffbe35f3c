"""`scripts/benchmark.py explorer`: milliseconds from a query of the rule explorer to its first 50 rules.

The rules are those of all pairs of likes of an edition of MovieLens. Beside it, a data frame of pandas with
the same rules answers the same queries: a filter, then a sort, then the first rows. Both alternate from round
to round, and the median counts. The first query of each kind builds what later ones share: it is shown apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import pandas as pd
from benchmark_mining import machine

from recsys import generate_rules, mine
from recsys.datasets import MovieLens
from recsys.evaluation import NoSplit, preparation
from recsys.explorer import Query, RuleTable
from recsys.preprocessing import Preprocessing

SHOWN = 50


def explorer(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure; return the figures."""
    interactions = MovieLens(arguments.edition).load()
    prepared = preparation.prepare(interactions, Preprocessing(), NoSplit(), "test")
    rules = generate_rules(mine(prepared.transactions, arguments.min_support, 2), "lift", 0.0)
    table, frame = RuleTable.of(rules, interactions.items), rules.to_frame()
    item = next(iter(frame.antecedents[0]))
    bounds = {"confidence": 0.5, "support": 2 * arguments.min_support}
    queries: dict[str, tuple[Query, Callable[[pd.DataFrame], Any]]] = {
        "all, by lift": (Query(), lambda rows: slice(None)),
        "bounds of two measures": (
            Query(minimum=bounds),
            lambda rows: (rows.confidence >= bounds["confidence"]) & (rows.support >= bounds["support"]),
        ),
        "one item": (
            Query(item=[item]),
            lambda rows: [
                item in one or item in other
                for one, other in zip(rows.antecedents, rows.consequents, strict=True)
            ],
        ),
    }
    rows = {}
    for name, (query, condition) in queries.items():
        ours, theirs = partial(first_rules, table, query), partial(first_rows, frame, condition)
        first, found = timed(ours)
        assert found == timed(theirs)[1], f"{name}: other rules"
        seconds = [(timed(ours)[0], timed(theirs)[0]) for _ in range(arguments.rounds)]
        own, pandas = (1000 * median(column) for column in zip(*seconds, strict=True))
        rows[name] = {
            "first_ms": round(1000 * first, 2),
            "ms": round(own, 3),
            "pandas_ms": round(pandas, 3),
            "ratio": round(pandas / own, 1),
        }
    settings = {name: getattr(arguments, name) for name in ("edition", "min_support", "rounds")}
    return {"machine": machine(), **settings, "rules": len(rules), "rows": rows}


def first_rules(table: RuleTable, query: Query) -> list[float]:
    """Return the lifts of the first rules, after making them as the page gets them."""
    return [row["measures"]["lift"] for row in table.rows(query.find(table)[:SHOWN])]


def first_rows(frame: pd.DataFrame, condition: Callable[[pd.DataFrame], Any]) -> list[float]:
    """Return the lifts of the first rows of a frame."""
    found = frame[condition(frame)].sort_values("lift", ascending=False, kind="stable")[:SHOWN]
    return [row["lift"] for row in found.to_dict("records")]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of a call, and what it returns."""
    start = perf_counter()
    found = call()
    return perf_counter() - start, found


def explorer_tables(figures: dict[str, Any]) -> str:
    """Format the figures as a table."""
    title = f"{figures['edition']}, {figures['rules']:,} rules, milliseconds"
    lines = [f"| {title} | first time | later | pandas | ratio |", "|---|---:|---:|---:|---:|"]
    for name, row in figures["rows"].items():
        lines.append(f"| {name} | {' | '.join(f'{value:,}' for value in row.values())} |")
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `explorer` to the command line."""
    one = commands.add_parser("explorer", help="queries of the rule explorer, beside those of a data frame")
    one.add_argument("--edition", default="ml-latest-small-2016", help="of MovieLens (%(default)s)")
    one.add_argument("--min-support", type=float, default=0.01, help="of the pairs (%(default)s)")
    one.add_argument("--rounds", type=int, default=20)
    one.set_defaults(measure=explorer, tables=explorer_tables)
