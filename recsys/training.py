"""Bundles from what a run or a sweep left behind: its configuration, learnt anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.errors import DataError, DataNotFoundError

if TYPE_CHECKING:
    from recsys.bundle import Bundle
    from recsys.datasets import Ratings, SparkRatings
    from recsys.evaluation import Evaluation
    from recsys.pipeline import Experiment, Result
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


def read_settings(folder: Path) -> dict[str, Any]:
    """Return the configuration of a run, as plain values: the groups that decide on what it learns.

    What comes from the environment stays as written, "${oc.env:FEEDBACK}": it may hold a password, and
    settings are kept with the model and told by the service.

    Raises
    ------
    DataError
        If a variable of the environment is not set.
    """
    from omegaconf import DictConfig, OmegaConf

    from recsys.pipeline import Experiment

    cfg = OmegaConf.load(folder / ".hydra" / "config.yaml")
    assert isinstance(cfg, DictConfig)
    with _variables_set():
        return {
            field.name: _as_written(
                OmegaConf.to_container(cfg[field.name], resolve=False),
                OmegaConf.to_container(cfg[field.name], resolve=True),
            )
            for field in fields(Experiment)
        }


def _as_written(written: Any, resolved: Any) -> Any:
    """Return resolved values, but those of the environment as written."""
    if isinstance(written, dict) and isinstance(resolved, dict):
        return {key: _as_written(written[key], value) for key, value in resolved.items()}
    return written if isinstance(written, str) and "${oc.env:" in written else resolved


def experiment_of(settings: dict[str, Any]) -> Experiment:
    """Make the objects of settings that `read_settings` gave.

    Raises
    ------
    DataError
        If a variable of the environment is not set.
    """
    from omegaconf import OmegaConf

    from recsys.composition import build_experiment

    with _variables_set():
        return build_experiment(OmegaConf.create(settings))


@contextmanager
def _variables_set() -> Iterator[None]:
    from omegaconf.errors import InterpolationResolutionError

    try:
        yield
    except InterpolationResolutionError as error:
        said = str(error).partition("\n")[0]
        raise DataError(f"{error.full_key}: {said}. Set it as it was for the run.") from error


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
