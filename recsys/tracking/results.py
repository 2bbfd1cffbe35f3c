"""Add ids of MLflow runs to the results of a sweep."""

from __future__ import annotations

from pathlib import Path

from optuna_sweeper.atomic_write import atomic_open
from optuna_sweeper.results.schema import RESULTS_FILE
from recsys.runs.trials import read_results


class _ReplacedError(Exception):
    """Another process has replaced the file."""


def add_links(folder: Path, links: dict[str, str]) -> None:
    """Add ids of MLflow runs to `optimization_results.yaml`, if it exists.

    If another process replaces the file meanwhile, its content is read again.
    """
    path = folder / RESULTS_FILE
    while (seen := _stamp(path)) is not None and not _add(path, links, seen):
        pass


def _add(path: Path, links: dict[str, str], seen: tuple[int, int]) -> bool:
    """Add the links; return False if the file was replaced since `seen`."""
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
    """Return inode and modification time; None if there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
