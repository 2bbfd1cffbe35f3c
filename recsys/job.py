"""One job: from the composed configuration to the results in the folder of the run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException, InstantiationException
from omegaconf import DictConfig

from optuna_sweeper.jobs.reporting import prune, prunes, report
from recsys.composition import build, build_experiment
from recsys.errors import BudgetError, RecsysError

if TYPE_CHECKING:
    from recsys.pipeline import Experiment, Result

log = logging.getLogger("recsys")


@dataclass(frozen=True, eq=False)
class Job:
    """What a job has run, and its results."""

    experiment: Experiment
    result: Result
    value: Any  # the objective, as `recsys.evaluation.Objective` makes it
    folder: Path


def run_job(cfg: DictConfig) -> Job:
    """Run the experiment of a job that Hydra has started, write its results and log its best rules.

    A trial that exceeds a budget is pruned. Raises the errors of `recsys.errors`, and Hydra's
    InstantiationException for a `_target_` that cannot be built.
    """
    from recsys import pipeline  # late: --help and --cfg must not wait for NumPy and SciPy

    try:
        objective, output = build(cfg, "objective"), build(cfg, "output")
        folder = Path(HydraConfig.get().runtime.output_dir)
        experiment = build_experiment(cfg).in_folder(folder)
        objective.check(experiment.evaluation)

        def report_objective(metrics: Mapping[str, float], step: int, *, is_last: bool = False) -> None:
            report(objective.values(metrics)[0], step, is_last=is_last)

        result = pipeline.run(experiment, report=report_objective if prunes() else None)
        output.write(result, folder)
        if prunes():
            last = len(result.folds) or experiment.apriori.max_len or max(2, result.itemsets.max_length)
            report_objective(result.metrics, last, is_last=True)
        value = objective(result.metrics)
    except BudgetError as error:
        prune(str(error))  # a trial beyond the budget is not a failure of the sweep
        raise
    for line in output.describe(result):
        log.info(line)
    return Job(experiment, result, value, folder)


def run_for_objective(cfg: DictConfig) -> Any:
    """Run a job and return its objective; an error of recsys becomes one that Hydra shows as its message."""
    try:
        return run_job(cfg).value
    except (RecsysError, InstantiationException) as error:
        raise ExperimentError(str(error)) from error


class ExperimentError(CompactHydraException):
    """An error that Hydra shows as its message, without a traceback."""

    # Hydra 1.4 shows the traceback of every error of a job that has one.
    __traceback__ = None
