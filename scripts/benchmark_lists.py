"""`scripts/benchmark.py lists`: seconds to fit rules, and milliseconds of one user's list of ten.

The rules are those of all pairs that `--min-count` users like. Each weight makes a model of them. Then each
user gets a list for the whole history, one user at a time, from `Model.recommend`: what a program without a
service calls. The models alternate from round to round, and all lists of all rounds count.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

import numpy as np
from benchmark_mining import machine

from recsys import generate_rules, mine
from recsys.data import Histories
from recsys.datasets import MovieLens
from recsys.evaluation import NoSplit, preparation
from recsys.preprocessing import Preprocessing
from recsys.recommenders import Model, RuleRecommender

K = 10


def lists(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure; return the figures."""
    ratings = MovieLens(arguments.edition).load()
    prepared = preparation.prepare(ratings, Preprocessing(), NoSplit(), "test")
    train, n = prepared.train, prepared.transactions.n_transactions
    rules = generate_rules(mine(prepared.transactions, arguments.min_count / n, 2), "lift", 0.0)
    models, rows = {}, {}
    for weight in arguments.weights:
        recommender = RuleRecommender(weight=weight, n_candidates=arguments.n_candidates)
        recommender.fit(train[:20], rules)  # compile or load the kernels
        start = perf_counter()
        models[weight] = recommender.fit(train, rules)
        seconds = perf_counter() - start
        seconds_of_each_list(models[weight], train[:20])
        rows[weight] = {"fit_s": round(seconds, 2), "rules_used": len(models[weight].rules)}
    found: dict[str, list[float]] = {weight: [] for weight in models}
    for _ in range(arguments.rounds):
        for weight, model in models.items():
            found[weight] += seconds_of_each_list(model, train)
    for weight, row in rows.items():
        quantiles = np.percentile(1000 * np.array(found[weight]), [50, 99, 100]).tolist()
        row |= dict(zip(("p50_ms", "p99_ms", "max_ms"), np.round(quantiles, 3).tolist(), strict=True))
    settings = {name: getattr(arguments, name) for name in ("edition", "min_count", "n_candidates", "rounds")}
    return {"machine": machine(), **settings, "rules": len(rules), "users": len(train), "rows": rows}


def seconds_of_each_list(model: Model, histories: Histories) -> list[float]:
    """Recommend to one user after the other; return the seconds of each."""
    seconds = []
    for user in range(len(histories)):
        history = histories[user : user + 1]
        start = perf_counter()
        model.recommend(history, K)
        seconds.append(perf_counter() - start)
    return seconds


def lists_tables(figures: dict[str, Any]) -> str:
    """Format the figures as a table."""
    columns = list(next(iter(figures["rows"].values())))
    title = f"{figures['edition']}, {figures['users']:,} users, {figures['rules']:,} rules"
    lines = [f"| {title} | {' | '.join(columns)} |", "|---" + "|---:" * len(columns) + "|"]
    for weight, row in figures["rows"].items():
        lines.append(f"| weight={weight} | {' | '.join(f'{row[column]:,}' for column in columns)} |")
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `lists` to the command line."""
    one = commands.add_parser("lists", help="fitting rules, and the list of one user, by weight")
    one.add_argument("--edition", default="ml-latest-small-2016", help="of MovieLens (%(default)s)")
    one.add_argument("--min-count", type=int, default=6, help="users of a pair (%(default)s)")
    one.add_argument("--weights", nargs="+", default=["learned", "jaccard"], help="(%(default)s)")
    one.add_argument("--n-candidates", type=int, default=100, help="of weight=learned (%(default)s)")
    one.add_argument("--rounds", type=int, default=5)
    one.set_defaults(measure=lists, tables=lists_tables)
