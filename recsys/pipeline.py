"""The way through the house: ratings, likes, transactions, itemsets, rules, recommendations, metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Interactions
from recsys.data.histories import Histories
from recsys.data.transactions import Transactions, TransactionSet, find_list
from recsys.datasets import Dataset, Ratings
from recsys.errors import BudgetError, ParameterError
from recsys.evaluation import (
    SERVING_TIME,
    Evaluation,
    Holdout,
    NoSplit,
    Part,
    RankingResult,
    Split,
    Targets,
    encode_genres,
    evaluate,
    summarise,
)
from recsys.mining import Engine, FrequentItemsets, ItemsetCache
from recsys.preprocessing import Preprocessing, encode
from recsys.recommenders import Model, Recommender
from recsys.rules import Apriori, Rules
from recsys.spark import SparkRatings

log = logging.getLogger(__name__)

log = logging.getLogger(__name__)

# Users whose visible and held-out likes share a moment, so that chance decides between them.
CUT_IN_TIE = "n_users_cut_in_tie"

AfterLength = Callable[[Mapping[str, float], int], None]


@dataclass(frozen=True)
class Experiment:
    """What decides on a run: the objects of the config groups of these names."""

    dataset: Dataset
    preprocessing: Preprocessing
    apriori: Apriori
    engine: Engine
    cache: ItemsetCache
    recommender: Recommender
    evaluation: Evaluation

    def in_folder(self, folder: Path) -> Experiment:
        """Return the experiment of a run with this folder; an engine may write there, too."""
        return replace(self, engine=self.engine.in_folder(folder))


@dataclass(frozen=True, eq=False)
class Prepared:
    """Training data, as transactions and as histories over the same items, and evaluation targets.

    `n_cut_in_tie` is the number of users with a visible and a held-out like of one moment; None where likes
    are not held out by time.
    """

    ratings: Ratings
    transactions: Transactions
    train: Histories
    histories: Histories
    targets: Targets
    genres: npt.NDArray[np.bool_]
    n_cut_in_tie: int | None


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that a run makes, in the order it is made.

    `itemsets_from` is "mined", "memory" or "file". Without an evaluation there are no model and no ranking.
    `seconds` are wall seconds of each stage; compiling, at the first use of a kernel, is not in them.
    """

    ratings: Ratings | SparkRatings
    transactions: TransactionSet
    itemsets: FrequentItemsets
    itemsets_from: str
    rules: Rules
    model: Model | None
    ranking: RankingResult | None
    metrics: dict[str, float]
    seconds: dict[str, float]


def run(experiment: Experiment, part: Part = "validation", after_length: AfterLength | None = None) -> Result:
    """Run one experiment.

    Parameters
    ----------
    experiment : Experiment
    part : {"validation", "test"}
        What recommendations are measured on. A search sees the validation part; for the test part the
        validation part is learnt from, too.
    after_length : callable, optional
        Is told the metrics that a `max_len` of 2, 3, ... would have, each before longer itemsets are mined;
        it may raise an error to end the run. That a run can end before its itemsets become many costs
        mining the shorter ones again.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    seconds: dict[str, float] = {}
    prepared = prepare(experiment, part, seconds)
    warn_of_ties(prepared)
    apriori, transactions = experiment.apriori, prepared.transactions
    warn_of_single_items(transactions, transactions.matrix.nnz, len(prepared.ratings))
    if after_length is not None:
        with timed("report", seconds):
            report_lengths(experiment, transactions, partial(_measure, experiment, prepared), after_length)
    with timed("mine", seconds):
        itemsets, source = apriori.mine(transactions, experiment.engine, experiment.cache)
    with timed("generate_rules", seconds):
        rules = apriori.generate_rules(itemsets)
    model, ranking = _recommend(experiment, prepared, rules, seconds)
    with timed("summarise", seconds):
        metrics = _summarise(prepared, itemsets, rules, ranking, seconds)
    return Result(
        prepared.ratings, transactions, itemsets, source, rules, model, ranking, metrics, seconds
    )  # fmt: skip


def warn_of_single_items(transactions: TransactionSet, n_interactions: int, n_ratings: int) -> None:
    """Warn where every transaction holds one item, or items look like lists of others.

    Parameters
    ----------
    transactions : Transactions or SparkTransactions
    n_interactions : int
        Items in all transactions together.
    n_ratings : int
        Ratings that there were before preprocessing and hold-out.
    """
    items = transactions.items.tolist() if transactions.items.dtype.kind in "UO" else []
    n = transactions.n_transactions
    alone = 1 < n == n_interactions
    if found := find_list(items, None if alone else set(items)):
        item, separator = found
        log.warning(
            "Some items look like lists: %r. If they are, write a row for each item of a transaction "
            "(in pandas: str.split(%r), then explode).", item, separator,
        )  # fmt: skip
    if alone:
        cure = "Hold out fewer, or loosen the preprocessing."
        if n_ratings == n_interactions:
            cure = "A file needs a row for each item of a transaction, with the id of that as the user's."
        log.warning("Each of the %s transactions holds one item: there can be no rules. %s", f"{n:,}", cure)


def learn(experiment: Experiment) -> tuple[Prepared, Model]:
    """Learn from all likes, with nothing held out: what is to recommend for people.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    prepared = prepare(replace(experiment, evaluation=NoSplit()), "test")
    apriori = experiment.apriori
    itemsets, _ = apriori.mine(prepared.transactions, experiment.engine, experiment.cache)
    rules = apriori.generate_rules(itemsets)
    return prepared, _fit(experiment.recommender, prepared.train, rules)


def prepare(experiment: Experiment, part: Part, seconds: dict[str, float] | None = None) -> Prepared:
    """Load the ratings, choose the likes, hold some out; the seconds are put into `seconds`."""
    seconds = {} if seconds is None else seconds
    with timed("load", seconds):
        ratings = _load(experiment.dataset, experiment.dataset.fingerprint())
    with timed("preprocess", seconds):
        return _prepare(ratings, experiment.preprocessing, experiment.evaluation, part)


def _recommend(
    experiment: Experiment, prepared: Prepared, rules: Rules, seconds: dict[str, float]
) -> tuple[Model | None, RankingResult | None]:
    """Fit the recommender and measure its lists, if any are asked for."""
    evaluation, train = experiment.evaluation, prepared.train
    if isinstance(evaluation, NoSplit):
        return None, None
    with timed("fit", seconds):
        model = _fit(experiment.recommender, train, rules)
    with timed("recommend", seconds):
        recommendations = model.recommend(prepared.histories, evaluation.k)
    with timed("evaluate", seconds):
        ranking = evaluate(recommendations, prepared.targets, train, evaluation.cutoffs, prepared.genres)
    if prepared.n_cut_in_tie is not None:
        ranking = replace(ranking, metrics=ranking.metrics | {CUT_IN_TIE: prepared.n_cut_in_tie})
    return model, ranking


def _summarise(
    prepared: Prepared,
    itemsets: FrequentItemsets,
    rules: Rules,
    ranking: RankingResult | None,
    seconds: Mapping[str, float],
) -> dict[str, float]:
    """Return the metrics of the rules, and those of the lists where any were made."""
    metrics = summarise(prepared.transactions, itemsets, rules)
    if ranking is not None:
        metrics |= ranking.metrics
        metrics[SERVING_TIME] = 1000 * seconds["recommend"] / max(prepared.histories.n_users, 1)
    return metrics


def _fit(recommender: Recommender, train: Histories, rules: Rules) -> Model:
    try:
        return recommender.fit(train, rules)
    except (ParameterError, BudgetError) as error:
        raise error.within("recommender") from error


def _measure(
    experiment: Experiment, prepared: Prepared, itemsets: FrequentItemsets, rules: Rules
) -> dict[str, float]:
    """Return the metrics of itemsets and rules, with those of the lists that they make."""
    seconds: dict[str, float] = {}
    _, ranking = _recommend(experiment, prepared, rules, seconds)
    return _summarise(prepared, itemsets, rules, ranking, seconds)


def report_lengths(
    experiment: Experiment,
    transactions: TransactionSet,
    metrics_of: Callable[[FrequentItemsets, Rules], Mapping[str, float]],
    after_length: AfterLength,
) -> None:
    """Tell the metrics of each length that is not the last."""
    apriori = experiment.apriori
    for length in range(2, apriori.max_len or transactions.n_items):
        shorter = replace(apriori, max_len=length)
        itemsets, _ = shorter.mine(transactions, experiment.engine, experiment.cache)
        if itemsets.max_length < length:
            return
        after_length(metrics_of(itemsets, apriori.generate_rules(itemsets)), length)


# A sweep asks for the same ratings and parts again and again: the last of each is kept. The fingerprint
# (files, sizes, times) makes a changed file another question.
@lru_cache(maxsize=1)
def _load(dataset: Dataset, fingerprint: tuple[Any, ...]) -> Ratings:
    return dataset.load()


@lru_cache(maxsize=1)
def _split(ratings: Ratings, preprocessing: Preprocessing, evaluation: Evaluation) -> Split:
    candidates = preprocessing.candidates(ratings)
    return evaluation.split(candidates.select(~_from_page(ratings, candidates)))


def _from_page(ratings: Ratings, candidates: Interactions) -> npt.NDArray[np.bool_]:
    """Which candidates are of users that feedback has added, shape (n_candidates,)."""
    if ratings.page_users is None:
        return np.zeros(len(candidates), dtype=np.bool_)
    return np.isin(candidates.user_id, ratings.page_users)


def _with_page(
    known: Interactions, ratings: Ratings, preprocessing: Preprocessing, evaluation: Evaluation
) -> Interactions:
    """Return what is learnt from: of users that feedback has added, all that may be."""
    if ratings.page_users is None:
        return known
    candidates = preprocessing.candidates(ratings)
    page = candidates.select(_from_page(ratings, candidates))
    return known.merge(evaluation.may_learn(page, known))


def held_out(experiment: Experiment) -> Holdout:
    """Return the test part.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    preprocessing, evaluation = experiment.preprocessing, experiment.evaluation
    ratings = _load(experiment.dataset, experiment.dataset.fingerprint())
    split = _split(ratings, preprocessing, evaluation)
    return evaluation.choose_likes(split.test, split.train_and_validation, preprocessing)


@lru_cache(maxsize=2)
def _prepare(ratings: Ratings, preprocessing: Preprocessing, evaluation: Evaluation, part: Part) -> Prepared:
    split = _split(ratings, preprocessing, evaluation)
    known, asked_for = (
        (split.train, split.validation) if part == "validation" else (split.train_and_validation, split.test)
    )
    # After the split: nothing that is held out has a say in what is learnt from.
    likes = preprocessing.learn(_with_page(known, ratings, preprocessing, evaluation))
    holdout = evaluation.choose_likes(asked_for, known, preprocessing)
    transactions = encode(likes)
    items = transactions.items
    train = Histories.from_pairs(likes.user_id, likes.item_id, likes.timestamp, transactions.ids, items)
    genres = ratings.items.genres_of(items) if ratings.items else [()] * len(items)
    asked = holdout.histories(items), holdout.targets(items)
    n_cut_in_tie = holdout.n_cut_in_tie if evaluation.is_by_time else None
    return Prepared(ratings, transactions, train, *asked, encode_genres(genres), n_cut_in_tie)


def warn_of_ties(prepared: Prepared) -> None:
    """Warn if chance, not time, decides what is held out of more than half of the users."""
    n_cut, n_users = prepared.n_cut_in_tie, len(prepared.targets)
    if n_cut is not None and 2 * n_cut > n_users:
        log.warning(
            "evaluation.order=time: for %s of %s users the visible and the held-out likes share a moment, "
            "and evaluation.seed decides which are held out. Give the data finer times, or set "
            "evaluation.order=random.",
            f"{n_cut:,}",
            f"{n_users:,}",
        )


@contextmanager
def timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    """Put the wall seconds of a stage into `seconds`, without those in which Numba compiles."""
    from recsys.kernel import clock  # before the clock starts: importing Numba takes a while, too

    started = clock()
    yield
    seconds[stage] = clock() - started
