"""`links.json`: what a job, or who watches it, says about where else it is recorded."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from optuna_sweeper.results.schema import LINKS_FILE

log = logging.getLogger(__name__)


def read_links(folder: Path) -> dict[str, Any]:
    """Return what a job's folder says when the job is over; the trial takes it as its attribute ``links``.

    For example ``{"mlflow_run_id": "..."}``. A file that is no JSON object is passed over, with a warning.
    """
    path = folder / LINKS_FILE
    try:
        links = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        links = None
    if not isinstance(links, dict):
        log.warning("%s must hold a JSON object; the trial goes without it.", path)
        return {}
    return links
