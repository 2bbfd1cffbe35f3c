"""Metrics of chosen trials on the test part, after a refit."""

from pathlib import Path

from recsys.errors import DataNotFoundError
from recsys.reporting.intervals import Intervals, write_intervals
from recsys.runs.files import TEST_FILE
from recsys.runs.refit import Measurement, measure
from recsys.runs.stored_config import read_experiment
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial


def measure_on_test(folder: Path, trusted: frozenset[str] = frozenset()) -> dict[int, Intervals]:
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
