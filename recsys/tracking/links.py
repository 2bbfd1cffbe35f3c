"""`links.json`: what a folder says about where else its run or trial is recorded."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from recsys.trials import LINKS_FILE


def write_links(folder: Path, links: dict[str, str]) -> None:
    """Write the links of a run into its folder, which is whole at any time; not if the folder is gone."""
    try:
        handle, new = tempfile.mkstemp(dir=folder, prefix=f".{LINKS_FILE}.")
    except FileNotFoundError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(links, indent=1))
    Path(new).chmod(0o644)  # mkstemp makes files that only their owner may read
    Path(new).replace(folder / LINKS_FILE)
