"""`links.json`: references from a job to its other records, written by the job or a callback."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from optuna_sweeper.results.schema import LINKS_FILE

log = logging.getLogger(__name__)


def read_links(folder: Path) -> dict[str, Any]:
    """Return the links in a job's folder, e.g. ``{"mlflow_run_id": "..."}``: the trial's attribute ``links``.

    A file that is not a JSON object is ignored with a warning.
    """
    path = folder / LINKS_FILE
    try:
        links = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        links = None
    if not isinstance(links, dict):
        log.warning("%s must be a JSON object; it is ignored.", path)
        return {}
    return links
