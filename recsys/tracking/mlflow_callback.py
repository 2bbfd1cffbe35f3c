"""Hydra callback that records runs and sweeps in MLflow.

A single run is one MLflow run. A sweep is a parent run with a child for each trial; a continued study
continues its run. The callback writes entries into a queue in the output folder, and a separate process sends
them (`recsys.tracking.sender`): no trial waits for MLflow, or is lost if MLflow fails.
"""

import hashlib
import logging
import os
import shlex
import sys
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode, TaskFunction
from omegaconf import DictConfig, OmegaConf

from optuna_sweeper.quick_import import quick_import
from optuna_sweeper.results.schema import TRIALS_FILE
from optuna_sweeper.safe_text import mask_values, masked
from recsys.composition import plain_value
from recsys.mlflow_store.address import DEFAULT_ADDRESS, WITHOUT_RECORD, page, require_address
from recsys.mlflow_store.experiment import DEFAULT_EXPERIMENT, NAME_VARIABLE
from recsys.runs import exit_handlers
from recsys.runs.log_exceptions import log_exceptions, summary
from recsys.runs.provenance import provenance
from recsys.tracking.entry import STUDY_KEY, End, Entry, Start, Status, Tag, job_key, now, text
from recsys.tracking.links import stamp, write_links
from recsys.tracking.note import NOTE, run_note
from recsys.tracking.queue import Queue
from recsys.tracking.sender_process import SenderProcess
from recsys.tracking.sweep_run import ENDED, INTERRUPTED, LEFT

log = logging.getLogger(__name__)

# Config groups that are not recorded as parameters; the whole config is an artifact.
NO_PARAMETERS = ("hydra", "output", "cache", "experiment_name")

# The modules that every run needs, and every sweep: those with long imports.
NEEDED = ("recsys.pipeline", "recsys.kernel", "recsys.runs.output", "pyarrow.parquet")
SWEEPER = ("optuna_sweeper.run", "optuna.samplers", "recsys.runs.equivalence")
REPORT = ("matplotlib.figure", "matplotlib.backends.backend_agg", "jinja2")  # at the end of a sweep


class MLflowCallback(Callback):
    """Record runs and sweeps in MLflow; conf/hydra/callbacks/mlflow.yaml describes the parameters."""

    def __init__(
        self,
        tracking_uri: str,
        experiment_name: str,
        patience: float = 60.0,
        experiment_id: str | None = None,
        run_id: str | None = None,
    ) -> None:
        self.tracking_uri = tracking_uri or DEFAULT_ADDRESS
        self.experiment_name, self.patience = experiment_name or DEFAULT_EXPERIMENT, patience
        self.experiment_id, self.run_id = experiment_id or None, run_id or None
        self.failures: list[str] = []
        self._tags: dict[str, str] = {}
        self._queue: Queue | None = None
        self._sender: SenderProcess | None = None
        self._parent: str | None = None  # key of the sweep's run
        self._run: str | None = None  # key of the job's run
        self._single = ""  # key of the run that is no sweep's
        self._experiment: dict[str, str] = {}  # name and id of the experiment

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the sender: the processes of a parallel launcher only write into the queue."""
        return self.__dict__ | {"_sender": None}

    @log_exceptions
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the queue of a run."""
        self._single = f"run/{uuid.uuid4().hex}"
        about = {"run": self._single, "started": False}
        self._open(Path(config.hydra.run.dir), self._destination(config) | about)

    @log_exceptions
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the queue of a sweep, and start or continue its run."""
        folder = Path(config.hydra.sweep.dir).resolve()
        study = OmegaConf.select(config, "hydra.sweeper.study_name")
        storage = OmegaConf.select(config, "hydra.sweeper.storage")
        self._tags = {Tag.STUDY: str(study)} if study else {}
        parent = _study_key(study, storage) if study else f"sweep/{uuid.uuid4().hex}"
        objective = {key: list(config.objective[key]) for key in ("metrics", "directions")}
        table = stamp(folder / TRIALS_FILE)
        sweep = {"run": parent, "study": str(study or ""), "objective": objective, "table": table}
        sweep["hydra"] = _typed(config)
        about = self._destination(config) | {"sweep": sweep, "started": False}
        if isinstance(storage, str):  # another process can open the study
            about["study"] = {"storage": storage, "name": study, "base": str(Path.cwd())}
        queue = self._open(folder, about)
        sweeper = _flat(OmegaConf.to_container(config.hydra.sweeper, resolve=True), "sweeper")
        name = f"study {study}" if study else f"sweep {'/'.join(folder.parts[-2:])}"
        self._start(parent, name, _parameters(config) | sweeper, _tags(config, folder))
        self._parent = parent
        queue.note(started=True)

    @log_exceptions
    def on_job_start(self, config: DictConfig, *, task_function: TaskFunction, **kwargs: Any) -> None:
        """Start the run of a job; in a sweep, a child of the sweep's run."""
        folder = Path(config.hydra.runtime.output_dir)
        tags = _tags(config, folder)
        if config.hydra.mode == RunMode.MULTIRUN:
            if self._parent is None:  # its start failed
                return
            number = str(config.hydra.job.num)
            run, name = job_key(self._parent, number, folder), f"trial {number}"
            tags |= {Tag.NUMBER: number, "job_num": number}
            # Becomes an attribute of the trial, with MLflow's id if that is known by then.
            write_links(folder, {"mlflow_key": run})
        else:
            run, name = self._single, "/".join(folder.parts[-2:])
        self._start(run, name, _parameters(config), tags, self._parent)
        if self._queue is not None and self._parent is None:
            self._queue.note(started=True)
        self._run = run

    @log_exceptions
    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Record the results of the job, and end its run."""
        if self._run is None or self._queue is None:  # its start failed
            return
        run, self._run = self._run, None
        folder, time = Path(config.hydra.runtime.output_dir), now()
        tags, status = {}, Status.FINISHED
        if job_return.status != JobStatus.COMPLETED:
            error = job_return._return_value
            pruned = _is_pruned(error)
            status = Status.KILLED if pruned else Status.FAILED
            tags = {"pruned": "true"} if pruned else {"error": f"{type(error).__name__}: {error}"}
        entry = Entry(run, tags=tags, end=End(status, time))
        entry.add_results(folder, time)
        if self._parent is None and status == Status.FINISHED:
            entry.tags[NOTE] = run_note(folder, list(config.hydra.overrides.task))
        # The folder may be moved before it is sent.
        entry.files = [os.path.relpath(file, self._queue.folder) for file in entry.files]
        self._queue.put(entry)

    def on_run_end(self, config: DictConfig, *, job_return: JobReturn, **kwargs: Any) -> None:  # type: ignore[override]
        """Wait for the sender; exit with 1 if MLflow refused entries and the run did not fail."""
        if self._close(ENDED) and job_return.status == JobStatus.COMPLETED:
            sys.exit(1)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Wait for the sender, and log what to do next; exit with 1 if MLflow refused entries."""
        if isinstance(sys.exception(), Exception):
            return  # Hydra 1.4 calls this after a sweep that failed, too, whose record ends with the program
        if self._close(ENDED):
            sys.exit(1)
        folder = shlex.quote(config.hydra.sweep.dir)
        log.info(f"Make a version of the best trial: python -m recsys registry register {folder}")

    def _destination(self, config: DictConfig) -> dict[str, Any]:
        """Return experiment and parent run; the configuration takes precedence over the environment."""
        explicit = not OmegaConf.is_interpolation(config, "experiment_name")
        explicit |= self.experiment_name != config.get("experiment_name")
        by_id = None if explicit or self.run_id else self.experiment_id
        named = explicit or not (by_id or self.run_id)
        if by_id and os.environ.get(NAME_VARIABLE):
            named = True  # both are given, and must denote the same experiment
        name = self.experiment_name if named else None
        return {"experiment_name": name, "experiment_id": by_id, "run_id": self.run_id}

    def _open(self, folder: Path, about: dict[str, Any]) -> Queue:
        address = require_address(self.tracking_uri)
        queue = self._queue = Queue(folder.resolve())
        queue.open(about | Queue.writer() | {"tracking_uri": address})
        self._sender = SenderProcess(queue, self.patience)
        # Hydra calls no callback when a sweep fails or is interrupted.
        exit_handlers.register(self._close)
        self._tags |= provenance()
        if self.patience > 0:
            # While the sender imports MLflow.
            quick_import(*NEEDED, *((*SWEEPER, *REPORT) if about.get("sweep", {}).get("study") else ()))
            import_module("recsys.kernel").prepare()
            self._experiment = self._sender.verdict()
        if "refused" in self._experiment:
            self._sender = None
            exit_handlers.unregister(self._close)
            # Hydra turns an exception in a callback into a warning, but not SystemExit.
            sys.exit(f"{self._experiment['refused'].rstrip('.')}. Without a record: {WITHOUT_RECORD}")
        return queue

    def _start(
        self, run: str, name: str, parameters: dict[str, Any], tags: dict[str, str], parent: str | None = None
    ) -> None:
        if self._queue is not None:
            start = Start(name, now(), text(parameters), parent)
            self._queue.put(Entry(run, start, tags=text(self._tags | tags)))

    def _close(self, word: str | None = None) -> bool:
        """Send the last word, wait for the sender, log the state; return whether MLflow refused entries."""
        self._wait_for_sender(word)
        if self.failures:
            log.error(f"The record is not whole: {summary(self.failures)}")
            self.failures = []
        return self._queue is not None and self._queue.refused is not None

    @log_exceptions
    def _wait_for_sender(self, word: str | None) -> None:
        if self._sender is None or self._queue is None:
            return
        queue, sender, self._sender = self._queue, self._sender, None
        exit_handlers.unregister(self._close)
        # on_job_end is called after an error of a job, but not after Ctrl-C.
        if sender.close(word or (LEFT if self._run is None else INTERRUPTED)):
            name = self._experiment.get("experiment_name", self.experiment_name)
            log.info(f"Recorded in MLflow, experiment {name!r}. Look: {self._page()}")
        elif queue.refused:
            log.error(
                f"The record is not whole: MLflow refused {queue.refusals()}. When that is corrected, "
                f"send it: {queue.sync_command()}"
            )
        else:
            log.warning(
                f"MLflow has not taken all of the record; the rest waits in {queue.path}. "
                f"Send it with: {queue.sync_command()}"
            )

    def _page(self) -> str:
        if self.tracking_uri.startswith(("http://", "https://")):
            server = masked(self.tracking_uri.rstrip("/"))
            return page(server, self._experiment.get("experiment_id"))
        return f"make ui (mlflow ui --backend-store-uri {shlex.quote(masked(self.tracking_uri))})"


def _study_key(name: str, storage: Any) -> str:
    """Return the key of a study's run, the same whenever the study is continued."""
    # Hashed: an address may contain a password.
    return f"{STUDY_KEY}{name}/{hashlib.sha256(str(storage).encode()).hexdigest()[:12]}"


def _tags(config: DictConfig, folder: Path) -> dict[str, str]:
    return {"output_dir": str(folder), "overrides": " ".join(mask_values(list(config.hydra.overrides.task)))}


def _typed(config: DictConfig) -> dict[str, Any]:
    """Return what was typed, with secrets masked, and which parameter is compared."""
    overrides = {kind: mask_values(list(config.hydra.overrides[kind])) for kind in ("task", "hydra")}
    by = OmegaConf.select(config, "hydra.callbacks.compare.by")
    return {"overrides": overrides, "callbacks": {"compare": {"by": by}} if by else {}}


def _parameters(config: DictConfig) -> dict[str, Any]:
    """Return the parameters, flat: {"engine": "bitset", "apriori.min_support": 0.01, ...}."""
    choices = {
        group: choice
        for group, choice in config.hydra.runtime.choices.items()
        if not group.startswith("hydra/") and choice is not None
    }
    # One by one: a merged config would copy all groups, which is slow.
    plain = {str(key): plain_value(config[key]) for key in config if key not in NO_PARAMETERS}
    return choices | _flat(plain)


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, dict) or not node:
        return {prefix: node} if prefix and not prefix.endswith("_target_") else {}
    return {
        key: value
        for name, child in node.items()
        for key, value in _flat(child, f"{prefix}.{name}" if prefix else str(name)).items()
    }


def _is_pruned(error: object) -> bool:
    """Whether a job ended with Optuna's TrialPruned; checked by name, without importing Optuna."""
    kinds = type(error).__mro__
    return any(kind.__name__ == "TrialPruned" and kind.__module__.startswith("optuna") for kind in kinds)
