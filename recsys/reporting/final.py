"""Metrics of chosen trials on the test part, after a refit.

Their files hold `{name: {metric: {value, low, high}}}`, by trial or by choice.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from recsys.errors import DataNotFoundError
from recsys.evaluation import Interval
from recsys.runs.files import TEST_FILE
from recsys.runs.json_file import read_json, write_json
from recsys.runs.refit import Measurement, measure
from recsys.runs.stored_config import read_experiment
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial

Intervals = dict[str, Interval]  # by the name of the metric


def measure_on_test(folder: Path, trusted: frozenset[str]) -> dict[int, Intervals]:
    """Measure the best trial of a sweep, or its Pareto front, on the test part, and write `test.json`.

    `trusted` as for `read_experiment`. The result has the metrics of each trial by its number; it is empty
    if no trial is complete, or with evaluation=none.
    """
    sweep = read_sweep(folder)
    measurements = {trial.number: measure_trial(sweep, trial, trusted) for trial in sweep.front}
    measured = {number: one.intervals() for number, one in measurements.items() if one is not None}
    if measured:
        write_intervals(folder / TEST_FILE, {str(number): found for number, found in measured.items()})
    return measured


def measure_trial(sweep: Sweep, trial: Trial, trusted: frozenset[str]) -> Measurement | None:
    """Refit a trial and measure it on the test part; None with evaluation=none."""
    job = sweep.folder_of(trial)
    if job is None:
        raise DataNotFoundError(f"The folder of trial {trial.number} was removed, with its configuration.")
    experiment = read_experiment(job, trusted)
    return measure(experiment)[0] if experiment.evaluation.holds_out else None


def read_intervals(path: Path) -> dict[str, Intervals]:
    """Read a file of metrics; empty if there is none."""
    content = read_json(path).items()
    return {name: {metric: Interval(**one) for metric, one in found.items()} for name, found in content}


def write_intervals(path: Path, measured: Mapping[str, Intervals]) -> None:
    """Write a file of metrics, atomically."""
    named = measured.items()
    write_json(path, {name: {metric: asdict(one) for metric, one in found.items()} for name, found in named})
