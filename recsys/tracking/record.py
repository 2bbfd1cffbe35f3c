"""Apply entries to MLflow, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import masked, masked_yaml
from recsys.mlflow_store.connection import connect
from recsys.mlflow_store.experiment import Destination
from recsys.mlflow_store.names import accepted, name_of
from recsys.mlflow_store.transaction import has_transactions, transaction
from recsys.tracking.entry import STUDY_KEY, End, Entry, Metric, Start, Tag
from recsys.tracking.links import add_links, write_links
from recsys.tracking.reconcile import corrections
from recsys.tracking.run_lookup import PARENT_TAG, RunLookup

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

MAX_PARAM, MAX_TAG, MAX_DIGEST = 6000, 8000, 36  # characters that MLflow accepts
MAX_METRICS, MAX_PARAMS = 800, 100  # in one request
LINKED = {"study": Tag.STUDY, "trial": Tag.NUMBER}  # tags in `links.json`


class Record:
    """The runs of one MLflow experiment, which is created if it does not exist.

    Uses MLflow's client, not its fluent functions, which have one active run per process and end it as
    FINISHED at exit even if it failed. Connects at the first entry. Relative paths in entries start at
    `folder`.
    """

    def __init__(self, tracking_uri: str, destination: Destination, folder: Path) -> None:
        self.tracking_uri, self.destination, self.folder = tracking_uri, destination, folder
        self.open_runs: set[str] = set()  # keys of runs that were started here and not ended
        self._before: dict[str, tuple[dict[str, str], End]] = {}  # tags and end of continued runs
        self._places: dict[str, str] = {}  # of the artifacts of the runs that were started here, by their ids
        self._after: list[Callable[[], None]] | None = None  # in a transaction: what writes files after it

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client; the first access imports MLflow, which takes seconds."""
        return connect(self.tracking_uri)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, found or created."""
        return self.destination.find(self.client, self.tracking_uri)

    @cached_property
    def runs(self) -> RunLookup:
        """The runs of the experiment."""
        return RunLookup(self.client, self.experiment.experiment_id)

    def apply(self, entry: Entry) -> None:
        """Apply an entry; idempotent.

        Raises `KeyError` if it is about a run that was never started, and errors of MLflow.
        """
        runs = self.runs
        try:
            self._apply(entry)
        except Exception:
            runs.forget_children()
            raise

    @cached_property
    def has_transactions(self) -> bool:
        """Whether `apply_together` is possible."""
        return has_transactions(self.client)

    def apply_together(self, entries: Sequence[Entry]) -> None:
        """Apply entries of jobs in one transaction of the store; after an error none of them is applied.

        Files are written after it: an id in a file is that of a run that MLflow has stored.
        """
        runs, ids, open_runs = self.runs, dict(self.runs.ids), set(self.open_runs)
        files: list[Callable[[], None]] = []
        self._after = files
        try:
            with transaction(self.client):
                for entry in entries:
                    self._apply(entry)
        except Exception:
            runs.ids, self.open_runs = ids, open_runs
            runs.forget_children()
            raise
        finally:
            self._after = None
        for write in files:
            write()

    def _write(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function that writes a file with ids of MLflow: now, or after the transaction."""
        if self._after is None:
            function(*arguments)
        else:
            self._after.append(partial(function, *arguments))

    def _apply(self, entry: Entry) -> None:
        parameters: Mapping[str, str] = {}
        tags, end = self._undone(entry) if entry.undo else (entry.tags, entry.end)
        if entry.start:
            parameters, tags = self._start(entry.run, entry.start, tags), {}
        is_latest = entry.n_trials is None or _is_latest(self.runs.settled(entry.run), entry)
        run_id = self.runs.id_of(entry.run)
        if entry.trials is not None:
            self._reconcile(run_id, entry, is_latest)
        self._log(run_id, entry.metrics, parameters, tags if is_latest else {})
        if entry.datasets:
            self._log_datasets(run_id, entry.datasets)
        for file in entry.files:
            self._write(self._log_file, run_id, self.folder / file)
        if end:
            if is_latest:
                self.client.set_terminated(run_id, end.status, end.time)
            self.open_runs.discard(entry.run)

    def _undone(self, entry: Entry) -> tuple[dict[str, str], End | None]:
        """Return the tags and the end that restore a run as it was before it was continued here."""
        if entry.run in self._before:
            return self._before[entry.run]
        if self.client.get_run(self.runs.id_of(entry.run)).info.status != "RUNNING":  # not continued
            return {}, None
        return entry.tags, entry.end

    def _start(self, key: str, start: Start, tags: Mapping[str, str]) -> dict[str, str]:
        """Create or continue a run; return the parameters that it does not have yet."""
        run = self.runs.earlier(key, start.parent)
        parent = self.destination.run_id if start.parent is None else self.runs.id_of(start.parent)
        above = {PARENT_TAG: parent} if parent is not None else {}
        parameters = accepted(start.parameters, MAX_PARAM)
        if run is None:
            if start.like is not None:
                parameters = self.runs.parameters_of(start.like) | parameters
            labels = accepted({Tag.KEY: key, **tags}, MAX_TAG) | above
            run = self.client.create_run(self.experiment.experiment_id, start.time, labels, start.name)
            if start.parent is None and key.startswith(STUDY_KEY):
                run = self.runs.settled(key)
        else:
            # MLflow does not allow changes of parameters: a study keeps its first ones.
            parameters = {name: parameters[name] for name in parameters.keys() - run.data.params.keys()}
            self._continue(run, key, start, tags)
            if start.parent is None and above:
                self.client.set_tag(run.info.run_id, PARENT_TAG, parent)
        self.runs.ids[key] = run.info.run_id
        self._places[run.info.run_id] = run.info.artifact_uri
        self.open_runs.add(key)
        self._link(run, key, start, tags)
        return parameters

    def _continue(self, run: Run, key: str, start: Start, tags: Mapping[str, str]) -> None:
        """Continue a run, unless it ended after this start was written: then another process continued it."""
        if run.info.status != "RUNNING":
            if (run.info.end_time or 0) > start.time:
                return
            former = {name: value for name, value in run.data.tags.items() if name in {*tags, Tag.ENDED_BY}}
            self._before[key] = former, End(run.info.status, run.info.end_time or start.time)
            self.client.update_run(run.info.run_id, "RUNNING")
        if Tag.ENDED_BY in run.data.tags:
            self.client.delete_tag(run.info.run_id, Tag.ENDED_BY)
        self._log(run.info.run_id, [], {}, tags)

    def _link(self, run: Run, key: str, start: Start, tags: Mapping[str, str]) -> None:
        """Write the ids of a run into its folder; not for a child that was created without its job."""
        if "output_dir" in tags and (start.parent is None or key.endswith(f"@{tags['output_dir']}")):
            links = {"mlflow_run_id": run.info.run_id, "mlflow_experiment_id": run.info.experiment_id}
            links |= {"mlflow_tracking_uri": masked(self.tracking_uri), "mlflow_key": key}
            links |= {name: tags[tag] for name, tag in LINKED.items() if tag in tags}
            self._write(write_links, Path(tags["output_dir"]), links)

    def _log(
        self, run_id: str, metrics: list[Metric], parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        from mlflow import entities

        points = (entities.Metric(name_of(one[0]), *one[1:]) for one in metrics)
        labels = [entities.RunTag(*pair) for pair in accepted(tags, MAX_TAG).items()]
        pairs = (entities.Param(*pair) for pair in parameters.items())
        while True:
            batch = list(islice(points, MAX_METRICS)), list(islice(pairs, MAX_PARAMS))
            if not (any(batch) or labels):
                return
            self.client.log_batch(run_id, *batch, labels)
            labels = []

    def _reconcile(self, run_id: str, entry: Entry, is_latest: bool) -> None:
        """Reconcile the children of a sweep's run with its trials, and link the best."""
        children = self.runs.children_of(entry.run)
        entries = corrections(entry.run, entry.trials or [], children, self.folder.resolve())
        for correction in entries:
            self.apply(correction)
        if any(correction.start for correction in entries):  # another process may have created the same
            children = self.runs.children_of(entry.run)
        links = {"mlflow_parent_run_id": run_id}
        if entry.best is not None and entry.best in children:
            links["mlflow_run_id"] = children[entry.best].info.run_id
            if is_latest:
                self.client.set_tag(run_id, "best_run_id", links["mlflow_run_id"])
        if entry.link_results:
            add_links(self.folder, links)

    def _log_datasets(self, run_id: str, datasets: list[dict[str, str]]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        context = InputTag("mlflow.data.context", "mining")
        inputs = []
        for dataset in datasets:
            facts = {**dataset, "digest": dataset["digest"][:MAX_DIGEST], "source_type": "code"}
            inputs.append(DatasetInput(Dataset(**facts), [context]))
        self.client.log_inputs(run_id, inputs)

    def _log_file(self, run_id: str, path: Path) -> None:
        """Log a file as an artifact; secrets in YAML files are masked."""
        if not path.exists():
            return
        if path.suffix != ".yaml":
            self._log_artifact(run_id, path)
            return
        with TemporaryDirectory() as folder:
            shown = Path(folder, path.name)
            shown.write_text(masked_yaml(path.read_text(encoding="utf-8")), encoding="utf-8")
            self._log_artifact(run_id, shown)

    def _log_artifact(self, run_id: str, path: Path) -> None:
        """Log a file; MLflow's client would request the run first, for the place of its artifacts."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        place = self._places.get(run_id)
        if place is None or self.tracking_uri.startswith("databricks"):  # which adds a profile to the place
            self.client.log_artifact(run_id, str(path))
        else:
            repository = get_artifact_repository(place, tracking_uri=self.tracking_uri)
            repository.log_artifact(str(path))  # type: ignore[no-untyped-call]


def _is_latest(run: Run, entry: Entry) -> bool:
    """Whether an entry is the latest about its study, which may have been continued in another folder."""
    if run.data.metrics.get("n_trials", 0) > (entry.n_trials or 0):
        return False
    over = run.info.status != "RUNNING"
    return not (over and entry.end and (run.info.end_time or 0) > entry.end.time)
