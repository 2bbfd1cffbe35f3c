"""Apply entries to MLflow, in as few requests as possible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked, masked_yaml
from recsys.mlflow_store import names
from recsys.mlflow_store.connection import connect
from recsys.mlflow_store.experiment import Destination
from recsys.runs.json_file import write_links
from recsys.tracking.entry import ENDED_BY_TAG, KEY_TAG, STUDY_KEY, End, Entry, Metric, Start
from recsys.tracking.reconcile import NUMBER_TAG, STUDY_TAG, by_trial, corrections, key_of
from recsys.tracking.results import add_links

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run
    from mlflow.store.entities import PagedList

PARENT_TAG = "mlflow.parentRunId"
UNWRITABLE = re.compile(r"['\"\\]")  # in MLflow's filters
LINKED = {"study": STUDY_TAG, "trial": NUMBER_TAG}  # tags in `links.json`


class Record:
    """The runs of one MLflow experiment, which is created if it does not exist.

    Uses MLflow's client, not its fluent functions, which have one active run per process and end it as
    FINISHED at exit even if it failed. Connects at the first entry. Relative paths in entries start at
    `folder`.
    """

    def __init__(self, tracking_uri: str, experiment: str | Destination, folder: Path) -> None:
        self.tracking_uri, self.folder = tracking_uri, folder
        self.destination = experiment if isinstance(experiment, Destination) else Destination(experiment)
        self.open_runs: set[str] = set()  # keys of runs that were started here and not ended
        self._before: dict[str, tuple[dict[str, str], End]] = {}  # tags and end of continued runs
        self._ids: dict[str, str] = {}
        self._listed: set[str] = set()  # keys of runs whose children were read
        self._children: dict[str, Run] = {}  # of those, by their keys, until they are used
        self._parameters: dict[str, dict[str, str]] = {}  # of runs whose parameters are copied

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client; the first access imports MLflow, which takes seconds."""
        return connect(self.tracking_uri)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, found or created."""
        return self.destination.find(self.client, self.tracking_uri)

    def apply(self, entry: Entry) -> None:
        """Apply an entry; idempotent.

        Raises `KeyError` if it is about a run that was never started, and errors of MLflow.
        """
        try:
            self._apply(entry)
        except Exception:
            self._listed.clear()  # MLflow may have applied a request that failed: read again
            raise

    def _apply(self, entry: Entry) -> None:
        parameters: Mapping[str, str] = {}
        tags, end = self._undone(entry) if entry.undo else (entry.tags, entry.end)
        if entry.start:
            parameters, tags = self._start(entry.run, entry.start, tags), {}
        is_news = entry.n_trials is None or _is_news(self._settled(entry.run), entry)
        run_id = self.id_of(entry.run)
        if entry.trials is not None:
            self._reconcile(run_id, entry, is_news)
        self._log(run_id, entry.metrics, parameters, tags if is_news else {})
        if entry.dataset:
            self._log_dataset(run_id, entry.dataset)
        for file in entry.files:
            self._log_file(run_id, self.folder / file)
        if end:
            if is_news:
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
        return next(iter(self._runs_with(key)), None)

    def _runs_with(self, key: str) -> list[Run]:
        query = f"tags.`{KEY_TAG}` = '{key}'"
        if "'" in key:  # MLflow's filters cannot escape it; _ matches any character
            query = f"tags.`{KEY_TAG}` LIKE '{UNWRITABLE.sub('_', key)}'"
        found = self.client.search_runs([self.experiment.experiment_id], query)
        return [run for run in found if run.data.tags[KEY_TAG] == key]

    def _runs_under(self, run_id: str) -> list[Run]:
        """Return the child runs of a run, the oldest first."""
        from mlflow.utils import get_results_from_paginated_fn

        def page(size: int, token: str | None) -> PagedList[Run]:
            query, order = f"tags.`{PARENT_TAG}` = '{run_id}'", ["attributes.start_time ASC"]
            experiments = [self.experiment.experiment_id]
            return self.client.search_runs(
                experiments, query, max_results=size, page_token=token, order_by=order
            )

        return list(get_results_from_paginated_fn(page, 1000))  # type: ignore[no-untyped-call]

    def _start(self, key: str, start: Start, tags: Mapping[str, str]) -> dict[str, str]:
        """Create or continue a run; return the parameters that it does not have yet."""
        run = self._earlier(key, start.parent)
        parent = self.destination.run_id if start.parent is None else self.id_of(start.parent)
        above = {PARENT_TAG: parent} if parent is not None else {}
        parameters = names.parameters(start.parameters)
        if run is None:
            parameters = self._parameters_of(start.like) | parameters
            labels = names.tags({KEY_TAG: key, **tags}) | above
            run = self.client.create_run(self.experiment.experiment_id, start.time, labels, start.name)
            if start.parent is None and key.startswith(STUDY_KEY):
                run = self._settled(key)
        else:
            # MLflow does not allow changes of parameters: a study keeps its first ones.
            parameters = {name: parameters[name] for name in parameters.keys() - run.data.params.keys()}
            self._continue(run, key, start, tags)
            if start.parent is None and above:
                self.client.set_tag(run.info.run_id, PARENT_TAG, parent)
        self._ids[key] = run.info.run_id
        self.open_runs.add(key)
        self._link(run, key, start, tags)
        return parameters

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
            self._children |= {key_of(run): run for run in self._runs_under(self.id_of(parent))}
            self._listed.add(parent)
        return self._children.pop(key, None)

    def _parameters_of(self, key: str | None) -> dict[str, str]:
        if key is not None and key not in self._parameters:
            run = self.find(key)
            self._parameters[key] = dict(run.data.params) if run else {}
        return self._parameters.get(key or "", {})

    def _continue(self, run: Run, key: str, start: Start, tags: Mapping[str, str]) -> None:
        """Continue a run, unless it ended after this start was written: then another process continued it."""
        if run.info.status != "RUNNING":
            if (run.info.end_time or 0) > start.time:
                return
            former = {name: value for name, value in run.data.tags.items() if name in {*tags, ENDED_BY_TAG}}
            self._before[key] = former, End(run.info.status, run.info.end_time or start.time)
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

    def _log(
        self, run_id: str, metrics: list[Metric], parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """Log to a run, in one request if MLflow allows it."""
        from mlflow import entities

        points = (entities.Metric(names.name_of(one[0]), *one[1:]) for one in metrics)
        labels = [entities.RunTag(*pair) for pair in names.tags(tags).items()]
        pairs = (entities.Param(*pair) for pair in names.parameters(parameters).items())
        while True:
            batch = list(islice(points, names.MAX_METRICS)), list(islice(pairs, names.MAX_PARAMS))
            if not (any(batch) or labels):
                return
            self.client.log_batch(run_id, *batch, labels)
            labels = []

    def _reconcile(self, run_id: str, entry: Entry, is_news: bool) -> None:
        """Reconcile the children of a sweep's run with its trials, and link the best."""
        children = self._children_of(entry.run)
        entries = corrections(entry.run, entry.trials or [], children, self.folder.resolve())
        for correction in entries:
            self.apply(correction)
        if any(correction.start for correction in entries):  # another process may have created the same
            children = self._children_of(entry.run)
        links = {"mlflow_parent_run_id": run_id}
        if entry.best is not None and entry.best in children:
            links["mlflow_run_id"] = children[entry.best].info.run_id
            if is_news:
                self.client.set_tag(run_id, "best_run_id", links["mlflow_run_id"])
        if entry.link_results:
            add_links(self.folder, links)

    def _children_of(self, parent: str) -> dict[int, Run]:
        """Return the child runs of the run with a key by trial, after deleting duplicates."""
        children, duplicates = by_trial(parent, self._runs_under(self.id_of(parent)))
        for run in duplicates:
            self.client.delete_run(run.info.run_id)
        self._ids |= {key_of(run): run.info.run_id for run in children.values()}
        return children

    def _log_dataset(self, run_id: str, dataset: Mapping[str, str]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        facts = {**dataset, "digest": dataset["digest"][: names.MAX_DIGEST], "source_type": "code"}
        context = InputTag("mlflow.data.context", "mining")
        self.client.log_inputs(run_id, [DatasetInput(Dataset(**facts), [context])])

    def _log_file(self, run_id: str, path: Path) -> None:
        """Log a file as an artifact; secrets in YAML files are masked."""
        if path.suffix == ".yaml" and path.exists():
            self.client.log_text(run_id, masked_yaml(path.read_text(encoding="utf-8")), path.name)
        elif path.exists():
            self.client.log_artifact(run_id, str(path))


def _is_news(run: Run, entry: Entry) -> bool:
    """Whether an entry is the latest about its study, which may have been continued in another folder."""
    if run.data.metrics.get("n_trials", 0) > (entry.n_trials or 0):
        return False
    over = run.info.status != "RUNNING"
    return not (over and entry.end and (run.info.end_time or 0) > entry.end.time)
