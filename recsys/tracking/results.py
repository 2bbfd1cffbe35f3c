"""The sweep's results say where MLflow holds them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from recsys.runs.trials import RESULTS_FILE, read_results


def add_links(folder: Path, links: dict[str, str]) -> None:
    """Add ids of MLflow runs to `optimization_results.yaml`, which is whole at any time.

    A sweep over given values, without Optuna, has no such file, and is given none. The file is the sweeper's:
    where another process at the study has just written it anew, what it wrote is read again.
    """
    path = folder / RESULTS_FILE
    while (seen := _stamp(path)) is not None and not _add(path, links, seen):
        pass


def _add(path: Path, links: dict[str, str], seen: tuple[int, int]) -> bool:
    """Add the links; false if the file is no longer the one that was seen."""
    import yaml

    results = read_results(path.parent)
    if results.items() >= links.items():
        return True
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(yaml.safe_dump(results | links, sort_keys=False, allow_unicode=True))
    Path(new).chmod(0o644)  # mkstemp makes files that only their owner may read
    if _stamp(path) != seen:
        Path(new).unlink()
        return False
    Path(new).replace(path)
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when the file is replaced; none where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
