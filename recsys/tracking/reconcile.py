"""The children of a study's run are made to agree with the study's trials."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.tracking.entry import FAILED, FINISHED, KEY_TAG, KILLED, End, Entry, Start
from recsys.trials import read_json

if TYPE_CHECKING:
    from mlflow.entities import Run

    from recsys.tracking.record import Record

STATUS = {"complete": FINISHED, "pruned": KILLED, "fail": FAILED}
NUMBER_TAG, STUDY_TAG, ANSWERED_TAG = "trial.number", "study", "answered_from"


def reconcile(record: Record, parent: str, trials: list[dict[str, Any]]) -> dict[int, str]:
    """Correct children that say something else than their trials, and make those that are missing.

    Returns MLflow's ids of the children by the numbers of their trials.

    A job does not know all that the sweeper knows: it returned a number, and the number was NaN; it was
    killed. And a trial that was answered from an earlier one had no job to be recorded. Trials that are
    running, here or in another process that shares the study, are left alone.
    """
    children = {int(run.data.tags[NUMBER_TAG]): run for run in record.children(parent)}
    ids = {number: run.info.run_id for number, run in children.items()}
    for trial in trials:
        if trial["state"] not in STATUS:
            continue
        status, child = STATUS[trial["state"]], children.get(trial["number"])
        if child is None:
            entry = _missing(record, parent, trial, children.get(trial["answered_from"]))
            record.apply(entry)
            ids[trial["number"]] = record.id_of(entry.run)
        elif child.info.status != status:
            record.apply(_correction(record, child, trial))
    return ids


def _correction(record: Record, child: Run, trial: dict[str, Any]) -> Entry:
    run_id = child.info.run_id
    key = child.data.tags.get(KEY_TAG, run_id)
    record.remember(key, run_id)
    return Entry(key, tags=_reason(trial), end=End(STATUS[trial["state"]], _end(trial)))


def _missing(record: Record, parent: str, trial: dict[str, Any], source: Run | None) -> Entry:
    """Make the child of a trial that has none: from the trial it was answered from, or from its folder."""
    now = _end(trial)
    parameters, metrics, tags = dict(trial["params"]), {}, _reason(trial)
    files: list[str] = []
    if source is not None:
        parameters = dict(source.data.params) | parameters
        metrics = dict(source.data.metrics)
        tags[ANSWERED_TAG] = str(trial["answered_from"])
    elif trial["job_dir"]:
        metrics = read_json(Path(trial["job_dir"]) / "metrics.json")
        tags["output_dir"] = trial["job_dir"]
        files = [str(Path(trial["job_dir"]) / name) for name in (".hydra/config.yaml", "metrics.json")]
    return Entry(
        run=f"{parent}/{trial['number']}",
        start=Start(f"trial {trial['number']}", now, parameters, parent),
        metrics=[(name, value, now, 0) for name, value in metrics.items()],
        tags=tags
        | {NUMBER_TAG: str(trial["number"]), "job_num": str(trial["number"]), STUDY_TAG: trial["study"]},
        files=files,
        end=End(STATUS[trial["state"]], now),
    )


def _reason(trial: dict[str, Any]) -> dict[str, str]:
    tags = {"pruned": "true"} if trial["state"] == "pruned" else {}
    return tags | ({"error": trial["fail_reason"]} if trial["fail_reason"] else {})


def _end(trial: dict[str, Any]) -> int:
    return int(trial["end"] or time.time() * 1000)
