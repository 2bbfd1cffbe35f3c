"""The test metrics of a search: the chosen trials, refitted and measured once on the test part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write
from recsys.evaluation import Interval
from recsys.runs.files import TEST_FILE
from recsys.runs.refit import Measurement, measure
from recsys.runs.stored_config import read_experiment
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial


def measure_on_test(folder: Path, trusted: frozenset[str] = frozenset()) -> dict[int, dict[str, Interval]]:
    """Measure the best trial of a sweep, or its Pareto front, on the test part, and write `test.json`.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    trusted : frozenset of str
        Names that the configurations of its trials may use; see `recsys.runs.stored_config.read_experiment`.

    Returns
    -------
    dict of int to dict of str to Interval
        For each trial, by its number, the metrics with their bootstrap intervals; empty if no trial is
        complete, or with evaluation=none.
    """
    sweep = read_sweep(folder)
    measured = {}
    for trial in sweep.front:
        measurement = measure_trial(sweep, trial, trusted)
        if measurement is not None:
            measured[trial.number] = measurement.intervals()
    if measured:
        content = {str(number): as_json(found) for number, found in measured.items()}
        write_json(folder / TEST_FILE, content)
    return measured


def measure_trial(sweep: Sweep, trial: Trial, trusted: frozenset[str] = frozenset()) -> Measurement | None:
    """Refit a trial and measure it on the test part; None with evaluation=none.

    Raises
    ------
    FileNotFoundError
        If the folder of its job is gone.
    """
    job = sweep.folder_of(trial)
    if job is None:
        raise FileNotFoundError(f"The folder of trial {trial.number} is gone, and with it its configuration.")
    experiment = read_experiment(job, trusted)
    return measure(experiment)[0] if experiment.evaluation.holds_out else None


def as_json(found: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Return intervals as plain values."""
    return {name: {"value": one.value, "low": one.low, "high": one.high} for name, one in found.items()}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, without NaN and infinity."""
    atomic_write(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
