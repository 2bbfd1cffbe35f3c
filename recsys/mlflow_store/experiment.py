"""The MLflow experiment and parent run in which runs are recorded."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

Found = TypeVar("Found")

ID_VARIABLE, NAME_VARIABLE, RUN_VARIABLE = "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"
DEFAULT_EXPERIMENT = "recsys"
# Makes the UI show runs and charts instead of its pages for language models.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class Destination:
    """The experiment that runs are recorded in, as given; what is given must denote the same experiment."""

    name: str | None = None  # it is created if it does not exist
    id: str | None = None
    run_id: str | None = None  # becomes the parent of runs that have none, as that of `mlflow run`

    def find(self, client: MlflowClient, tracking_uri: str) -> Experiment:
        """Find the experiment, or create it.

        Raises `ParameterError` if there is no such experiment or run, it is deleted, or name, id and run
        disagree; and errors of MLflow.
        """
        if self.run_id is not None:
            experiment = self._of_run(client, self.run_id, tracking_uri)
        elif self.id is not None:
            experiment = self._of_id(client, self.id, tracking_uri)
        else:
            experiment = _found_or_made(client, self.name or "")
        if experiment.lifecycle_stage != "active":
            raise ParameterError(
                "experiment_name" if self.id is None else ID_VARIABLE,
                "an MLflow experiment that is not deleted",
                experiment.name if self.id is None else self.id,
                f"Restore it: MLFLOW_TRACKING_URI={shlex.quote(masked(tracking_uri))} "
                f"mlflow experiments restore --experiment-id {experiment.experiment_id}. "
                "Or choose another: experiment_name=other.",
            )
        return experiment

    def _of_run(self, client: MlflowClient, run_id: str, tracking_uri: str) -> Experiment:
        run = _existing(client.get_run, run_id)
        if run is None or run.info.lifecycle_stage != "active":
            rule = f"the id of a run in {masked(tracking_uri)}"
            raise ParameterError(RUN_VARIABLE, rule, run_id, f"Unset {RUN_VARIABLE}.")
        experiment = client.get_experiment(run.info.experiment_id)
        cure = f"Leave experiment_name out, or unset {RUN_VARIABLE}."
        self._require_name(experiment, "experiment_name", f"the run {RUN_VARIABLE}={run_id}", cure)
        return experiment

    def _of_id(self, client: MlflowClient, experiment_id: str, tracking_uri: str) -> Experiment:
        experiment = _existing(client.get_experiment, experiment_id)
        if experiment is None:
            rule = f"the id of an experiment in {masked(tracking_uri)}"
            cure = f"Unset {ID_VARIABLE}, or name an experiment: experiment_name=other."
            raise ParameterError(ID_VARIABLE, rule, experiment_id, cure)
        self._require_name(
            experiment, NAME_VARIABLE, f"{ID_VARIABLE}={experiment_id}", "Unset one of the two."
        )
        return experiment

    def _require_name(self, experiment: Experiment, key: str, source: str, cure: str) -> None:
        if self.name not in (None, experiment.name):
            raise ParameterError(key, f"{experiment.name!r}, the experiment of {source}", self.name, cure)


def _existing(get: Callable[[str], Found], given_id: str) -> Found | None:
    """Return what MLflow has under an id; None if there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return get(given_id)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _found_or_made(client: MlflowClient, name: str) -> Experiment:
    from mlflow.exceptions import MlflowException

    if (experiment := client.get_experiment_by_name(name)) is not None:
        return experiment
    try:
        return client.get_experiment(client.create_experiment(name, tags=EXPERIMENT_TAGS))
    except MlflowException:
        # Another process may have created it in between.
        if (experiment := client.get_experiment_by_name(name)) is None:
            raise
        return experiment
