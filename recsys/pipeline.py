"""The data flow: interactions, transactions, frequent itemsets, rules, recommender, metrics."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Self, cast

from recsys.data import Interactions, InteractionSet, TransactionSet
from recsys.datasets import Dataset, MovieLens
from recsys.errors import BudgetError, ParameterError
from recsys.evaluation import (
    AutoEvaluation,
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
from recsys.evaluation.policies import policies_of, with_cost
from recsys.metrics import CUT_IN_TIE, SERVING_TIME
from recsys.mining import BitsetEngine, Engine, FrequentItemsets, ItemsetCache
from recsys.policies import BoundPolicies
from recsys.preprocessing import Preprocessing
from recsys.recommenders import Model, Recommendations, Recommender, RuleRecommender
from recsys.rules import Apriori, Rules

Report = Callable[[Mapping[str, float], int], None]
Seconds = dict[str, float]  # wall-clock, of each stage


@dataclass(frozen=True)
class Experiment:
    """Configuration of one run: one object per config group, by default those of the configuration."""

    dataset: Dataset = field(default_factory=MovieLens)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    apriori: Apriori = field(default_factory=Apriori)
    engine: Engine = field(default_factory=BitsetEngine)
    cache: ItemsetCache = field(default_factory=ItemsetCache)
    recommender: Recommender = field(default_factory=RuleRecommender)
    evaluation: Evaluation = field(default_factory=AutoEvaluation)

    def in_folder(self, folder: Path) -> Self:
        """Return the experiment of a run with this folder, into which its engine may write."""
        return replace(self, engine=self.engine.in_folder(folder))


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that a run makes, in this order. Without an evaluation there are no model and no ranking."""

    interactions: InteractionSet
    transactions: TransactionSet
    itemsets: FrequentItemsets
    itemsets_from: str  # "mined", "memory" or "file"
    rules: Rules
    model: Model | None
    ranking: RankingResult | None
    metrics: dict[str, float]
    seconds: dict[str, float]  # wall-clock seconds of each stage, without compilation
    folds: tuple[Mapping[str, float], ...] = ()  # the metrics of each fold, if there are several
    policies: BoundPolicies | None = None  # which the measured lists follow


def run(experiment: Experiment, part: Part = "validation", report: Report | None = None) -> Result:
    """Run one experiment and measure it on a part; with "test", the validation part is training data.

    With several folds (see `Evaluation.folds`) the metrics are their means, seconds their sums, and the rest
    is that of the last. `report` is called with intermediate metrics and a number, and may raise to end the
    run: after each fold except the last, with the means so far; with a single fold with `max_len` 2, 3, ...
    before longer itemsets are mined, and the shorter ones are then mined more than once. Raises the errors of
    `recsys.errors`.
    """
    seconds: Seconds = {}
    experiment = for_data(experiment, seconds)
    folds = experiment.evaluation.folds(part)
    if len(folds) == 1:
        return _run_fold(experiment, part, report, seconds)
    metrics: list[dict[str, float]] = []
    total = Counter(seconds)
    for fold in folds:
        if metrics and report is not None:
            report(_means(metrics), len(metrics))
        result = _run_fold(replace(experiment, evaluation=fold), part, None, {})
        metrics.append(result.metrics)
        total.update(result.seconds)
    return replace(result, metrics=_means(metrics), seconds=dict(total), folds=tuple(metrics))


def for_data(experiment: Experiment, seconds: Seconds | None = None) -> Experiment:
    """Return the experiment with the evaluation that fits the data, where evaluation=auto leaves it to them.

    The recommender becomes that for the evaluation, see `Evaluation.recommender_for`. The seconds of loading
    are added to `seconds`. Raises what `run` does.
    """
    if experiment.dataset.open_in(experiment.engine) is not None:
        return replace(experiment, evaluation=experiment.evaluation.for_engine())
    with timed("load", {} if seconds is None else seconds):
        interactions = preparation.load(experiment.dataset)
    chosen = preparation.choose_evaluation(interactions, experiment.preprocessing, experiment.evaluation)
    recommender = chosen.recommender_for(experiment.recommender)
    return replace(experiment, evaluation=chosen, recommender=recommender)


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric that all folds have."""
    names = [name for name in metrics[0] if all(name in one for one in metrics)]
    return {name: fmean(one[name] for one in metrics) for name in names}


def _run_fold(experiment: Experiment, part: Part, report: Report | None, seconds: Seconds) -> Result:
    with _transactions(experiment, part, seconds) as prepared:
        preparation.warn_of_ties(prepared)
        preparation.warn_of_single_items(prepared.transactions, len(prepared.interactions))
        policies = _policies(experiment.evaluation, prepared)  # refused before anything is mined
        if report is not None:
            with timed("report", seconds):
                _report_lengths(experiment, prepared, policies, report)
        with timed("mine", seconds):
            itemsets, source = _mine(experiment, prepared)
    return _rules_to_metrics(experiment, prepared, policies, itemsets, source, seconds)


def find_rules(experiment: Experiment) -> tuple[InteractionSet, TransactionSet, Rules]:
    """Return the interactions, the transactions and the rules of `run`, without recommending."""
    experiment = for_data(experiment)
    experiment = replace(experiment, evaluation=experiment.evaluation.folds("validation")[-1])
    with _transactions(experiment, "validation", {}) as prepared:
        itemsets, _ = _mine(experiment, prepared)
    return prepared.interactions, prepared.transactions, experiment.apriori.generate_rules(itemsets)


def learn(experiment: Experiment) -> tuple[Prepared, Model]:
    """Fit the recommender on all likes, with nothing held out; raises what `run` does."""
    experiment = for_data(experiment)
    prepared = prepare(replace(experiment, evaluation=NoSplit()), "test")
    itemsets, _ = _mine(experiment, prepared)
    return prepared, _fit(experiment, prepared, experiment.apriori.generate_rules(itemsets))


def prepare(experiment: Experiment, part: Part, seconds: Seconds | None = None) -> Prepared:
    """Load the interactions, choose likes and hold some out; add the seconds of both stages to `seconds`."""
    seconds = {} if seconds is None else seconds
    with timed("load", seconds):
        interactions = preparation.load(experiment.dataset)
    with timed("preprocess", seconds):
        return preparation.prepare(interactions, experiment.preprocessing, experiment.evaluation, part)


def held_out(experiment: Experiment) -> Holdout:
    """Return the likes of the test part; raises what `run` does."""
    interactions = preparation.load(experiment.dataset)
    return preparation.held_out(interactions, experiment.preprocessing, experiment.evaluation)


@contextmanager
def _transactions(experiment: Experiment, part: Part, seconds: Seconds) -> Iterator[Prepared]:
    """Prepare in this process, or in the engine that holds the interactions until the end of the context."""
    engine, evaluation = experiment.engine, experiment.evaluation
    in_engine = experiment.dataset.open_in(engine)
    if in_engine is None:
        yield prepare(experiment, part, seconds)
        return
    if evaluation.holds_out:
        rule = f"none with dataset={engine.name}, which only mines rules"
        cure = "Set evaluation=none, or dataset=parquet for data that this process can hold."
        raise ParameterError("evaluation", rule, type(evaluation).__name__, cure)
    with ExitStack() as stack:
        with timed("load", seconds):
            interactions = stack.enter_context(in_engine)
        with timed("preprocess", seconds):
            transactions = stack.enter_context(interactions.transactions(experiment.preprocessing))
        yield Prepared.for_mining(interactions, transactions)


def _report_lengths(
    experiment: Experiment, prepared: Prepared, policies: BoundPolicies | None, report: Report
) -> None:
    """Report the metrics of each length except the last."""
    for length in range(2, experiment.apriori.max_len or prepared.transactions.n_items):
        shorter = replace(experiment, apriori=replace(experiment.apriori, max_len=length))
        itemsets, source = _mine(shorter, prepared)
        if itemsets.max_length < length:
            return
        report(_rules_to_metrics(shorter, prepared, policies, itemsets, source, {}).metrics, length)


def _mine(experiment: Experiment, prepared: Prepared) -> tuple[FrequentItemsets, str]:
    return experiment.apriori.find_itemsets(prepared.transactions, experiment.engine, experiment.cache)


def _rules_to_metrics(
    experiment: Experiment,
    prepared: Prepared,
    policies: BoundPolicies | None,
    itemsets: FrequentItemsets,
    source: str,
    seconds: Seconds,
) -> Result:
    """Generate rules and, if likes are held out, fit the recommender and evaluate its lists."""
    transactions, evaluation = prepared.transactions, experiment.evaluation
    model = ranking = None
    with timed("generate_rules", seconds):
        rules = experiment.apriori.generate_rules(itemsets)
    if evaluation.holds_out:
        with timed("fit", seconds):
            model = _fit(experiment, prepared, rules)
        with timed("recommend", seconds):
            lists = model.recommend(prepared.histories, evaluation.k, prepared.seen)
        with timed("evaluate", seconds):
            ranking = _measure(lists, prepared, evaluation)
        if policies is not None:
            with timed("policies", seconds):
                lists, _ = policies.recommend(model, prepared.histories, evaluation.k, prepared.seen)
                ranking = with_cost(_measure(lists, prepared, evaluation), ranking)
        if prepared.n_cut_in_tie is not None:
            ranking = replace(ranking, metrics=ranking.metrics | {CUT_IN_TIE: prepared.n_cut_in_tie})
    with timed("summarise", seconds):
        metrics = summarise(transactions, itemsets, rules)
        if ranking is not None:
            metrics |= ranking.metrics
            metrics[SERVING_TIME] = 1000 * seconds["recommend"] / max(prepared.histories.n_users, 1)
    found = prepared.interactions, transactions, itemsets, source, rules, model, ranking, metrics, seconds
    return Result(*found, policies=policies)


def _measure(lists: Recommendations, prepared: Prepared, evaluation: Evaluation) -> RankingResult:
    return evaluate(lists, prepared.targets, prepared.train, evaluation.cutoffs, prepared.categories)


def _policies(evaluation: Evaluation, prepared: Prepared) -> BoundPolicies | None:
    interactions = cast(Interactions, prepared.interactions)  # in this process: likes are held out
    return policies_of(evaluation, interactions, prepared.train.items)


def _fit(experiment: Experiment, prepared: Prepared, rules: Rules) -> Model:
    try:
        return experiment.recommender.fit(prepared.train, rules)
    except (ParameterError, BudgetError) as error:
        raise error.within("recommender") from error


@contextmanager
def timed(stage: str, seconds: Seconds) -> Iterator[None]:
    """Add the wall-clock seconds of a stage, without compilation, to `seconds`."""
    from recsys.kernel import clock  # before the clock starts: importing Numba takes time

    started = clock()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + clock() - started
