"""Reconcile the child runs of a study's run with the study's trials.

A child can differ from its trial because its job was killed or returned NaN, which only the sweeper knows. It
is missing if the values were copied from an earlier trial. Running trials are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.tracking.entry import End, Entry, Start, Status, Tag, job_key, missing_key, now
from recsys.tracking.queue import Queue
from recsys.tracking.run_lookup import key_of

if TYPE_CHECKING:
    from mlflow.entities import Run

STATUS = {"complete": Status.FINISHED, "pruned": Status.KILLED, "fail": Status.FAILED}


def corrections(
    parent: str, trials: list[dict[str, Any]], children: Mapping[int, Run], folder: Path
) -> list[Entry]:
    """Return entries that correct children that differ from their trials, and create missing ones.

    Trials of other processes that are still sending are appended to their queues instead.
    """
    entries = []
    for trial in _of_this_sweep(parent, [one for one in trials if one["state"] in STATUS], folder):
        child = children.get(trial["number"])
        if child is None:
            entries.append(missing(parent, trial))
        elif child.info.status != STATUS[trial["state"]] or _reason(trial).keys() - child.data.tags.keys():
            end = End(STATUS[trial["state"]], trial["end"] or now())
            entries.append(Entry(key_of(child), tags=_reason(trial), end=end))
    return entries


def _of_this_sweep(parent: str, trials: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Append trials to the queues of the sweeps that ran their jobs and still send; return the rest."""
    sweeps: dict[Path, list[dict[str, Any]]] = {}
    for trial in trials:
        sweep = Path(trial["folder"]).parent.resolve() if trial["folder"] else folder
        sweeps.setdefault(sweep, []).append(trial)
    ours = sweeps.pop(folder, [])
    for other, group in sweeps.items():
        if not Queue(other).leave(Entry(parent, trials=group)):
            ours += group
    return ours


def missing(parent: str, trial: dict[str, Any]) -> Entry:
    """Return the entry that creates a missing child run, from the folder of its job or of its source."""
    number, source, folder = trial["number"], trial["answered_from"], trial["folder"]
    start = Start(f"trial {number}", trial["end"] or now(), dict(trial["params"]), parent)
    tags = _reason(trial) | {Tag.NUMBER: str(number), "job_num": str(number), Tag.STUDY: trial["study"]}
    entry = Entry(missing_key(parent, number), start, tags=tags, end=End(STATUS[trial["state"]], start.time))
    if source is not None:
        start.like = job_key(parent, source, folder) if folder else missing_key(parent, source)
        entry.tags[Tag.ANSWERED] = str(source)
        if folder:
            entry.add_metrics(Path(folder), start.time)
    elif folder:
        entry.tags["output_dir"] = folder
        entry.add_results(Path(folder), start.time)
    return entry


def _reason(trial: dict[str, Any]) -> dict[str, str]:
    tags = {"pruned": "true"} if trial["state"] == "pruned" else {}
    return tags | ({"error": trial["fail_reason"]} if trial["fail_reason"] else {})
