"""Reconcile the child runs of a study's run with the study's trials.

A child can differ from its trial because its job was killed or returned NaN, which only the sweeper knows. It
is missing if the values were copied from an earlier trial. Running trials are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.tracking.entry import FAILED, FINISHED, KEY_TAG, KILLED, End, Entry, Start, now
from recsys.tracking.queue import Queue

if TYPE_CHECKING:
    from mlflow.entities import Run

STATUS = {"complete": FINISHED, "pruned": KILLED, "fail": FAILED}
NUMBER_TAG, STUDY_TAG, ANSWERED_TAG = "trial.number", "study", "answered_from"


def corrections(
    parent: str, trials: list[dict[str, Any]], children: Mapping[int, Run], folder: Path
) -> list[Entry]:
    """Return entries that correct children that differ from their trials, and create missing ones.

    Trials of other processes that are still sending are appended to their queues instead.
    """
    folders = {trial["number"]: trial["job_dir"] for trial in trials}
    entries = []
    for trial in _of_this_sweep(parent, [one for one in trials if one["state"] in STATUS], folders, folder):
        child = children.get(trial["number"])
        if child is None:
            entries.append(missing(parent, trial, folders.get(trial["answered_from"])))
        elif child.info.status != STATUS[trial["state"]] or _reason(trial).keys() - child.data.tags.keys():
            end = End(STATUS[trial["state"]], _end(trial))
            entries.append(Entry(key_of(child), tags=_reason(trial), end=end))
    return entries


def _of_this_sweep(
    parent: str, trials: list[dict[str, Any]], folders: Mapping[int, str | None], folder: Path
) -> list[dict[str, Any]]:
    """Append trials to the queues of the sweeps that ran their jobs and still send; return the rest."""
    sweeps: dict[Path, list[dict[str, Any]]] = {}
    for trial in trials:
        job_dir = trial["job_dir"] or folders.get(trial["answered_from"])
        sweeps.setdefault(Path(job_dir).parent.resolve() if job_dir else folder, []).append(trial)
    ours = sweeps.pop(folder, [])
    for other, group in sweeps.items():
        if not Queue(other).leave(Entry(parent, trials=group)):
            ours += group
    return ours


def by_trial(parent: str, runs: list[Run]) -> tuple[dict[int, Run], list[Run]]:
    """Return the child runs by trial, and the duplicates, which have no data of their own."""
    found: dict[int, list[Run]] = {}
    for run in runs:
        if run.data.tags.get(NUMBER_TAG, "").isdecimal():
            found.setdefault(int(run.data.tags[NUMBER_TAG]), []).append(run)
    duplicates = []
    for number, same in found.items():
        # Those of jobs come last, the latest at the end; the order is the same in all processes.
        made = _missing_key(parent, number)
        same.sort(key=lambda run: (key_of(run) != made, run.info.start_time, run.info.run_id))
        duplicates += [run for run in same[:-1] if key_of(run) == made]
    return {number: same[-1] for number, same in found.items()}, duplicates


def key_of(run: Run) -> str:
    """Return our key of a run, or its id."""
    return str(run.data.tags.get(KEY_TAG, run.info.run_id))


def job_key(parent: str, number: int | str, folder: str | Path) -> str:
    """Return the key of the run of a trial's job."""
    return f"{parent}/{number}@{folder}"


def _missing_key(parent: str, number: int) -> str:
    return f"{parent}/{number}"


def missing(parent: str, trial: dict[str, Any], source_folder: str | None) -> Entry:
    """Return the entry that creates a missing child run, from the folder of its job or of its source."""
    end, source = _end(trial), trial["answered_from"]
    number, folder, like = str(trial["number"]), trial["job_dir"] or source_folder, None
    if source is not None:
        like = job_key(parent, source, source_folder) if source_folder else _missing_key(parent, source)
    entry = Entry(
        run=_missing_key(parent, trial["number"]),
        start=Start(f"trial {number}", end, dict(trial["params"]), parent, like),
        tags=_reason(trial) | {NUMBER_TAG: number, "job_num": number, STUDY_TAG: trial["study"]},
        end=End(STATUS[trial["state"]], end),
    )
    if source is not None:
        entry.tags[ANSWERED_TAG] = str(source)
        if folder:
            entry.add_metrics(Path(folder), end)
    elif folder:
        entry.tags["output_dir"] = folder
        entry.add_results(Path(folder), end)
    return entry


def _reason(trial: dict[str, Any]) -> dict[str, str]:
    tags = {"pruned": "true"} if trial["state"] == "pruned" else {}
    return tags | ({"error": trial["fail_reason"]} if trial["fail_reason"] else {})


def _end(trial: dict[str, Any]) -> int:
    return int(trial["end"] or now())
