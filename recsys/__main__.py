"""`python -m recsys`: compose the configuration, run the pipeline, return the objective."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from omegaconf import DictConfig

from hydra_plugins.recsys_optuna_sweeper import prune, prunes, report
from recsys.composition import build, build_experiment, share_config_store
from recsys.stored_config import CONF

log = logging.getLogger("recsys")


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(cfg: DictConfig) -> Any:
    """Run one experiment and return its objective, as `recsys.evaluation.Objective` makes it."""
    # Imported here: --help and --cfg must not wait for NumPy and SciPy.
    from recsys import pipeline, spark_pipeline
    from recsys.datasets import SparkDataset
    from recsys.errors import BudgetError, RecsysError

    try:
        objective, output = build(cfg, "objective"), build(cfg, "output")
        folder = Path(HydraConfig.get().runtime.output_dir)
        experiment = build_experiment(cfg).in_folder(folder)
        objective.check(experiment.evaluation)

        def report_objective(metrics: Mapping[str, float], length: int, *, is_last: bool = False) -> None:
            report(objective.values(metrics)[0], length, is_last=is_last)

        run = spark_pipeline.run if isinstance(experiment.dataset, SparkDataset) else pipeline.run
        result = run(experiment, after_length=report_objective if prunes() else None)
        output.write(result, folder)
        if prunes():
            length = experiment.apriori.max_len or max(2, result.itemsets.max_length)
            report_objective(result.metrics, length, is_last=True)
    except RecsysError as error:
        if isinstance(error, BudgetError):
            prune(str(error))  # a question too big to answer is no failure of the sweep
        raise ExperimentError(str(error)) from error
    for line in output.describe(result):
        log.info(line)
    return objective(result.metrics)


class ExperimentError(CompactHydraException):
    """An error that Hydra shows as its message, without a traceback."""


if __name__ == "__main__":
    share_config_store()
    main()
