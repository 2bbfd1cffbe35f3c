"""Refit stored settings: on all data, or on all but the test part to measure them there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from recsys import pipeline
from recsys.data import ItemCatalog, Nouns
from recsys.data.histories import Histories
from recsys.errors import DataError
from recsys.evaluation import (
    AutoEvaluation,
    Evaluation,
    Interval,
    RankingResult,
    Slice,
    bootstrap_intervals,
    encode_categories,
    evaluate,
    paired_differences,
    slices_of_items,
    slices_of_users,
)
from recsys.evaluation.policies import policies_of, recommend
from recsys.evaluation.preparation import Prepared, load
from recsys.pipeline import Experiment, Result
from recsys.recommenders import Model
from recsys.runs.stored_config import experiment_of

Settings = Mapping[str, Any]
"""Settings of a run, as `recsys.runs.stored_config.read_settings` returns them or a model holds them."""

CUTOFF = 10  # of slices
TEST_PART = ("dataset", "preprocessing", "evaluation")  # the groups that determine it


@dataclass(frozen=True, eq=False)
class Measurement:
    """Metrics of a recommender's lists on the test part, and the evaluation that splits and resamples it."""

    evaluation: Evaluation
    ranking: RankingResult

    def intervals(self) -> dict[str, Interval]:
        """Return the metrics with bootstrap intervals; coverage, which belongs to no user, without."""
        values = {name: Interval(value, value, value) for name, value in self.ranking.metrics.items()}
        return values | bootstrap_intervals(self.ranking, *self.resampling)

    def differences(self, baseline: Self) -> dict[str, Interval]:
        """Return the differences to a baseline on the same test part, paired by user."""
        return paired_differences(self.ranking, baseline.ranking, *self.resampling)

    @property
    def resampling(self) -> tuple[int, float, int]:
        """Number of resamples, confidence level and seed."""
        return self.evaluation.n_resamples, self.evaluation.confidence_level, self.evaluation.seed


def slices(experiment: Experiment, measurement: Measurement, model: Model) -> list[Slice]:
    """Return NDCG by users and recall by items, at the cut-off 10, or at the largest if there is no such.

    `model` is that of `measure`.
    """
    prepared, evaluation = pipeline.prepare(experiment, "test"), experiment.evaluation
    cutoff = CUTOFF if CUTOFF in evaluation.cutoffs else evaluation.k
    interactions = load(experiment.dataset)
    policies = policies_of(evaluation, interactions, model.items)
    lists = recommend(model, prepared.histories, cutoff, prepared.seen, policies)
    ndcg = f"ndcg@{cutoff}"
    catalog = prepared.interactions.items
    nouns = Nouns() if catalog is None else catalog.nouns
    return [
        *slices_of_users(
            measurement.ranking, prepared.histories, prepared.train, ndcg, *measurement.resampling, nouns
        ),
        *slices_of_items(lists, prepared.targets, prepared.train, cutoff, nouns),
    ]


def refit(settings: Settings) -> tuple[Prepared, Model]:
    """Fit the recommender of stored settings on all data."""
    return pipeline.learn(experiment_of(settings))


def measure(experiment: Experiment) -> tuple[Measurement, Result]:
    """Fit on the training and the validation part, and measure on the test part."""
    result = pipeline.run(experiment, "test")
    assert result.ranking is not None  # there is an evaluation
    return Measurement(experiment.evaluation, result.ranking), result


def measured_experiment(settings: Settings, test_part_of: Settings | None = None) -> Experiment:
    """Build the experiment of stored settings, to be measured.

    Without an evaluation it is measured with the one that fits the data, `AutoEvaluation`. Dataset,
    preprocessing and evaluation are those of `test_part_of`, if given.
    """
    shared = test_part_of or settings
    experiment = experiment_of({**settings, **{group: shared[group] for group in TEST_PART}})
    if not experiment.evaluation.holds_out:
        experiment = replace(experiment, evaluation=AutoEvaluation())
    return pipeline.for_data(experiment)


def measure_fitted(
    model: Model, histories: Histories, catalog: ItemCatalog, settings: Settings
) -> Measurement:
    """Measure a fitted model, as it is, on the test part of stored settings.

    The model may have been fitted on the test part, too: compare the metrics only with those of models of
    which the same is true. `histories` are of the users that it was fitted on. Raises `DataError` if the ids
    of its items are integers where those of the test part are text, or the other way round.
    """
    experiment = measured_experiment(settings)
    evaluation, part, items = experiment.evaluation, pipeline.held_out(experiment), model.items
    if items.dtype.kind != part.held_out.item_id.dtype.kind:
        raise DataError("The items of one version have integers for ids, those of the other text.")
    policies = policies_of(evaluation, load(experiment.dataset), items)
    lists = recommend(model, part.histories(items), evaluation.k, part.seen(items), policies)
    categories = encode_categories(catalog.categories_of(items))
    known = experiment.preprocessing.candidates(load(experiment.dataset))
    valued = replace(histories, item_values=known.item_values(items))
    ranking = evaluate(lists, part.targets(items), valued, evaluation.cutoffs, categories)
    return Measurement(evaluation, ranking)


def without_feedback(settings: Settings) -> dict[str, Any]:
    """Return settings whose dataset reads no feedback."""
    dataset = settings["dataset"]
    return {**settings, "dataset": {**dataset, "feedback": None} if dataset.get("feedback") else dataset}
