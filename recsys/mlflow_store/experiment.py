"""The MLflow experiment and parent run in which runs are recorded."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

ID_VARIABLE, NAME_VARIABLE, RUN_VARIABLE = "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"
DEFAULT_EXPERIMENT = "recsys"
# Makes the UI show runs and charts instead of its pages for language models.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class Destination:
    """The experiment that runs are recorded in, as given.

    Attributes
    ----------
    name : str or None
        Its name; it is created if it does not exist.
    id : str or None
        Its id. With a name, both must denote the same experiment.
    run_id : str or None
        A run that becomes the parent of runs that have none: that of `mlflow run`. The experiment is this
        run's; a name must denote the same experiment.
    """

    name: str | None = None
    id: str | None = None
    run_id: str | None = None

    def find(self, client: MlflowClient, tracking_uri: str) -> Experiment:
        """Find the experiment, or create it.

        Raises
        ------
        ParameterError
            If there is no such experiment or run, if it is deleted, or if name, id and run disagree.
        mlflow.exceptions.MlflowException
            Errors of MLflow.
        """
        if self.run_id is not None:
            experiment = self._of_run(client, tracking_uri)
        elif self.id is not None:
            experiment = self._of_id(client, tracking_uri)
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

    def _of_run(self, client: MlflowClient, tracking_uri: str) -> Experiment:
        run = _run(client, self.run_id or "")
        if run is None or run.info.lifecycle_stage != "active":
            raise ParameterError(
                RUN_VARIABLE,
                f"the id of a run in {masked(tracking_uri)}",
                self.run_id,
                f"Unset {RUN_VARIABLE}.",
            )
        experiment = client.get_experiment(run.info.experiment_id)
        if self.name not in (None, experiment.name):
            raise ParameterError(
                "experiment_name",
                f"{experiment.name!r}, the experiment of the run {RUN_VARIABLE}={self.run_id}",
                self.name,
                f"Leave experiment_name out, or unset {RUN_VARIABLE}.",
            )
        return experiment

    def _of_id(self, client: MlflowClient, tracking_uri: str) -> Experiment:
        from mlflow.exceptions import MlflowException

        try:
            experiment = client.get_experiment(self.id or "")
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise ParameterError(
                ID_VARIABLE,
                f"the id of an experiment in {masked(tracking_uri)}",
                self.id,
                f"Unset {ID_VARIABLE}, or name an experiment: experiment_name=other.",
            ) from error
        if self.name not in (None, experiment.name):
            raise ParameterError(
                NAME_VARIABLE,
                f"{experiment.name!r}, the experiment {ID_VARIABLE}={self.id}",
                self.name,
                "Unset one of the two.",
            )
        return experiment


def _run(client: MlflowClient, run_id: str) -> Run | None:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _found_or_made(client: MlflowClient, name: str) -> Experiment:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return client.get_experiment(client.create_experiment(name, tags=EXPERIMENT_TAGS))
        except MlflowException:
            # Another process may have created it in between.
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    return experiment
