"""The sweep's results say where MLflow holds them."""

from __future__ import annotations

from pathlib import Path

from optuna_sweeper.atomic_write import atomic_open
from optuna_sweeper.results.schema import RESULTS_FILE
from recsys.runs.trials import read_results


class _ReplacedError(Exception):
    """Another process has replaced the file."""


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
    try:
        with atomic_open(path) as file:
            file.write(yaml.safe_dump(results | links, sort_keys=False, allow_unicode=True).encode())
            file.flush()
            if _stamp(path) != seen:
                raise _ReplacedError
    except _ReplacedError:
        return False
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when the file is replaced; none where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
