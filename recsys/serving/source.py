"""Where the model comes from: a folder, or MLflow's registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recsys.bundle import Bundle
from recsys.errors import DataNotFoundError


class ModelSource(Protocol):
    """Knows which version is to be served, and loads it."""

    def version(self) -> str:
        """Return the version to be served.

        Raises
        ------
        recsys.errors.RecsysError
            If there is none, or it cannot be asked for.
        """
        ...

    def load(self, version: str) -> Bundle:
        """Load a version.

        Raises
        ------
        recsys.errors.RecsysError
            If it cannot be loaded.
        """
        ...


@dataclass(frozen=True)
class FolderSource:
    """The bundle in a folder.

    Where the path is a symbolic link, the folder behind it is the version. Set it anew to serve another.
    """

    folder: Path

    def version(self) -> str:
        """Return the name of the folder and when its bundle was written."""
        folder = self.folder.resolve()
        try:
            written = (folder / "bundle.json").stat().st_mtime_ns
        except OSError as error:
            raise DataNotFoundError(f"model: there is no bundle in {self.folder}.") from error
        return f"{folder.name}@{written // 1_000_000}"

    def load(self, version: str) -> Bundle:
        """Load what is in the folder."""
        return Bundle.load(self.folder.resolve())


def source_of(address: str) -> ModelSource:
    """Return the source that an address names: a folder.

    Raises
    ------
    DataNotFoundError
        If it is neither.
    """
    return FolderSource(Path(address))
