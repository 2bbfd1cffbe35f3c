"""Entries of the queue: updates of one MLflow run, each a small JSON file.

Runs are identified by keys of our own, since MLflow's ids are not known before it answers. Entries are
idempotent: sending one twice has the effect of sending it once.
"""

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from optuna_sweeper.safe_text import mask_values
from recsys.runs.files import CONFIG_FILE, DATA_FILE, RULES_FILE, RULES_TABLE_FILE
from recsys.runs.json_file import read_json
from recsys.runs.trials import read_metrics

STUDY_KEY = "study/"  # prefix of the key of a study's run
ARTIFACTS = (CONFIG_FILE, RULES_FILE, RULES_TABLE_FILE)  # of a job; overrides are a tag, metrics metrics


class Tag:
    """Tags of runs in MLflow."""

    KEY = "recsys.key"  # our key
    STUDY = "study"
    NUMBER = "trial.number"
    ANSWERED = "answered_from"  # number of the trial whose values were copied
    ENDED_BY = "ended_by"  # the reason for which a sweep ended


class Status:
    """How a run ended, in MLflow's words."""

    FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"


Metric = tuple[str, float, int, int]  # name, value, milliseconds since 1970, step


@dataclass
class Start:
    """Start of a run; `time` is in milliseconds since 1970."""

    name: str
    time: int
    parameters: dict[str, str] = field(default_factory=dict)
    parent: str | None = None  # key of the parent run
    like: str | None = None  # key of a run whose parameters are copied, unless `parameters` has them


@dataclass
class End:
    """End of a run: FINISHED, FAILED or KILLED, and the time in milliseconds since 1970."""

    status: str
    time: int


@dataclass
class Entry:
    """Update of one run; the fields are applied in their order."""

    run: str  # its key
    start: Start | None = None  # create the run, or continue it if there is one with this key
    metrics: list[Metric] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[dict[str, str]] = field(default_factory=list)  # name, digest, source, schema and profile
    trials: list[dict[str, Any]] | None = None  # of the study: children that disagree are corrected
    n_trials: int | None = None  # of the study at the time of an update of its run
    best: int | None = None  # number of the study's best trial, for the tag `best_run_id`
    link_results: bool = False  # add the ids of this run and the best to the sweep's results
    files: list[str] = field(default_factory=list)  # relative to the queue's folder; missing ones are skipped
    end: End | None = None
    undo: bool = False  # restore the run as before this sweep; tags and end apply if that did not continue it

    def to_json(self) -> str:
        """Write the entry as JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read an entry that `to_json` wrote."""
        entry = cls(**json.loads(text))
        entry.metrics = [tuple(metric) for metric in entry.metrics]  # type: ignore[misc]
        entry.start = Start(**entry.start) if entry.start else None  # type: ignore[arg-type]
        entry.end = End(**entry.end) if entry.end else None  # type: ignore[arg-type]
        return entry

    @property
    def is_alone(self) -> bool:
        """Whether the entry depends on what other processes write meanwhile: not that of a job."""
        is_job = self.start is None or self.start.parent is not None
        return not is_job or self.undo or self.trials is not None or self.n_trials is not None

    def followed_by(self, other: Self) -> Self | None:
        """Merge with the next entry of the same run; None if the result would not be equivalent."""
        if self.run != other.run or self.end or self.trials or other.start or other.undo:
            return None
        if self.start and other.n_trials is not None:  # its tags apply only if they are the latest
            return None
        return replace(
            other,
            start=self.start,
            metrics=self.metrics + other.metrics,
            tags=self.tags | other.tags,
            datasets=self.datasets + other.datasets,
            files=list(dict.fromkeys(self.files + other.files)),
        )

    def add_results(self, folder: Path, time: int) -> None:
        """Add the results in the folder of a job, which ended at `time`."""
        data = read_json(folder / DATA_FILE)
        self.add_metrics(folder, time)
        self.tags |= text({name: value for name, value in data.items() if name != "columns"})
        self.files += [str(folder / name) for name in ARTIFACTS]
        if data:  # else the run failed before it read the data
            self.datasets = [dataset_of(data)]

    def add_metrics(self, folder: Path, time: int) -> None:
        """Add the metrics in the folder of a job."""
        self.metrics += [(name, value, time, 0) for name, value in read_metrics(folder).items()]


def dataset_of(data: dict[str, Any]) -> dict[str, str]:
    """Return the facts of `data.json` as those of an MLflow dataset."""
    columns = data.get("columns", {})  # older folders of a study have none
    schema = [{"name": name, "type": kind, "required": True} for name, kind in columns.items()]
    size = {"num_rows": data["n_ratings"], "num_elements": data["n_ratings"] * len(columns)}
    return {
        "name": str(data["dataset"]),
        "digest": str(data["ratings_digest"]),
        "source": json.dumps({"dataset": data["dataset"]}),
        "schema": json.dumps({"mlflow_colspec": schema}),
        "profile": json.dumps(size),
    }


def job_key(parent: str, number: int | str, folder: str | Path) -> str:
    """Return the key of the run of a trial's job."""
    return f"{parent}/{number}@{folder}"


def missing_key(parent: str, number: int | str) -> str:
    """Return the key of the run of a trial that has no job, or whose job recorded nothing."""
    return f"{parent}/{number}"


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return int(time.time() * 1000)


def text(values: dict[str, Any]) -> dict[str, str]:
    """Return values as text for parameters and tags, with secrets masked."""
    return {key: "null" if value is None else str(value) for key, value in mask_values(values).items()}


def read_entry(file: Path) -> Entry | None:
    """Read an entry; None if the file is damaged."""
    try:
        return Entry.from_json(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        return None
