"""`links.json`: ids of the MLflow run that records a folder's run or trial."""

from __future__ import annotations

import json
from pathlib import Path

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.results.schema import LINKS_FILE


def write_links(folder: Path, links: dict[str, str]) -> None:
    """Write the links of a run into its folder, if the folder still exists."""
    try:
        atomic_write(folder / LINKS_FILE, json.dumps(links, indent=1))
    except FileNotFoundError:
        return
