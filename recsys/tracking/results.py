"""Add ids of MLflow runs to the results of a sweep."""

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
    import yaml

    path = folder / RESULTS_FILE
    while (seen := stamp(path)) is not None:
        results = read_results(folder)
        if results.items() >= links.items():
            return
        try:
            with atomic_open(path) as file:
                file.write(yaml.safe_dump(results | links, sort_keys=False, allow_unicode=True).encode())
                file.flush()
                if stamp(path) != seen:
                    raise _ReplacedError
            return
        except _ReplacedError:
            continue


def stamp(path: Path) -> list[int] | None:
    """Return modification time and inode of a file; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return [status.st_mtime_ns, status.st_ino]
