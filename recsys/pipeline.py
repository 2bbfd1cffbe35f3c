"""The way through the house: ratings, interactions, transactions, frequent itemsets, rules, metrics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any

from recsys.datasets import Dataset, Ratings
from recsys.evaluation import summarise
from recsys.mining import Engine, FrequentItemsets, mine
from recsys.preprocessing import Preprocessing, encode
from recsys.rules import Apriori, Rules, generate_rules
from recsys.transactions import Transactions


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that a run makes, in the order it is made; `seconds` are wall seconds of each stage."""

    ratings: Ratings
    transactions: Transactions
    itemsets: FrequentItemsets
    rules: Rules
    metrics: dict[str, float]
    seconds: dict[str, float]


def run(dataset: Dataset, preprocessing: Preprocessing, apriori: Apriori, engine: Engine) -> Result:
    """Run one experiment.

    Parameters
    ----------
    dataset, preprocessing, apriori, engine
        The objects of the config groups of these names.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    seconds: dict[str, float] = {}
    with _timed("load", seconds):
        ratings = _load(dataset, dataset.fingerprint())
    with _timed("preprocess", seconds):
        transactions = _filter_and_encode(ratings, preprocessing)
    with _timed("mine", seconds):
        itemsets = mine(transactions, apriori.min_support, apriori.max_len, engine)
    with _timed("generate_rules", seconds):
        rules = generate_rules(itemsets, apriori.metric, apriori.min_threshold)
    with _timed("summarise", seconds):
        metrics = summarise(transactions, itemsets, rules)
    return Result(ratings, transactions, itemsets, rules, metrics, seconds)


# A sweep asks for the same ratings and transactions again and again: the last of each is kept. The
# fingerprint (files, sizes, times) makes a changed file another question.
@lru_cache(maxsize=1)
def _load(dataset: Dataset, fingerprint: tuple[Any, ...]) -> Ratings:
    return dataset.load()


@lru_cache(maxsize=1)
def _filter_and_encode(ratings: Ratings, preprocessing: Preprocessing) -> Transactions:
    return encode(preprocessing.filter(ratings))


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[stage] = perf_counter() - started
