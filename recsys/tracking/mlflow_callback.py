"""The MLflow callback: what ran, with what, and what came of it.

A single run is one MLflow run. A sweep is a parent run with a child for each trial; the parent holds the
best. The callback reads what a run leaves in its folder, so it need not know how the figures are made.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode, TaskFunction
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from mlflow.entities import Run

    from recsys.tracking.record import Record

log = logging.getLogger(__name__)

ARTIFACTS = (".hydra/config.yaml", ".hydra/overrides.yaml", "metrics.json", "rules.parquet")


class MLflowCallback(Callback):
    """Record runs and sweeps in MLflow.

    Parameters
    ----------
    tracking_uri : str
        A database URL or the address of a tracking server.
    experiment_name : str
        The MLflow experiment; made if it does not exist.
    """

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        self.tracking_uri = tracking_uri
        # A job may change the folder (hydra.job.chdir), and relative paths would follow it.
        self._address = _absolute(tracking_uri)
        self.experiment_name = experiment_name
        self._parent: str | None = None
        self._run: str | None = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the record, so that a bad address ends the run before it computes."""
        self._record()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Start the parent run of a sweep."""
        folder = Path(config.hydra.sweep.dir).resolve()
        sweeper = _flat(OmegaConf.to_container(config.hydra.sweeper, resolve=True), "sweeper")
        self._parent = self._record().start(
            name=f"sweep {'/'.join(folder.parts[-2:])}",
            parameters=_parameters(config) | sweeper,
            tags={"output_dir": folder, "overrides": " ".join(config.hydra.overrides.task)},
        )

    def on_job_start(self, config: DictConfig, *, task_function: TaskFunction, **kwargs: Any) -> None:
        """Start the run of a job: in a sweep, a child of the sweep's run."""
        folder = Path(config.hydra.runtime.output_dir)
        name = "/".join(folder.parts[-2:])
        tags = {"output_dir": folder, "overrides": " ".join(config.hydra.overrides.task)}
        if config.hydra.mode == RunMode.MULTIRUN:
            name = f"trial {config.hydra.job.num}"
            tags["job_num"] = config.hydra.job.num
        self._run = self._record().start(name, _parameters(config), tags, self._parent)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Record what the job left in its folder, and end its run."""
        if self._run is None:  # on_job_start did not get this far, and Hydra has said why
            return
        run_id, self._run = self._run, None
        folder = Path(config.hydra.runtime.output_dir)
        tags = _read_json(folder / "data.json")
        completed = job_return.status == JobStatus.COMPLETED
        if not completed:
            error = job_return._return_value
            tags["error"] = f"{type(error).__name__}: {error}"
        record = self._record()
        record.log(run_id, metrics=_read_json(folder / "metrics.json"), tags=tags)
        record.keep(run_id, (folder / name for name in ARTIFACTS))
        record.end(run_id, "FINISHED" if completed else "FAILED")

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Say where to look."""
        self._say_where()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Put the best lift and the best trial's parameters on the sweep's run, and end it."""
        if self._parent is None:  # on_multirun_start did not get this far, and Hydra has said why
            return
        parent, self._parent = self._parent, None
        record = self._record()
        children = record.children(parent)
        finished = [child for child in children if child.info.status == "FINISHED"]
        metrics: dict[str, float] = {"n_trials": len(children), "n_finished": len(finished)}
        links = {"mlflow_parent_run_id": parent}
        if finished:
            metrics["best_lift"] = max(child.data.metrics["max_lift"] for child in finished)
        if finished and len(config.objective.metrics) == 1:
            # With several objectives no single trial is the best; the results file has the Pareto front.
            name, direction = config.objective.metrics[0], config.objective.directions[0]
            best = _best(finished, name, direction)
            metrics |= {"best_value": best.data.metrics[name], "best_trial": int(best.data.tags["job_num"])}
            parameters = {f"best.{key}": value for key, value in best.data.params.items()}
            links["mlflow_run_id"] = best.info.run_id
            note = f"Best {name}: {metrics['best_value']:.10g}, in trial {metrics['best_trial']}."
            tags = {"best_run_id": best.info.run_id, "mlflow.note.content": note}
            record.log(parent, parameters=parameters, tags=tags)
        record.log(parent, metrics=metrics)
        results = Path(config.hydra.sweep.dir) / "optimization_results.yaml"
        if results.exists():  # a sweep over given values, without Optuna, leaves none
            _add(results, links)
            record.keep(parent, [results])
        record.end(parent, "FINISHED" if finished else "FAILED")
        if finished:
            log.info(
                f"{len(finished)} of {len(children)} trials finished, best lift {metrics['best_lift']:.10g}"
            )
        self._say_where()

    def _record(self) -> Record:
        """Open the record; end the program if it cannot be opened."""
        from recsys.tracking.record import Record

        try:
            return Record(self._address, self.experiment_name)
        except Exception as error:
            # Hydra makes a warning of an exception in a callback; an exit it lets through.
            sys.exit(
                "hydra.callbacks.mlflow.tracking_uri must be a store that MLflow can open. "
                f"Got {self.tracking_uri!r} ({str(error).splitlines()[0]}). "
                "Correct it, or run without a record: hydra/callbacks=untracked."
            )

    def _say_where(self) -> None:
        log.info(
            f"Recorded in MLflow, experiment {self.experiment_name!r}. "
            f"Look: make ui (mlflow ui --backend-store-uri {self.tracking_uri})"
        )


def _absolute(tracking_uri: str) -> str:
    """Make the path of an SQLite address absolute; leave other addresses as they are."""
    scheme, relative = "sqlite:///", tracking_uri.removeprefix("sqlite:///")
    if tracking_uri == relative or relative.startswith(("/", ":memory:")):
        return tracking_uri
    return scheme + str(Path.cwd() / relative)


def _parameters(config: DictConfig) -> dict[str, Any]:
    """The composed configuration of the application, flat: {"apriori.min_support": 0.01, ...}."""
    groups = {str(key): config[key] for key in config if key != "hydra"}
    return _flat(OmegaConf.to_container(OmegaConf.create(groups), resolve=True))


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, dict) or not node:
        return {prefix: node} if prefix and not prefix.endswith("_target_") else {}
    return {
        key: value
        for name, child in node.items()
        for key, value in _flat(child, f"{prefix}.{name}" if prefix else str(name)).items()
    }


def _best(runs: list[Run], metric: str, direction: str) -> Run:
    """The best run; of equals the first."""
    sign = 1 if direction == "maximize" else -1
    return max(runs, key=lambda run: (sign * run.data.metrics[metric], -int(run.data.tags["job_num"])))


def _add(results: Path, links: dict[str, str]) -> None:
    """Add to a sweep's results where MLflow holds them; the file is whole at any time."""
    content = yaml.safe_load(results.read_text(encoding="utf-8")) | links
    whole = results.with_suffix(".yaml.new")
    whole.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    whole.replace(results)


def _read_json(path: Path) -> dict[str, Any]:
    """Read what a run left; a run that failed may have left nothing."""
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
