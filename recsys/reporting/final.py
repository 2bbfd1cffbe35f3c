"""The final measure: what a search chose, learnt anew and measured once on the test part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write
from recsys.evaluation import Interval, NoSplit, RankingResult, bootstrap_intervals
from recsys.pipeline import Experiment, run
from recsys.reporting.sweep import Sweep, read_sweep
from recsys.runs.files import TEST_FILE
from recsys.runs.stored_config import read_experiment
from recsys.runs.trials import Trial


def measure_on_test(folder: Path, trusted: frozenset[str] = frozenset()) -> dict[int, dict[str, Interval]]:
    """Measure what a sweep chose on the test part, and write `test.json`.

    Chosen is the best trial; with several objectives, each of the Pareto front.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    trusted : frozenset of str
        Names that the configurations of its trials may use; see `recsys.runs.stored_config.read_experiment`.

    Returns
    -------
    dict of int to dict of str to Interval
        For each trial, by its number, the metrics of its lists with their bootstrap intervals; empty where
        nothing was chosen, or no recommendation is measured.
    """
    sweep = read_sweep(folder)
    measured = {}
    for trial in sweep.front:
        experiment, ranking = rank_on_test(sweep, trial, trusted)
        if ranking is not None:
            measured[trial.number] = intervals(experiment, ranking)
    if measured:
        content = {str(number): as_json(found) for number, found in measured.items()}
        write_json(folder / TEST_FILE, content)
    return measured


def rank_on_test(
    sweep: Sweep, trial: Trial, trusted: frozenset[str] = frozenset()
) -> tuple[Experiment, RankingResult | None]:
    """Learn from the training and the validation part as a trial was told to, and measure on the test part.

    Raises
    ------
    FileNotFoundError
        If the folder of its job is gone.
    """
    job = sweep.folder_of(trial)
    if job is None:
        raise FileNotFoundError(f"The folder of trial {trial.number} is gone, and with it its configuration.")
    experiment = read_experiment(job, trusted)
    if isinstance(experiment.evaluation, NoSplit):
        return experiment, None
    return experiment, run(experiment, "test").ranking


def intervals(experiment: Experiment, ranking: RankingResult) -> dict[str, Interval]:
    """Return the metrics with their intervals; those of no user, as coverage, are their own bounds."""
    settings = experiment.evaluation
    found = bootstrap_intervals(ranking, settings.n_resamples, settings.confidence_level, settings.seed)
    alone = {name: Interval(value, value, value) for name, value in ranking.metrics.items()}
    return alone | found


def as_json(found: dict[str, Interval]) -> dict[str, dict[str, float]]:
    """Return intervals as JSON has them."""
    return {name: {"value": one.value, "low": one.low, "high": one.high} for name, one in found.items()}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole; NaN and infinity are no JSON."""
    atomic_write(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
