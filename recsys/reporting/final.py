"""Metrics of chosen trials on the test part, after a refit, and how sure the choice is."""

from dataclasses import asdict
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from recsys import pipeline
from recsys.errors import DataNotFoundError
from recsys.metrics import DIRECTIONS
from recsys.pipeline import Experiment
from recsys.runs.files import FOLDS_FILE, SLICES_FILE, TEST_FILE
from recsys.runs.intervals import Intervals, write_intervals
from recsys.runs.json_file import read_json, write_json
from recsys.runs.refit import Measurement, measure, slices
from recsys.runs.stored_config import read_experiment
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial

DIGITS = 3


def measure_on_test(folder: Path, trusted: frozenset[str]) -> dict[int, Intervals]:
    """Measure the best trial of a sweep, or its Pareto front, on the test part.

    Writes `test.json`, and `slices.json`: `{trial: [{name, n, metric, value: {value, low, high}}]}`.
    `trusted` as for `read_experiment`. The result has the metrics of each trial by its number; it is empty
    if no trial is complete, or with evaluation=none.
    """
    sweep = read_sweep(folder)
    measured: dict[int, Intervals] = {}
    by_slice: dict[str, list[dict[str, Any]]] = {}
    for trial in sweep.front:
        experiment = _experiment_of(sweep, trial, trusted)
        if experiment.evaluation.holds_out:
            measurement, result = measure(experiment)
            assert result.model is not None  # there is an evaluation
            measured[trial.number] = measurement.intervals()
            found = slices(experiment, measurement, result.model)
            by_slice[str(trial.number)] = [asdict(one) for one in found]
    if measured:
        write_intervals(folder / TEST_FILE, {str(number): found for number, found in measured.items()})
        write_json(folder / SLICES_FILE, by_slice)
    return measured


def certainty(folder: Path) -> str | None:
    """Return how sure it is that the best trial of a sweep is better than the second, by their folds.

    None unless the sweep has one objective, several folds, and two trials that differ.
    """
    sweep = read_sweep(folder)
    if len(sweep.metrics) > 1 or len(sweep.front) != 1:
        return None
    metric, best = sweep.metrics[0], sweep.front[0]
    others = [trial for trial in sweep.complete if trial.feasible and trial.values != best.values]
    if not others:
        return None
    sign = DIRECTIONS[sweep.directions[0]]
    second = max(others, key=lambda trial: sign * trial.values[0])
    values = [_folds_of(sweep, trial, metric) for trial in (best, second)]
    if len(values[0]) < 2 or len(values[0]) != len(values[1]):
        return None
    differences = [one - other for one, other in zip(*values, strict=True)]
    error = stdev(differences) / sqrt(len(differences))
    means = [f"{fmean(of_trial):.{DIGITS}g}" for of_trial in values]
    return (
        f"Over {len(differences)} folds trial {best.number} has {metric} {means[0]}, the second, trial "
        f"{second.number}, {means[1]}: a difference of {fmean(differences):+.{DIGITS}g} with a standard "
        f"error of {error:.{DIGITS}g}."
    )


def _folds_of(sweep: Sweep, trial: Trial, metric: str) -> list[float]:
    job = sweep.folder_of(trial)
    folds = [] if job is None else read_json(job / FOLDS_FILE).get("folds", [])
    return [fold[metric] for fold in folds if metric in fold]


def measure_trial(sweep: Sweep, trial: Trial, trusted: frozenset[str]) -> Measurement | None:
    """Refit a trial and measure it on the test part; None with evaluation=none."""
    experiment = _experiment_of(sweep, trial, trusted)
    return measure(experiment)[0] if experiment.evaluation.holds_out else None


def _experiment_of(sweep: Sweep, trial: Trial, trusted: frozenset[str]) -> Experiment:
    job = sweep.folder_of(trial)
    if job is None:
        raise DataNotFoundError(f"The folder of trial {trial.number} was removed, with its configuration.")
    return pipeline.for_data(read_experiment(job, trusted))
