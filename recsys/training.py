"""Bundles from what a run or a sweep left behind: its configuration, learnt anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.errors import DataNotFoundError
from recsys.stored_config import experiment_of, read_settings

if TYPE_CHECKING:
    from recsys.bundle import Bundle
    from recsys.datasets import Ratings, SparkRatings
    from recsys.evaluation import Evaluation
    from recsys.pipeline import Result
    from recsys.recommenders import Model

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
    from recsys.evaluation import NoSplit, UserShare
    from recsys.pipeline import run

    experiment = experiment_of(settings | {group: (of or settings)[group] for group in TEST_PART})
    if isinstance(experiment.evaluation, NoSplit):
        timed = experiment.dataset.load().timestamp is not None
        experiment = replace(experiment, evaluation=UserShare(order="time" if timed else "random"))
    return experiment.evaluation, run(experiment, "test")


def make_bundle(
    model: Model, ratings: Ratings | SparkRatings, settings: dict[str, Any], facts: dict[str, Any]
) -> Bundle:
    """Put a fitted model and its catalogue together, with what is to be known about it."""
    from recsys.bundle import Bundle
    from recsys.datasets import ItemCatalog
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
    if (folder / "multirun.yaml").exists():
        from recsys.reporting.sweep import read_sweep

        best = read_sweep(folder).best_folder
        if best is None:
            raise DataNotFoundError(f"{folder}: no trial of this sweep is complete.")
        return best
    if not (folder / ".hydra" / "config.yaml").exists():
        raise DataNotFoundError(
            f"{folder}: neither a run nor a sweep left its configuration there. "
            "Run one, for example python -m recsys hydra.run.dir=outputs/first, and give its folder."
        )
    return folder
