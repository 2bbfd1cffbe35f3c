"""What a job leaves in its folder, as the record has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recsys.runs.files import CONFIG_FILE, DATA_FILE, METRICS_FILE, RULES_FILE, RULES_TABLE_FILE
from recsys.runs.trials import read_json
from recsys.tracking.entry import Entry, text

ARTIFACTS = (CONFIG_FILE, RULES_FILE, RULES_TABLE_FILE)  # overrides are a tag, metrics metrics


def add_results(entry: Entry, folder: Path, time: int) -> None:
    """Add to an entry about a job's run what the job left; one that failed early has left little.

    Parameters
    ----------
    entry : Entry
    folder : Path
        The folder of the job.
    time : int
        When it ended, in milliseconds since 1970.
    """
    data = read_json(folder / DATA_FILE)
    entry.metrics += [(name, value, time, 0) for name, value in read_json(folder / METRICS_FILE).items()]
    entry.tags |= text(data)
    entry.dataset = _dataset(data)
    entry.files += [str(folder / name) for name in ARTIFACTS]


def _dataset(data: dict[str, Any]) -> dict[str, str] | None:
    """What was mined, as an MLflow dataset; a run that failed early has read nothing."""
    if not data:
        return None
    return {
        "name": str(data["dataset"]),
        "digest": str(data["ratings_digest"]),
        "source": json.dumps({"dataset": data["dataset"]}),
        "profile": json.dumps({"num_rows": data["n_ratings"]}),
    }
