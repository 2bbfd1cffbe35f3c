"""What is to be put on record, as text: one entry is one small JSON file of the queue.

Runs go by keys that we make, for MLflow's own ids are not known before it has answered. An entry says all
that it needs (times included), so that sending it twice leaves the same record as sending it once.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from optuna_sweeper.safe_text import mask_values

KEY_TAG = "recsys.key"  # the tag that holds our key
STUDY_KEY = "study/"  # how the key of a study's run begins
ENDED_BY_TAG = "ended_by"  # the tag that says why a sweep is over
FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"


@dataclass
class Start:
    """How a run begins.

    Attributes
    ----------
    name : str
    time : int
        Milliseconds since 1970.
    parameters : dict
    parent : str or None
        Key of the run above it.
    like : str or None
        Key of a run whose parameters it has too, where it has no others.
    """

    name: str
    time: int
    parameters: dict[str, str] = field(default_factory=dict)
    parent: str | None = None
    like: str | None = None


@dataclass
class End:
    """How a run ends: FINISHED, FAILED or KILLED, and when (milliseconds since 1970)."""

    status: str
    time: int


@dataclass
class Entry:
    """Something to put on record about one run; the parts are applied in the order of the fields.

    Attributes
    ----------
    run : str
        The run's key.
    start : Start or None
        Make the run, or take it up again if there is one of this key.
    metrics : list of (name, value, milliseconds, step)
    tags : dict
    dataset : dict or None
        name, digest, source and profile of what was read.
    trials : list of dict or None
        The study's trials: children that disagree with them are corrected.
    n_trials : int or None
        How many trials the study had when a sweep said this about its run.
    best : int or None
        The number of the study's best trial, whose run the tag `best_run_id` then names.
    link_results : bool
        Add the ids of this run and the best to the sweep's results.
    files : list of str
        Artifacts, relative to the folder of the queue; those that are missing are passed over.
    end : End or None
    undo : bool
        Leave the run as it was before it was taken up again here; tags and end are for one that was not.
    """

    run: str
    start: Start | None = None
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    dataset: dict[str, str] | None = None
    trials: list[dict[str, Any]] | None = None
    n_trials: int | None = None
    best: int | None = None
    link_results: bool = False
    files: list[str] = field(default_factory=list)
    end: End | None = None
    undo: bool = False

    def to_json(self) -> str:
        """Write the entry as JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Entry:
        """Read an entry that `to_json` wrote."""
        content = json.loads(text)
        start, end = content.pop("start"), content.pop("end")
        metrics = [tuple(metric) for metric in content.pop("metrics")]
        return cls(
            **content,
            metrics=metrics,
            start=Start(**start) if start else None,
            end=End(**end) if end else None,
        )

    def followed_by(self, other: Entry) -> Entry | None:
        """Return both as one, where that says the same: a trial that is over when its start is sent."""
        if self.run != other.run or self.end or self.trials or other.start or other.undo:
            return None
        if self.start and other.n_trials is not None:  # its tags count only if nobody knows better
            return None
        return Entry(
            self.run,
            self.start,
            self.metrics + other.metrics,
            self.tags | other.tags,
            other.dataset or self.dataset,
            other.trials,
            other.n_trials,
            other.best,
            other.link_results,
            [*self.files, *(file for file in other.files if file not in self.files)],
            other.end,
        )


def text(values: dict[str, Any]) -> dict[str, str]:
    """Return the values as MLflow keeps parameters and tags, without secrets."""
    return {key: "null" if value is None else str(value) for key, value in mask_values(values).items()}
