"""`links.json`: what a folder says about where else its run or trial is recorded."""

from __future__ import annotations

import json
from pathlib import Path

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.results.schema import LINKS_FILE


def write_links(folder: Path, links: dict[str, str]) -> None:
    """Write the links of a run into its folder, which is whole at any time; not if the folder is gone."""
    try:
        atomic_write(folder / LINKS_FILE, json.dumps(links, indent=1))
    except FileNotFoundError:
        return
