"""Apply entries to MLflow, in as few requests as possible."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from optuna_sweeper.safe_text import masked, masked_yaml
from recsys.mlflow_store.connection import connect
from recsys.mlflow_store.experiment import Destination
from recsys.mlflow_store.names import (
    MAX_DIGEST,
    MAX_METRICS_IN_BATCH,
    MAX_PARAM,
    MAX_PARAMS_IN_BATCH,
    MAX_TAG,
    accepted,
    name_of,
)
from recsys.runs.json_file import write_links
from recsys.tracking.entry import ENDED_BY_TAG, KEY_TAG, STUDY_KEY, End, Entry, Start
from recsys.tracking.reconcile import NUMBER_TAG, STUDY_TAG, reconcile
from recsys.tracking.results import add_links

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

PARENT_TAG = "mlflow.parentRunId"
UNWRITABLE = re.compile(r"['\"\\]")
LINKED = {"study": STUDY_TAG, "trial": NUMBER_TAG}  # tags in `links.json`


class _Before(NamedTuple):
    """State of a run before it was continued: the tags that may have changed, and its end."""

    tags: dict[str, str]
    end: End


class Record:
    """The runs of one MLflow experiment, which is created if it does not exist.

    Uses MLflow's client, not its fluent functions, which have one active run per process and end it as
    FINISHED at exit even if it failed. Connects at the first entry.

    Parameters
    ----------
    tracking_uri : str
        A database URL or the address of a tracking server.
    experiment : str or Destination
        The MLflow experiment, by its name or otherwise.
    folder : Path
        Base of the relative paths in entries.
    """

    def __init__(self, tracking_uri: str, experiment: str | Destination, folder: Path) -> None:
        self.tracking_uri, self.folder = tracking_uri, folder
        self.destination = experiment if isinstance(experiment, Destination) else Destination(experiment)
        self.open_runs: set[str] = set()  # keys of runs that were started here and not ended
        self._before: dict[str, _Before] = {}  # of continued runs
        self._ids: dict[str, str] = {}
        self._listed: set[str] = set()  # keys of runs whose children were read
        self._children: dict[str, Run] = {}  # of those, by their keys, until they are used
        self._places: dict[str, str] = {}  # artifact addresses of runs that were created here
        self._parameters: dict[str, dict[str, str]] = {}  # of runs whose parameters are copied

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client; the first access imports MLflow, which takes seconds."""
        return connect(self.tracking_uri)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, found or created."""
        return self.destination.find(self.client, self.tracking_uri)

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment."""
        return self.experiment.experiment_id

    def apply(self, entry: Entry) -> None:
        """Apply an entry; idempotent.

        Raises
        ------
        KeyError
            If the entry is about a run that was never started.
        mlflow.exceptions.MlflowException
            Errors of MLflow.
        """
        try:
            self._apply(entry)
        except Exception:
            self._listed.clear()  # MLflow may have applied a request that failed: read again
            raise

    def _apply(self, entry: Entry) -> None:
        parameters: Mapping[str, str] = {}
        tags, end = entry.tags, entry.end
        if entry.undo:
            tags, end = self._undone(entry)
        if entry.start:
            parameters, tags = self._start(entry.run, entry.start, tags), {}
        news = True
        if entry.n_trials is not None:
            news = _is_news(self._settled(entry.run), entry)
        run_id = self.id_of(entry.run)
        if entry.trials is not None:
            self._reconcile(run_id, entry, news)
        self._log(run_id, entry.metrics, parameters, tags if news else {})
        if entry.dataset:
            self._log_dataset(run_id, entry.dataset)
        for file in entry.files:
            self._log_file(run_id, file)
        if end:
            if news:
                self.client.set_terminated(run_id, end.status, end.time)
            self.open_runs.discard(entry.run)

    def _undone(self, entry: Entry) -> tuple[dict[str, str], End | None]:
        """Return the tags and the end that restore a run as it was before it was continued here."""
        if entry.run in self._before:
            return self._before[entry.run]
        if self.client.get_run(self.id_of(entry.run)).info.status != "RUNNING":  # it was not continued
            return {}, None
        return entry.tags, entry.end

    def _settled(self, key: str) -> Run:
        """Return the run of a study, after merging duplicates.

        Workers that start at once may each create one. All of them keep the first, by start time and id; the
        children of the others are moved to it and the others deleted.
        """
        runs = self._runs_with(key)
        if not runs:
            raise KeyError(f"MLflow has no run with the tag {KEY_TAG} = {key}")
        first, *others = sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))
        # Our former run may have been deleted by another worker and have new children.
        former = {run.info.run_id for run in others} | {self._ids.get(key, first.info.run_id)}
        for run_id in former - {first.info.run_id}:
            for child in self._runs_under(run_id):
                self.client.set_tag(child.info.run_id, PARENT_TAG, first.info.run_id)
        for run in others:
            self.client.delete_run(run.info.run_id)
        self._ids[key] = first.info.run_id
        return first

    def id_of(self, key: str) -> str:
        """Return MLflow's id of the run with a key."""
        if key not in self._ids:
            run = self.find(key)
            if run is None:
                raise KeyError(f"MLflow has no run with the tag {KEY_TAG} = {key}")
            self._ids[key] = run.info.run_id
        return self._ids[key]

    def find(self, key: str) -> Run | None:
        """Find a run by its key."""
        found = self._runs_with(key)
        return found[0] if found else None

    def _runs_with(self, key: str) -> list[Run]:
        query = f"tags.`{KEY_TAG}` = '{key}'"
        if "'" in key:  # MLflow's filters cannot escape it; _ matches any character
            query = f"tags.`{KEY_TAG}` LIKE '{UNWRITABLE.sub('_', key)}'"
        found = self.client.search_runs([self.experiment_id], query)
        return [run for run in found if run.data.tags[KEY_TAG] == key]

    def children(self, parent: str) -> list[Run]:
        """Return the child runs of the run with a key, the oldest first."""
        return self._runs_under(self.id_of(parent))

    def _runs_under(self, run_id: str) -> list[Run]:
        found: list[Run] = []
        token: str | None = None
        query = f"tags.`{PARENT_TAG}` = '{run_id}'"
        while True:
            page = self.client.search_runs(
                [self.experiment_id], query, page_token=token, order_by=["attributes.start_time ASC"]
            )
            found.extend(page)
            token = page.token
            if not token:
                return found

    def _start(self, key: str, start: Start, tags: Mapping[str, str]) -> dict[str, str]:
        """Create or continue a run; return the parameters that it does not have yet."""
        run = self._earlier(key, start.parent)
        parameters = accepted(start.parameters, MAX_PARAM)
        if run is None:
            parameters = self._parameters_of(start.like) | parameters
            labels = accepted({KEY_TAG: key, **tags}, MAX_TAG)
            if (parent := self._parent_id(start)) is not None:
                labels[PARENT_TAG] = parent
            run = self.client.create_run(self.experiment_id, start.time, labels, start.name)
            self._places[run.info.run_id] = run.info.artifact_uri
            if start.parent is None and key.startswith(STUDY_KEY):
                run = self._settled(key)
        else:
            # MLflow does not allow changes of parameters: a study keeps its first ones.
            parameters = {name: parameters[name] for name in parameters.keys() - run.data.params.keys()}
            self._continue(run, key, start, tags)
            if start.parent is None and (parent := self._parent_id(start)) is not None:
                self.client.set_tag(run.info.run_id, PARENT_TAG, parent)
        self._ids[key] = run.info.run_id
        self.open_runs.add(key)
        self._link(run, key, start, tags)
        return parameters

    def _parent_id(self, start: Start) -> str | None:
        """Return the id of the parent run: that of the sweep, or the given one."""
        return self.destination.run_id if start.parent is None else self.id_of(start.parent)

    def _earlier(self, key: str, parent: str | None) -> Run | None:
        """Find an existing run by key; all children of a sweep are read at once."""
        if key in self._ids:
            run = self.client.get_run(self._ids[key])
            if run.info.lifecycle_stage == "active":
                return run
            kept = self.find(key)  # another process had created the same, and kept its own
            return kept if kept is None or parent is not None else self._settled(key)
        if parent is None:
            return self.find(key)
        if parent not in self._listed:
            self._children |= {run.data.tags.get(KEY_TAG, ""): run for run in self.children(parent)}
            self._listed.add(parent)
        return self._children.pop(key, None)

    def _parameters_of(self, key: str | None) -> dict[str, str]:
        if key is None:
            return {}
        if key not in self._parameters:
            run = self.find(key)
            self._parameters[key] = dict(run.data.params) if run else {}
        return self._parameters[key]

    def _continue(self, run: Run, key: str, start: Start, tags: Mapping[str, str]) -> None:
        """Continue a run, unless it ended after this start was written: then another process continued it."""
        if run.info.status != "RUNNING":
            if (run.info.end_time or 0) > start.time:
                return
            former = {name: value for name, value in run.data.tags.items() if name in {*tags, ENDED_BY_TAG}}
            self._before[key] = _Before(former, End(run.info.status, run.info.end_time or start.time))
            self.client.update_run(run.info.run_id, "RUNNING")
        if ENDED_BY_TAG in run.data.tags:
            self.client.delete_tag(run.info.run_id, ENDED_BY_TAG)
        self._log(run.info.run_id, [], {}, tags)

    def _link(self, run: Run, key: str, start: Start, tags: Mapping[str, str]) -> None:
        """Write the ids of a run into its folder; not for a child that was created without its job."""
        if "output_dir" in tags and (start.parent is None or key.endswith(f"@{tags['output_dir']}")):
            links = {"mlflow_run_id": run.info.run_id, "mlflow_experiment_id": run.info.experiment_id}
            links |= {"mlflow_tracking_uri": masked(self.tracking_uri), "mlflow_key": key}
            links |= {name: tags[tag] for name, tag in LINKED.items() if tag in tags}
            write_links(Path(tags["output_dir"]), links)

    def remember(self, key: str, run_id: str) -> None:
        """Cache the id of a run."""
        self._ids[key] = run_id

    def _log(
        self,
        run_id: str,
        metrics: list[tuple[str, float, int, int]],
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        """Log to a run, in one request if MLflow allows it."""
        from mlflow.entities import Metric, Param, RunTag

        if not (metrics or parameters or tags):
            return
        entries = [Metric(name_of(name), value, at, step) for name, value, at, step in metrics]
        labels = [RunTag(*pair) for pair in accepted(tags, MAX_TAG).items()]
        pairs = iter([Param(*pair) for pair in accepted(parameters, MAX_PARAM).items()])
        first, more = entries[:MAX_METRICS_IN_BATCH], entries[MAX_METRICS_IN_BATCH:]
        self.client.log_batch(run_id, first, list(islice(pairs, MAX_PARAMS_IN_BATCH)), labels)
        while batch := list(islice(pairs, MAX_PARAMS_IN_BATCH)):
            self.client.log_batch(run_id, params=batch)
        while more:
            more, batch_of_metrics = more[1000:], more[:1000]
            self.client.log_batch(run_id, batch_of_metrics)

    def _reconcile(self, run_id: str, entry: Entry, news: bool) -> None:
        """Reconcile the children of a sweep's run with its trials, and link the best."""
        children = reconcile(self, entry.run, entry.trials or [])
        links = {"mlflow_parent_run_id": run_id}
        if entry.best is not None and entry.best in children:
            links["mlflow_run_id"] = children[entry.best]
            if news:
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

    def _log_file(self, run_id: str, file: str) -> None:
        """Log a file as an artifact; secrets in YAML files are masked."""
        path = self.folder / file
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8") if path.suffix == ".yaml" else ""
        if (shown := masked_yaml(text)) == text:
            self._copy(run_id, path)
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, path.name)
            copy.write_text(shown, encoding="utf-8")
            self._copy(run_id, copy)

    def _copy(self, run_id: str, path: Path) -> None:
        place = self._places.get(run_id)
        if place and urlsplit(place).scheme in ("", "file", "mlflow-artifacts"):
            # Saves the request with which the client would read the artifact address.
            from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

            artifacts: Any = get_artifact_repository(place, tracking_uri=self.tracking_uri)
            artifacts.log_artifact(str(path))
        else:
            self.client.log_artifact(run_id, str(path))


def _is_news(run: Run, entry: Entry) -> bool:
    """Whether an entry is the latest about its study, which may have been continued in another folder."""
    if run.data.metrics.get("n_trials", 0) > (entry.n_trials or 0):
        return False
    over = run.info.status != "RUNNING"
    return not (over and entry.end and (run.info.end_time or 0) > entry.end.time)
