"""Where the model comes from: a folder, or MLflow's registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recsys.errors import DataNotFoundError
from recsys.models.bundle import Bundle


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


@dataclass(frozen=True)
class RegistrySource:
    """A registered model in MLflow: the version that has an alias.

    The store is that of MLFLOW_TRACKING_URI, or `sqlite:///mlflow.db`.
    """

    name: str
    alias: str

    def version(self) -> str:
        """Return the number of the version with the alias."""
        from recsys.models.registry import alias_version

        number = alias_version(self.name, self.alias)
        if number is None:
            raise DataNotFoundError(
                f"model: no version of {self.name} has the alias {self.alias}. Make one the champion: "
                "make sweep, then python -m recsys registry register --latest; or name another, such as "
                f"--model models:/{self.name}@challenger."
            )
        return number

    def load(self, version: str) -> Bundle:
        """Load the version of a number."""
        from recsys.models.mlflow_model import load_bundle

        return load_bundle(f"models:/{self.name}/{version}")


@dataclass(frozen=True)
class FixedSource:
    """One version of a registered model, as long as the service runs."""

    address: str

    def version(self) -> str:
        """Return its number."""
        return self.address.rpartition("/")[2]

    def load(self, version: str) -> Bundle:
        """Load it."""
        from recsys.models.mlflow_model import load_bundle

        return load_bundle(self.address)


def source_of(address: str) -> ModelSource:
    """Return the source that an address names: an alias, a version, or else a folder."""
    if not address.startswith("models:/"):
        return FolderSource(Path(address).expanduser())
    name, at, alias = address.removeprefix("models:/").partition("@")
    return RegistrySource(name, alias) if at else FixedSource(address)
