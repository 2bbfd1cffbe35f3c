"""The files that a sweep leaves beside its trials, rewritten after every batch."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ._attributes import ANSWERED_FROM, FAIL_REASON, JOB_DIR
from ._best import best_trial, count_states, pareto_front
from ._errors import unwritable

RESULTS_FILE, TRIALS_FILE = "optimization_results.yaml", "trials.csv"


class End(StrEnum):
    """How a sweep ended: ``ended_by`` in the results. A sweep that runs, or was killed, has none."""

    TOTAL = "total"
    """All trials that were asked for are finished, by whichever process, and there is a best one."""
    TIMEOUT = "timeout"
    """``hydra.sweeper.timeout`` was over."""
    INTERRUPT = "interrupt"
    """Ctrl-C or SIGTERM."""
    FAILURES = "failures"
    """More trials failed than ``hydra.sweeper.max_failure_rate`` allows, or none came to a result."""
    EXHAUSTED = "exhausted"
    """The sampler has nothing left to ask."""
    ERROR = "error"
    """Something else broke: the storage, the sampler, a key that the application has not."""


def write_results(study: Study, folder: Path, ended_by: End | None = None) -> None:
    """Write ``optimization_results.yaml`` and ``trials.csv``.

    Each is replaced in one step, so that who reads while the sweep runs, or after it was killed, finds a
    whole file.

    Parameters
    ----------
    study : Study
    folder : Path
    ended_by : End, optional
        How the sweep ended, when it did.
    """
    trials = study.get_trials(deepcopy=False)
    # allow_unicode: who reads the file should find the names as they were typed.
    text = yaml.safe_dump(results(study, ended_by), sort_keys=False, allow_unicode=True)
    _replace(folder / RESULTS_FILE, text)
    _replace(folder / TRIALS_FILE, _table(trials, len(study.directions)))


def results(study: Study, ended_by: End | None = None) -> dict[str, Any]:
    """Return what came of a study so far: Hydra's keys, then name, count of trials, and end."""
    summary: dict[str, Any] = {"name": "optuna"}
    if len(study.directions) == 1:
        best = best_trial(study)
        summary["best_params"] = best.params if best else {}
        summary["best_value"] = best.value if best else None
        summary["best_trial"] = best.number if best else None
        summary["best_job_dir"] = best.user_attrs.get(JOB_DIR) if best else None
    else:
        summary["solutions"] = [
            {
                "params": trial.params,
                "values": trial.values,
                "trial": trial.number,
                "job_dir": trial.user_attrs.get(JOB_DIR),
            }
            for trial in pareto_front(study)
        ]
    summary["study_name"] = study.study_name
    summary["n_trials"] = count_states(study.get_trials(deepcopy=False))
    summary["ended_by"] = None if ended_by is None else ended_by.value
    return summary


def value_names(n_objectives: int) -> list[str]:
    """Return the names of the objectives' columns."""
    return ["value"] if n_objectives == 1 else [f"value_{i}" for i in range(n_objectives)]


def _table(trials: Sequence[FrozenTrial], n_objectives: int) -> str:
    trials = [trial for trial in trials if trial.state is not TrialState.WAITING]
    # A custom search space may give trials different parameters; a dict keeps the order of their appearance.
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    header = ["number", "state", *value_names(n_objectives), *(f"params_{name}" for name in names)]
    constraints = list(dict.fromkeys(name for trial in trials for name in trial.constraints))
    header += [f"constraints_{name}" for name in constraints]
    header += ["start", "end", "seconds", JOB_DIR, FAIL_REASON, ANSWERED_FROM]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(_row(trial, names, constraints, n_objectives) for trial in trials)
    return stream.getvalue()


def _row(
    trial: FrozenTrial, names: Iterable[str], constraints: Iterable[str], n_objectives: int
) -> list[Any]:
    values = trial.values or [None] * n_objectives
    params = ["null" if trial.params.get(name, "") is None else trial.params.get(name, "") for name in names]
    kept = [trial.constraints.get(name) for name in constraints]
    start, end, duration = trial.datetime_start, trial.datetime_complete, trial.duration
    # A trial that another study answered took no time at all, which is false to Python.
    seconds = None if duration is None else duration.total_seconds()
    times = [start and start.isoformat(), end and end.isoformat(), seconds]
    attributes = [trial.user_attrs.get(key) for key in (JOB_DIR, FAIL_REASON, ANSWERED_FROM)]
    return [trial.number, trial.state.name.lower(), *values, *params, *kept, *times, *attributes]


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)
    except OSError as error:
        raise unwritable(path, error) from error


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner may read
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
