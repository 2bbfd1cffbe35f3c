"""The record: entries become MLflow runs, in as few requests as MLflow allows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.tracking.entry import KEY_TAG, Entry, Start
from recsys.tracking.reconcile import reconcile
from recsys.tracking.results import add_links

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
MAX_PARAMS_IN_BATCH = 100  # MLflow refuses more in one request
MAX_PARAM, MAX_TAG, MAX_DIGEST = 6000, 8000, 36  # characters that MLflow keeps

# MLflow by itself asks an address that does not answer for several minutes. Who wants that can set these.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class Record:
    """The runs of one MLflow experiment, which is made if it does not exist.

    It goes by MLflow's client, not its fluent functions: those keep one run active in a process, and end it
    as FINISHED at exit even when it failed. Nothing is asked of MLflow before the first entry.

    Parameters
    ----------
    tracking_uri : str
        A database URL or the address of a tracking server.
    experiment_name : str
        The MLflow experiment.
    folder : Path
        What the files of entries are relative to.
    """

    def __init__(self, tracking_uri: str, experiment_name: str, folder: Path) -> None:
        self.tracking_uri, self.experiment_name, self.folder = tracking_uri, experiment_name, folder
        self.open_runs: set[str] = set()  # keys of those that were started here and not ended
        self._ids: dict[str, str] = {}

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client; the first use imports MLflow, which takes seconds."""
        # MLflow reports its use over the network unless told not to; who wants that can set the variable.
        # Its log repeats with a traceback what it raises, and lists the tables that it makes.
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "CRITICAL"}
        for name, value in (quiet | PATIENCE).items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.tracking_uri)

    @cached_property
    def experiment_id(self) -> str:
        """The experiment, found or made."""
        from mlflow.exceptions import MlflowException

        experiment = self.client.get_experiment_by_name(self.experiment_name)
        if experiment is None:
            try:
                # The UI then shows runs and their charts, not its pages for language models.
                kind = {"mlflow.experimentKind": "custom_model_development"}
                return self.client.create_experiment(self.experiment_name, tags=kind)
            except MlflowException:
                # Another process may have made it in between.
                experiment = self.client.get_experiment_by_name(self.experiment_name)
                if experiment is None:
                    raise
        return experiment.experiment_id

    def apply(self, entry: Entry) -> None:
        """Put an entry on record. Doing so again changes nothing.

        Raises
        ------
        KeyError
            If the entry is about a run that was never started.
        mlflow.exceptions.MlflowException
            Whatever MLflow raises comes through as it is.
        """
        parameters: Mapping[str, str] = {}
        tags = entry.tags
        if entry.start:
            parameters, tags = self._start(entry.run, entry.start, tags), {}
        run_id = self.id_of(entry.run)
        self._log(run_id, entry.metrics, parameters, tags)
        if entry.dataset:
            self._log_dataset(run_id, entry.dataset)
        if entry.trials is not None:
            self._agree(run_id, entry)
        for file in entry.files:
            self._keep(run_id, file)
        if entry.end:
            self.client.set_terminated(run_id, entry.end.status, entry.end.time)
            self.open_runs.discard(entry.run)

    def id_of(self, key: str) -> str:
        """MLflow's id of the run with our key."""
        if key not in self._ids:
            run = self.find(key)
            if run is None:
                raise KeyError(f"MLflow has no run with the tag {KEY_TAG} = {key}")
            self._ids[key] = run.info.run_id
        return self._ids[key]

    def find(self, key: str) -> Run | None:
        """Find a run by our key."""
        found = self.client.search_runs([self.experiment_id], f"tags.`{KEY_TAG}` = '{key}'", max_results=1)
        return found[0] if found else None

    def children(self, parent: str) -> list[Run]:
        """All runs under the run with this key, the oldest first."""
        found: list[Run] = []
        token: str | None = None
        question = f"tags.`{PARENT_TAG}` = '{self.id_of(parent)}'"
        while True:
            page = self.client.search_runs(
                [self.experiment_id], question, page_token=token, order_by=["attributes.start_time ASC"]
            )
            found.extend(page)
            token = page.token
            if not token:
                return found

    def _start(self, key: str, start: Start, tags: Mapping[str, str]) -> dict[str, str]:
        """Make a run or take one up again; return the parameters that it does not have yet."""
        run = self.find(key)
        parameters = start.parameters
        if run is None:
            tags = {KEY_TAG: key, **tags}
            if start.parent is not None:
                tags[PARENT_TAG] = self.id_of(start.parent)
            run = self.client.create_run(self.experiment_id, start.time, _cut(tags, MAX_TAG), start.name)
        else:
            # Parameters cannot be changed: a study keeps those that it began with.
            parameters = {name: parameters[name] for name in parameters.keys() - run.data.params.keys()}
            if run.info.status != "RUNNING":
                self.client.update_run(run.info.run_id, "RUNNING")
            self._log(run.info.run_id, [], {}, tags)
        self._ids[key] = run.info.run_id
        self.open_runs.add(key)
        return parameters

    def remember(self, key: str, run_id: str) -> None:
        """Know the id of a run with our key without asking MLflow."""
        self._ids[key] = run_id

    def _log(
        self,
        run_id: str,
        metrics: list[tuple[str, float, int, int]],
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        """Add to a run, in one request as far as MLflow allows."""
        from mlflow.entities import Metric, Param, RunTag

        if not (metrics or parameters or tags):
            return
        entries = [Metric(*metric) for metric in metrics]
        labels = [RunTag(*pair) for pair in _cut(tags, MAX_TAG).items()]
        pairs = iter([Param(*pair) for pair in _cut(parameters, MAX_PARAM).items()])
        first, more = entries[:800], entries[800:]
        self.client.log_batch(run_id, first, list(islice(pairs, MAX_PARAMS_IN_BATCH)), labels)
        while batch := list(islice(pairs, MAX_PARAMS_IN_BATCH)):
            self.client.log_batch(run_id, params=batch)
        while more:
            more, batch_of_metrics = more[1000:], more[:1000]
            self.client.log_batch(run_id, batch_of_metrics)

    def _agree(self, run_id: str, entry: Entry) -> None:
        """Make the children of a sweep's run agree with its trials, and say which of them is the best."""
        children = reconcile(self, entry.run, entry.trials or [])
        links = {"mlflow_parent_run_id": run_id}
        if entry.best is not None and entry.best in children:
            links["mlflow_run_id"] = children[entry.best]
            self._log(run_id, [], {}, {"best_run_id": children[entry.best]})
        if entry.link_results:
            add_links(self.folder, links)

    def _log_dataset(self, run_id: str, dataset: Mapping[str, str]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        what = Dataset(
            name=dataset["name"],
            digest=dataset["digest"][:MAX_DIGEST],
            source_type="code",
            source=dataset["source"],
            profile=dataset["profile"],
        )
        self.client.log_inputs(run_id, [DatasetInput(what, [InputTag("mlflow.data.context", "mining")])])

    def _keep(self, run_id: str, file: str) -> None:
        """Copy a file that the run left into its artifacts."""
        path = self.folder / file
        if path.exists():
            self.client.log_artifact(run_id, str(path))


def _cut(values: Mapping[str, Any], length: int) -> dict[str, str]:
    return {key: value[:length] for key, value in values.items()}
