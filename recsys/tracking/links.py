"""Write the ids of MLflow runs into the folder of a job and into the results of a sweep."""

from contextlib import suppress
from pathlib import Path

import yaml

from optuna_sweeper.atomic_write import atomic_open
from optuna_sweeper.results.schema import LINKS_FILE, RESULTS_FILE
from recsys.runs.json_file import write_json
from recsys.runs.trials import read_results


class _ReplacedError(Exception):
    """Another process has replaced the file."""


def write_links(folder: Path, links: dict[str, str]) -> None:
    """Write `links.json`, the ids of a run's MLflow run, if the folder still exists."""
    with suppress(FileNotFoundError):
        write_json(folder / LINKS_FILE, links)


def add_links(folder: Path, links: dict[str, str]) -> None:
    """Add ids of MLflow runs to `optimization_results.yaml`, if it exists.

    If another process replaces the file meanwhile, its content is read again.
    """
    path = folder / RESULTS_FILE
    while (seen := stamp(path)) is not None:
        results = read_results(folder)
        if results.items() >= links.items():
            return
        with suppress(_ReplacedError), atomic_open(path) as file:
            file.write(yaml.safe_dump(results | links, sort_keys=False, allow_unicode=True).encode())
            file.flush()
            if stamp(path) == seen:
                return
            raise _ReplacedError


def stamp(path: Path) -> list[int] | None:
    """Return modification time and inode of a file; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return [status.st_mtime_ns, status.st_ino]
