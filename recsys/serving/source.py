"""Sources of the served model: a folder, or MLflow's registry."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recsys.errors import DataNotFoundError
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import BUNDLE_FILE
from recsys.models.mlflow_model import is_address, load_bundle
from recsys.models.registry import Registry
from recsys.models.training import load_or_fit
from recsys.models.version_history import VersionSummary, version_history


class ModelSource(Protocol):
    """Names the version to be served, and loads it. Both raise RecsysError if they fail."""

    def version(self) -> str:
        """Return the version to be served."""

    def load(self, version: str) -> Bundle:
        """Load a version."""

    def versions(self) -> list[VersionSummary]:
        """Return all versions, the latest first; empty where only one is known."""


@dataclass(frozen=True)
class FolderSource:
    """The bundle in a folder. Replacing a symbolic link replaces the version."""

    folder: Path

    def version(self) -> str:
        """Return the name of the folder and the time at which its bundle was written."""
        folder = self.folder.resolve()
        try:
            written = (folder / BUNDLE_FILE).stat().st_mtime_ns
        except OSError as error:
            cure = f"Save one: python -m recsys save RUN {shlex.quote(str(self.folder))}"
            raise DataNotFoundError(f"model: there is no bundle in {self.folder}. {cure}") from error
        return f"{folder.name}@{written // 1_000_000}"

    def load(self, version: str) -> Bundle:
        """Load the bundle."""
        return Bundle.load(self.folder.resolve())

    def versions(self) -> list[VersionSummary]:
        """Return none: a folder has no history."""
        return []


@dataclass(frozen=True)
class RegistrySource:
    """A registered model in the MLflow store of MLFLOW_TRACKING_URI, by default `sqlite:///mlflow.db`.

    Parameters
    ----------
    address : str
        `models:/NAME@ALIAS` follows an alias; `models:/NAME/3` always serves one version.
    """

    address: str

    def version(self) -> str:
        """Return the number of the version."""
        name, _, alias = self.address.removeprefix("models:/").partition("@")
        if not alias:
            return self.address.rpartition("/")[2]
        number = Registry(name).with_alias(alias)
        if number is None:
            raise DataNotFoundError(
                f"model: no version of {name} has the alias {alias}. Make one the champion: "
                "make sweep, then python -m recsys registry register --latest; or name another, such as "
                f"models:/{name}@challenger."
            )
        return number

    def load(self, version: str) -> Bundle:
        """Load a version."""
        name, _, alias = self.address.partition("@")
        return load_bundle(f"{name}/{version}" if alias else self.address)

    def versions(self) -> list[VersionSummary]:
        """Return all versions of the registered model, the latest first."""
        name = self.address.removeprefix("models:/")
        registry = Registry(name.partition("@")[0] if "@" in name else name.rpartition("/")[0])
        return version_history(registry.versions())


@dataclass(frozen=True)
class RunSource:
    """The recommender of a run, fitted on all data."""

    folder: Path

    def version(self) -> str:
        """Return the name of the folder."""
        return self.folder.resolve().name

    def load(self, version: str) -> Bundle:
        """Fit the recommender."""
        return load_or_fit(str(self.folder))

    def versions(self) -> list[VersionSummary]:
        """Return none: a run has no history."""
        return []


def source_of(address: str) -> ModelSource:
    """Return the source of an address: `models:/...`, or else a folder."""
    return RegistrySource(address) if is_address(address) else FolderSource(Path(address).expanduser())
