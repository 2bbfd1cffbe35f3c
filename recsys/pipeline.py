"""The data flow: interactions, transactions, frequent itemsets, rules, recommender, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from recsys.data import InteractionSet, TransactionSet
from recsys.datasets import Dataset
from recsys.errors import BudgetError, ParameterError
from recsys.evaluation import (
    Evaluation,
    Holdout,
    NoSplit,
    Part,
    Prepared,
    RankingResult,
    evaluate,
    preparation,
    summarise,
)
from recsys.metrics import CUT_IN_TIE, SERVING_TIME
from recsys.mining import Engine, FrequentItemsets, ItemsetCache
from recsys.preprocessing import Preprocessing
from recsys.recommenders import Model, Recommender
from recsys.rules import Apriori, Rules

AfterLength = Callable[[Mapping[str, float], int], None]


@dataclass(frozen=True)
class Experiment:
    """Configuration of one run: one object per config group."""

    dataset: Dataset
    preprocessing: Preprocessing
    apriori: Apriori
    engine: Engine
    cache: ItemsetCache
    recommender: Recommender
    evaluation: Evaluation

    def in_folder(self, folder: Path) -> Experiment:
        """Return the experiment of a run with this folder, where its engine may write, too."""
        return replace(self, engine=self.engine.in_folder(folder))


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that a run makes, in the order it is made.

    `itemsets_from` is "mined", "memory" or "file". Without an evaluation there are no model and no ranking.
    `seconds` are wall seconds of each stage, without those in which Numba compiles.
    """

    interactions: InteractionSet
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
        The part to measure on. A search uses the validation part; with the test part, the validation part is
        training data, too.
    after_length : callable, optional
        Called with the metrics of a `max_len` of 2, 3, ..., each before longer itemsets are mined; may raise
        to end the run. The shorter itemsets are then mined more than once.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    apriori, seconds = experiment.apriori, dict[str, float]()
    with _opened(experiment, part, seconds) as prepared:
        preparation.warn_of_ties(prepared)
        preparation.warn_of_single_items(prepared.transactions, len(prepared.interactions))
        if after_length is not None:
            with timed("report", seconds):
                _report_lengths(experiment, prepared, after_length)
        with timed("mine", seconds):
            itemsets, source = apriori.find_itemsets(
                prepared.transactions, experiment.engine, experiment.cache
            )
    with timed("generate_rules", seconds):
        rules = apriori.generate_rules(itemsets)
    model, ranking = _recommend(experiment, prepared, rules, seconds)
    with timed("summarise", seconds):
        metrics = _summarise(prepared, itemsets, rules, ranking, seconds)
    return Result(
        prepared.interactions,
        prepared.transactions,
        itemsets,
        source,
        rules,
        model,
        ranking,
        metrics,
        seconds,
    )


def learn(experiment: Experiment) -> tuple[Prepared, Model]:
    """Fit the recommender on all likes, with nothing held out.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    prepared = prepare(replace(experiment, evaluation=NoSplit()), "test")
    itemsets, _ = experiment.apriori.find_itemsets(prepared.transactions, experiment.engine, experiment.cache)
    return prepared, _fit(experiment, prepared, experiment.apriori.generate_rules(itemsets))


def prepare(experiment: Experiment, part: Part, seconds: dict[str, float] | None = None) -> Prepared:
    """Load the ratings, choose the likes and hold some out; put the seconds of both stages into `seconds`."""
    seconds = {} if seconds is None else seconds
    with timed("load", seconds):
        ratings = preparation.load(experiment.dataset)
    with timed("preprocess", seconds):
        return preparation.prepare(ratings, experiment.preprocessing, experiment.evaluation, part)


def held_out(experiment: Experiment) -> Holdout:
    """Return the likes of the test part.

    Raises
    ------
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    ratings = preparation.load(experiment.dataset)
    return preparation.held_out(ratings, experiment.preprocessing, experiment.evaluation)


@contextmanager
def _opened(experiment: Experiment, part: Part, seconds: dict[str, float]) -> Iterator[Prepared]:
    """Prepare in this process, or in the engine that holds the ratings until the end of the context."""
    engine, evaluation = experiment.engine, experiment.evaluation
    in_engine = experiment.dataset.open_in(engine)
    if in_engine is None:
        yield prepare(experiment, part, seconds)
        return
    if evaluation.holds_out:
        rule = f"none with dataset={engine.name}, which only mines rules"
        cure = "Set evaluation=none, or dataset=parquet for ratings that this process can hold."
        raise ParameterError("evaluation", rule, type(evaluation).__name__, cure)
    with ExitStack() as stack:
        with timed("load", seconds):
            ratings = stack.enter_context(in_engine)
        with timed("preprocess", seconds):
            transactions = stack.enter_context(ratings.transactions(experiment.preprocessing))
        yield Prepared.for_mining(ratings, transactions)


def _report_lengths(experiment: Experiment, prepared: Prepared, after_length: AfterLength) -> None:
    """Report the metrics of each length that is not the last."""
    apriori, transactions = experiment.apriori, prepared.transactions
    for length in range(2, apriori.max_len or transactions.n_items):
        shorter = replace(apriori, max_len=length)
        itemsets, _ = shorter.find_itemsets(transactions, experiment.engine, experiment.cache)
        if itemsets.max_length < length:
            return
        rules, seconds = apriori.generate_rules(itemsets), dict[str, float]()
        _, ranking = _recommend(experiment, prepared, rules, seconds)
        after_length(_summarise(prepared, itemsets, rules, ranking, seconds), length)


def _recommend(
    experiment: Experiment, prepared: Prepared, rules: Rules, seconds: dict[str, float]
) -> tuple[Model | None, RankingResult | None]:
    """Fit the recommender and measure its lists, if likes are held out."""
    evaluation, train = experiment.evaluation, prepared.train
    if not evaluation.holds_out:
        return None, None
    with timed("fit", seconds):
        model = _fit(experiment, prepared, rules)
    with timed("recommend", seconds):
        recommendations = model.recommend(prepared.histories, evaluation.k)
    with timed("evaluate", seconds):
        ranking = evaluate(recommendations, prepared.targets, train, evaluation.cutoffs, prepared.genres)
    if prepared.n_cut_in_tie is not None:
        ranking = replace(ranking, metrics=ranking.metrics | {CUT_IN_TIE: prepared.n_cut_in_tie})
    return model, ranking


def _fit(experiment: Experiment, prepared: Prepared, rules: Rules) -> Model:
    try:
        return experiment.recommender.fit(prepared.train, rules)
    except (ParameterError, BudgetError) as error:
        raise error.within("recommender") from error


def _summarise(
    prepared: Prepared,
    itemsets: FrequentItemsets,
    rules: Rules,
    ranking: RankingResult | None,
    seconds: Mapping[str, float],
) -> dict[str, float]:
    """Return the metrics of the rules, and those of the lists if there are any."""
    metrics = summarise(prepared.transactions, itemsets, rules)
    if ranking is not None:
        metrics |= ranking.metrics
        metrics[SERVING_TIME] = 1000 * seconds["recommend"] / max(prepared.histories.n_users, 1)
    return metrics


@contextmanager
def timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    """Put the wall seconds of a stage into `seconds`, without those in which Numba compiles."""
    from recsys.kernel import clock  # before the clock starts: importing Numba takes a while, too

    started = clock()
    yield
    seconds[stage] = clock() - started
