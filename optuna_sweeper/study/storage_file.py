"""Storages that are files, by their addresses; imports neither Optuna nor Hydra."""

from pathlib import Path
from typing import Any

JOURNAL, SQLITE = "journal:", "sqlite:///"


def storage_file(storage: Any, folder: Path | None = None) -> Path | None:
    """Return the path of a storage that is a file, otherwise None; see `storage.make_storage`."""
    if not isinstance(storage, str):
        return None
    for scheme in (JOURNAL, SQLITE):
        name = storage.removeprefix(scheme)
        if storage.startswith(scheme) and not name.startswith((":memory:", "file:")):
            return (folder or Path.cwd()) / name if name else None
    return None
