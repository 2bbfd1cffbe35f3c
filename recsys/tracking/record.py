"""The record: MLflow runs, started, filled and ended."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
MAX_PARAMS_IN_BATCH = 100  # MLflow refuses more in one request


class Record:
    """The runs of one MLflow experiment, which is made if it does not exist.

    It goes by MLflow's client, not its fluent functions: those keep one run active in a process, and end it
    as FINISHED at exit even when it failed.

    Parameters
    ----------
    tracking_uri : str
        A database URL or the address of a tracking server.
    experiment_name : str
        The MLflow experiment.

    Raises
    ------
    mlflow.exceptions.MlflowException, sqlalchemy.exc.SQLAlchemyError
        If the store cannot be opened; whatever else MLflow raises comes through as it is.
    """

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        self._client = _client(tracking_uri)
        self._experiment_id = _experiment_id(self._client, experiment_name)

    def start(
        self, name: str, parameters: Mapping[str, Any], tags: Mapping[str, Any], parent: str | None = None
    ) -> str:
        """Start a run, a child of `parent` if one is given; return its id."""
        tags = {**_context(), **_text(tags)}
        if parent is not None:
            tags[PARENT_TAG] = parent
        run_id: str = self._client.create_run(self._experiment_id, run_name=name, tags=tags).info.run_id
        _open_runs[run_id] = self._client
        self.log(run_id, parameters=parameters)
        return run_id

    def log(
        self,
        run_id: str,
        metrics: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Add to a run, in one request as far as MLflow allows."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        entries = [Metric(key, value, now, 0) for key, value in (metrics or {}).items()]
        labels = [RunTag(key, value) for key, value in _text(tags or {}).items()]
        pairs = iter([Param(key, value) for key, value in _text(parameters or {}).items()])
        self._client.log_batch(run_id, entries, list(islice(pairs, MAX_PARAMS_IN_BATCH)), labels)
        while batch := list(islice(pairs, MAX_PARAMS_IN_BATCH)):
            self._client.log_batch(run_id, params=batch)

    def keep(self, run_id: str, files: Iterable[Path]) -> None:
        """Copy those files that exist into the run's artifacts."""
        for file in files:
            if file.exists():
                self._client.log_artifact(run_id, str(file))

    def end(self, run_id: str, status: str) -> None:
        """End a run as FINISHED, FAILED or KILLED."""
        self._client.set_terminated(run_id, status)
        _open_runs.pop(run_id, None)

    def children(self, parent: str) -> list[Run]:
        """All runs that were started with this parent."""
        found: list[Run] = []
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], f"tags.`{PARENT_TAG}` = '{parent}'", page_token=token
            )
            found.extend(page)
            token = page.token
            if not token:
                return found


_open_runs: dict[str, MlflowClient] = {}


@atexit.register
def _end_open_runs() -> None:
    """End what an interrupt left open: Hydra calls no callback then."""
    for run_id, client in _open_runs.items():
        client.set_terminated(run_id, "KILLED")


@cache
def _client(tracking_uri: str) -> MlflowClient:
    # MLflow reports its use over the network unless told not to; who wants that can set the variable.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri)


def _experiment_id(client: MlflowClient, name: str) -> str:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            # The UI then shows runs and their charts, not its pages for language models.
            return client.create_experiment(name, tags={"mlflow.experimentKind": "custom_model_development"})
        except MlflowException:
            # Another process may have made it in between.
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    return experiment.experiment_id


@cache
def _context() -> dict[str, str]:
    """User, program and git commit, as MLflow's own functions record them."""
    from mlflow.tracking.context.registry import resolve_tags

    return dict(resolve_tags())


def _text(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: "null" if value is None else str(value) for key, value in values.items()}
