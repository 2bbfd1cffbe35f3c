"""The model registry: versions of a model in MLflow, their aliases and tags.

A version is a bundle, logged as an MLflow model. The latest has the alias `challenger`, the one that is
served `champion`; see `recsys.models.promotion`.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper.results.schema import LINKS_FILE
from recsys.errors import DataNotFoundError, RecsysError, RegistryError
from recsys.metrics import SHORT
from recsys.mlflow_store.experiment import Destination
from recsys.mlflow_store.names import name_of
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import BUNDLE_FILE, read_description
from recsys.models.evaluation_data import EvaluationData
from recsys.models.mlflow_model import download, load_bundle, log_model
from recsys.models.model_card import model_card
from recsys.models.self_check import self_check
from recsys.models.store import NAME, mlflow_client, pointed_at, registry_command, tracking_address
from recsys.models.version_history import GATE, PROMOTED, REFUSED, ROLLED_BACK
from recsys.runs.json_file import read_json

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHALLENGER, CHAMPION = "challenger", "champion"
PREVIOUS_TAG = "previous_champions"  # the former champions of a version, the latest last
KEPT = 100  # former champions in the tag
VERSIONS_TAG = "mlflow.modelVersions"  # of a logged model: its versions, which MLflow's UI links
MODEL_DESCRIPTION = (
    "Recommenders of recsys. The service answers with the version that has the alias `champion`; the latest "
    "is the `challenger`, which becomes the champion if it passes the gate."
)
TAGS = ("recommender", "dataset", "ratings_digest", "transactions_digest", "fitted_on", "git_commit")


class Registry:
    """The versions of one registered model, which `add` creates.

    MLflow is at `tracking_uri`, by default MLFLOW_TRACKING_URI or `sqlite:///mlflow.db`. Every method raises
    `RegistryError` if MLflow refuses or a version cannot be used, `DataNotFoundError` if there is none.
    """

    def __init__(self, name: str = NAME, tracking_uri: str | None = None) -> None:
        self.name, self.address = name, tracking_address(tracking_uri)

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the latest first; empty if there is no such model.

        Their tags are metadata and test metrics; ndcg@10 is named ndcg_at_10.
        """
        with self._client() as client:
            aliases = _aliases(client, self.name)
            found = client.search_model_versions(f"name = '{self.name}'")
        for version in found:  # MLflow leaves them out of a search in a database
            version.aliases = sorted(alias for alias in aliases if aliases[alias] == str(version.version))
        return sorted(found, key=lambda version: -int(version.version))

    def with_alias(self, alias: str) -> str | None:
        """Return the number of the version with an alias; None if there is none."""
        with self._client() as client:
            return _aliases(client, self.name).get(alias)

    def number(self, version: str | None, alias: str) -> str:
        """Return the number of an existing version: the given one, or the one with an alias."""
        number = self.with_alias(alias) if version is None else version
        if number is None:
            raise DataNotFoundError(
                f"{self.name} has no {alias}. Register a version "
                f"({registry_command(self.name, 'register', '--latest')}), or give the number of one."
            )
        with self._client() as client:
            return str(client.get_model_version(self.name, number).version)

    def load(self, number: str) -> Bundle:
        """Load the bundle of a version."""
        return load_bundle(self._uri(number), self.address)

    def load_servable(self, number: str) -> Bundle:
        """Load a version and run the checks of a starting service; raise RegistryError if it fails."""
        try:
            bundle = self.load(number)
            self_check(bundle, number)
        except RecsysError as error:
            again = registry_command(self.name, "register", "FOLDER")
            raise RegistryError(
                f"Version {number} of {self.name} cannot be served, and does not become the champion: "
                f"{error} Register its run again ({again}), or promote another."
            ) from error
        return bundle

    def settings(self, number: str) -> dict[str, Any]:
        """Return the configuration that a version was fitted with."""
        with tempfile.TemporaryDirectory() as folder:
            path = download(self._uri(number), BUNDLE_FILE, Path(folder), self.address)
            settings = read_description(path.parent)["metadata"].get("config")
        if not settings:
            raise RegistryError(f"Version {number} of {self.name} has no configuration to refit.")
        return dict(settings)

    def add(self, bundle: Bundle, folder: Path, data: EvaluationData) -> tuple[str, bool]:
        """Register the bundle of a run's folder as the challenger, with its metrics on some data.

        Return its number, and whether MLflow has the run. If not, the version has a run of its own.
        """
        links, metadata = read_json(folder / LINKS_FILE), bundle.metadata
        tags = {tag: str(metadata[tag]) for tag in TAGS if metadata.get(tag)}
        tags |= {key: links[key] for key in ("study", "trial") if key in links}
        tags |= {name_of(metric): f"{value:{SHORT}}" for metric, value in metadata["metrics"].items()}
        recorded = self._run(links["mlflow_run_id"]) if "mlflow_run_id" in links else None
        with self._client() as client:
            run = recorded or self._new_run(client, folder)
            run_id, experiment_id = run.info.run_id, run.info.experiment_id
            model_id = log_model(bundle, self.address, experiment_id, run_id, run.data.params)
            data.log(client, run_id, model_id)
            if not client.search_registered_models(f"name = '{self.name}'"):
                client.create_registered_model(self.name, description=MODEL_DESCRIPTION)
            with pointed_at(self.address):  # MLflow looks the model up at the tracking URI of the process
                made = client.create_model_version(
                    self.name, f"models:/{model_id}", run_id, tags, description=model_card(bundle)
                )
            number = str(made.version)
            versions = json.dumps([{"name": self.name, "version": number}])
            client.set_logged_model_tags(model_id, {VERSIONS_TAG: versions})
            client.set_registered_model_alias(self.name, CHALLENGER, number)
        return number, recorded is not None

    def set_champion(self, number: str, champion: str | None, tags: dict[str, str]) -> None:
        """Make a version the champion and tag it; RegistryError if the champion is not the given one."""
        with self._client() as client:
            now = _aliases(client, self.name).get(CHAMPION)
            if now != champion:
                then, now = (f"version {one}" if one else "none" for one in (champion, now))
                again = registry_command(self.name, "promote", number)
                raise RegistryError(
                    f"Version {number} of {self.name} was measured against {then}, and meanwhile the "
                    f"champion is {now}. Measure it against that: {again}"
                )
            before = [*self._previous(client, champion), champion] if champion else []
            tags = tags | {PREVIOUS_TAG: ",".join(before[-KEPT:]), PROMOTED: _now()}
            for tag, value in tags.items():
                client.set_model_version_tag(self.name, number, tag, value)
            client.set_registered_model_alias(self.name, CHAMPION, number)

    def set_refused(self, number: str, checks: str) -> None:
        """Tag a version that the gate has refused with its checks in words."""
        with self._client() as client:
            for tag, value in {GATE: checks, REFUSED: _now()}.items():
                client.set_model_version_tag(self.name, number, tag, value)

    def rollback(self) -> tuple[str, str]:
        """Undo the latest promotion; return the numbers of the champion and of the one that it replaces."""
        champion = self.with_alias(CHAMPION)
        if champion is None:
            raise RegistryError(f"{self.name} has no champion to roll back. Promote a version first.")
        with self._client() as client:
            before = self._previous(client, champion)
            if not before:
                raise RegistryError(
                    f"Version {champion} of {self.name} is its first champion: there is none before."
                )
            previous = before.pop()
            self.load_servable(previous)
            # Its tag may be of a later promotion, which is undone.
            client.set_model_version_tag(self.name, previous, PREVIOUS_TAG, ",".join(before))
            client.set_registered_model_alias(self.name, CHAMPION, previous)
            client.set_model_version_tag(self.name, champion, ROLLED_BACK, _now())
        return previous, champion

    def _client(self) -> AbstractContextManager[MlflowClient]:
        return mlflow_client(self.address)

    def _uri(self, number: str) -> str:
        return f"models:/{self.name}/{number}"

    def _run(self, run_id: str) -> Run | None:
        """Return a run; None if MLflow does not have it."""
        try:
            with self._client() as client:
                return client.get_run(run_id)
        except DataNotFoundError:
            return None

    def _new_run(self, client: MlflowClient, folder: Path) -> Run:
        """Make a run for the metrics of a model whose own run MLflow does not have."""
        experiment = Destination(NAME).find(client, self.address)
        run = client.create_run(
            experiment.experiment_id, tags={"output_dir": str(folder)}, run_name=folder.name
        )
        client.set_terminated(run.info.run_id)
        return run

    def _previous(self, client: MlflowClient, champion: str) -> list[str]:
        """Return the numbers of the former champions, the latest last."""
        before = client.get_model_version(self.name, champion).tags.get(PREVIOUS_TAG, "")
        return before.split(",") if before else []


def _aliases(client: MlflowClient, name: str) -> dict[str, str]:
    """Return the version of each alias; empty if there is no such model."""
    found = client.search_registered_models(f"name = '{name}'")
    return {alias: str(number) for one in found for alias, number in one.aliases.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
