"""The children of a study's run are made to agree with the study's trials."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from recsys.runs.files import METRICS_FILE
from recsys.runs.trials import read_json
from recsys.tracking.entry import FAILED, FINISHED, KEY_TAG, KILLED, End, Entry, Start
from recsys.tracking.job_folder import add_results
from recsys.tracking.queue import Queue

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

STATUS = {"complete": FINISHED, "pruned": KILLED, "fail": FAILED}
NUMBER_TAG, STUDY_TAG, ANSWERED_TAG = "trial.number", "study", "answered_from"


class Record(Protocol):
    """The part of `recsys.tracking.record.Record` that is used here."""

    folder: Path

    @property
    def client(self) -> MlflowClient:
        """MLflow's client."""
        ...

    def apply(self, entry: Entry) -> None:
        """Record an entry."""
        ...

    def children(self, parent: str) -> list[Run]:
        """Return the runs of a sweep's jobs."""
        ...

    def remember(self, key: str, run_id: str) -> None:
        """Keep the id of the run with a key."""
        ...


def reconcile(record: Record, parent: str, trials: list[dict[str, Any]]) -> dict[int, str]:
    """Correct children that say something else than their trials, and make those that are missing.

    Returns MLflow's ids of the children by the numbers of their trials.

    A job does not know all that the sweeper knows: it returned a number, and the number was NaN; it was
    killed. And a trial that was answered from an earlier one had no job to be recorded. Trials that are
    running, here or in another process that shares the study, are left alone. Those that another process has
    yet to tell MLflow of are left in its queue, for it may have ended before it knew how they did.
    """
    ours = _leave_to_others(record, parent, [trial for trial in trials if trial["state"] in STATUS])
    children = _children(record, parent)
    folders = {trial["number"]: trial["job_dir"] for trial in trials}
    made = False
    for trial in ours:
        child = children.get(trial["number"])
        if child is None:
            record.apply(missing(parent, trial, folders.get(trial["answered_from"])))
            made = True
        elif child.info.status != STATUS[trial["state"]] or _reason(trial).keys() - child.data.tags.keys():
            record.apply(_correction(record, child, trial))
    if made:  # another process may have made the same at the same time
        children = _children(record, parent)
    return {number: run.info.run_id for number, run in children.items()}


def _leave_to_others(record: Record, parent: str, trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give other sweeps of the study what they have jobs of and are still sending; return the rest."""
    folders = {trial["number"]: trial["job_dir"] for trial in trials}
    ours: list[dict[str, Any]] = []
    theirs: dict[Path, list[dict[str, Any]]] = {}
    for trial in trials:
        job_dir = trial["job_dir"] or folders.get(trial["answered_from"])
        folder = Path(job_dir).parent.resolve() if job_dir else record.folder.resolve()
        (ours if folder == record.folder.resolve() else theirs.setdefault(folder, [])).append(trial)
    for folder, group in theirs.items():
        if not Queue(folder).leave(Entry(parent, trials=group)):
            ours += group
    return ours


def _children(record: Record, parent: str) -> dict[int, Run]:
    """The children by the numbers of their trials; what was made for a trial twice is deleted but once."""
    found: dict[int, list[Run]] = {}
    for run in record.children(parent):
        if run.data.tags.get(NUMBER_TAG, "").isdecimal():
            found.setdefault(int(run.data.tags[NUMBER_TAG]), []).append(run)
    for number, runs in found.items():
        # Those that jobs told come last, the latest at the end; all processes see the same order.
        ours = _missing_key(parent, number)
        runs.sort(key=lambda run: (run.data.tags.get(KEY_TAG) != ours, run.info.start_time, run.info.run_id))
        for run in runs[:-1]:
            if run.data.tags.get(KEY_TAG) == ours:  # it holds nothing that the other has not
                record.client.delete_run(run.info.run_id)
    return {number: runs[-1] for number, runs in found.items()}


def job_key(parent: str, number: int | str, folder: str | Path) -> str:
    """Return the key of the run of a trial's job."""
    return f"{parent}/{number}@{folder}"


def _missing_key(parent: str, number: int) -> str:
    return f"{parent}/{number}"


def _correction(record: Record, child: Run, trial: dict[str, Any]) -> Entry:
    run_id = child.info.run_id
    key = child.data.tags.get(KEY_TAG, run_id)
    record.remember(key, run_id)
    return Entry(key, tags=_reason(trial), end=End(STATUS[trial["state"]], _end(trial)))


def missing(parent: str, trial: dict[str, Any], source_folder: str | None) -> Entry:
    """Make the child of a trial that has none: from its folder, or that of the trial it was answered from."""
    now, source = _end(trial), trial["answered_from"]
    number, folder, like = str(trial["number"]), trial["job_dir"] or source_folder, None
    if source is not None:
        like = job_key(parent, source, source_folder) if source_folder else _missing_key(parent, source)
    entry = Entry(
        run=_missing_key(parent, trial["number"]),
        start=Start(f"trial {number}", now, dict(trial["params"]), parent, like),
        tags=_reason(trial) | {NUMBER_TAG: number, "job_num": number, STUDY_TAG: trial["study"]},
        end=End(STATUS[trial["state"]], now),
    )
    if source is not None:
        entry.tags[ANSWERED_TAG] = str(source)
        metrics = read_json(Path(folder) / METRICS_FILE) if folder else {}
        entry.metrics = [(name, value, now, 0) for name, value in metrics.items()]
    elif folder:
        entry.tags["output_dir"] = folder
        add_results(entry, Path(folder), now)
    return entry


def _reason(trial: dict[str, Any]) -> dict[str, str]:
    tags = {"pruned": "true"} if trial["state"] == "pruned" else {}
    return tags | ({"error": trial["fail_reason"]} if trial["fail_reason"] else {})


def _end(trial: dict[str, Any]) -> int:
    return int(trial["end"] or time.time() * 1000)
