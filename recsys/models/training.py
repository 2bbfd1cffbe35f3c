"""Bundles from what a run or a sweep left behind: its configuration, learnt anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.errors import DataError, DataNotFoundError
from recsys.runs.files import CONFIG_FILE, SWEEP_CONFIG_FILE
from recsys.runs.stored_config import experiment_of, read_settings

if TYPE_CHECKING:
    from recsys.datasets import Ratings
    from recsys.evaluation import Evaluation, RankingResult
    from recsys.models.bundle import Bundle
    from recsys.pipeline import Experiment, Result
    from recsys.recommenders import Model
    from recsys.spark import SparkRatings

TEST_PART = ("dataset", "preprocessing", "evaluation")  # the groups that decide what it is


def train(folder: Path) -> Bundle:
    """Learn from all ratings what a run was told to, or the best trial of a sweep.

    Raises
    ------
    DataNotFoundError
        If there is no configuration in the folder.
    RecsysError
        As a run does; see the tree in `recsys.errors`.
    """
    return learn(read_settings(run_folder(folder)))


def learn(settings: dict[str, Any]) -> Bundle:
    """Learn from all ratings what settings say; they are as `read_settings` gives them."""
    from recsys import pipeline

    prepared, model = pipeline.learn(experiment_of(settings))
    facts = {"transactions_digest": prepared.transactions.digest, "learnt_from": "all ratings"}
    return make_bundle(model, prepared.ratings, settings, facts)


def measure(settings: dict[str, Any], of: dict[str, Any] | None = None) -> tuple[Evaluation, Result]:
    """Learn as settings say from all but the test part, and measure on the test part.

    Parameters
    ----------
    settings : dict
        As `read_settings` gives them.
    of : dict, optional
        Settings whose ratings, preprocessing and evaluation are taken instead, so that both are measured on
        one test part.

    Returns
    -------
    evaluation : Evaluation
        What was measured with. Where settings have none, the last fifth of each user's likes is held out; a
        random fifth, where the ratings have no times.
    result : Result
        With a model and a ranking.
    """
    from recsys.pipeline import run

    experiment = _measured(settings | {group: (of or settings)[group] for group in TEST_PART})
    return experiment.evaluation, run(experiment, "test")


def measure_bundle(bundle: Bundle, settings: dict[str, Any]) -> RankingResult:
    """Measure a bundle as it is, without learning anything, on the test part that settings name.

    What the bundle was learnt from may hold the test part: its metrics compare with those of bundles of which
    the same is true.

    Raises
    ------
    DataError
        If the ids of its items are integers where those of the test part are text, or the other way round.
    """
    from recsys.evaluation import encode_genres, evaluate
    from recsys.pipeline import held_out

    experiment = _measured(settings)
    evaluation, part, items = experiment.evaluation, held_out(experiment), bundle.model.items
    if items.dtype.kind != part.held_out.item_id.dtype.kind:
        raise DataError("The items of one version have integers for ids, those of the other text.")
    lists = bundle.model.recommend(part.histories(items), evaluation.k)
    genres = encode_genres(bundle.catalog.genres_of(items))
    return evaluate(lists, part.targets(items), bundle.histories, evaluation.cutoffs, genres)


def without_feedback(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings whose dataset reads no feedback."""
    dataset = settings["dataset"]
    return settings | {"dataset": dataset | {"feedback": None}} if dataset.get("feedback") else settings


def _measured(settings: dict[str, Any]) -> Experiment:
    """Return the experiment of settings, with an evaluation also where they have none."""
    from recsys.evaluation import NoSplit, UserShare

    experiment = experiment_of(settings)
    if isinstance(experiment.evaluation, NoSplit):
        timed = experiment.dataset.load().timestamp is not None
        experiment = replace(experiment, evaluation=UserShare(order="time" if timed else "random"))
    return experiment


def make_bundle(
    model: Model, ratings: Ratings | SparkRatings, settings: dict[str, Any], facts: dict[str, Any]
) -> Bundle:
    """Put a fitted model and its catalogue together, with what is to be known about it."""
    from recsys.datasets import ItemCatalog
    from recsys.models.bundle import Bundle
    from recsys.recommenders.scoring import FittedModel

    assert isinstance(model, FittedModel)  # all of ours are
    metadata = {
        "recommender": settings["recommender"]["_target_"].rpartition(".")[-1],
        "dataset": ratings.name,
        "ratings_digest": ratings.digest,
        "n_users": model.train.n_users,
        "n_items": model.train.n_items,
        **facts,
        "config": settings,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Bundle(model, ratings.items or ItemCatalog.empty(), model.train, metadata)


def run_folder(folder: Path) -> Path:
    """Return the folder of a run: the one given, or that of a sweep's best trial.

    Raises
    ------
    DataNotFoundError
        If it is neither, or no trial of the sweep is complete.
    """
    if (folder / SWEEP_CONFIG_FILE).exists():
        from recsys.reporting.sweep import read_sweep

        best = read_sweep(folder).best_folder
        if best is None:
            raise DataNotFoundError(f"{folder}: no trial of this sweep is complete.")
        return best
    if not (folder / CONFIG_FILE).exists():
        raise DataNotFoundError(
            f"{folder}: neither a run nor a sweep left its configuration there. "
            "Run one, for example python -m recsys hydra.run.dir=outputs/first, and give its folder."
        )
    return folder
