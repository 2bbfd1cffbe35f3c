"""`python -m recsys`: runs and sweeps by Hydra, and the sub-commands of `recsys.cli`."""

import functools
import logging
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import hydra
import hydra.utils
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException, InstantiationException
from omegaconf import DictConfig

from optuna_sweeper.jobs.reporting import prune, prunes, report
from recsys.cli import COMMANDS
from recsys.composition import EXECUTION_WHITELIST, build, build_experiment, share_config_store
from recsys.errors import BudgetError, RecsysError
from recsys.runs.trusted import CONF

log = logging.getLogger("recsys")

PARAMS = "hydra.sweeper.params"

# Hydra 1.3 requires the version whose defaults are used; Hydra 1.4 deprecates it and has a whitelist.
OPTIONS: dict[str, Any] = (
    {"execution_whitelist": EXECUTION_WHITELIST}
    if hasattr(hydra.utils, "execution_whitelist")
    else {"version_base": "1.3"}
)


def name_cure(program: Callable[..., None]) -> Callable[..., None]:
    """Add to Hydra's error what to type instead of ``~hydra.sweeper.params.a.b``."""

    @functools.wraps(program)
    def run(*args: Any) -> None:
        try:
            program(*args)
        except SystemExit as end:
            wrong = [key for text in sys.argv[1:] if "." in (key := text.partition(f"~{PARAMS}.")[2])]
            if end.code and wrong:
                nulls = ", ".join(f"{key}: null" for key in wrong)
                print(f"To drop parameters from the search space: '{PARAMS}={{{nulls}}}'", file=sys.stderr)
            raise

    return run


@name_cure
@hydra.main(config_path=str(CONF), config_name="config", **OPTIONS)
def main(cfg: DictConfig) -> Any:
    """Run one experiment and return its objective, as `recsys.evaluation.Objective` makes it."""
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
        value = objective(result.metrics)
        if prunes():
            last = len(result.folds) or experiment.apriori.max_len or max(2, result.itemsets.max_length)
            report_objective(result.metrics, last, is_last=True)
        value = objective(result.metrics)
    except (RecsysError, InstantiationException) as error:
        if isinstance(error, BudgetError):
            prune(str(error))  # a trial beyond the budget is not a failure of the sweep
        raise ExperimentError(str(error)) from error
    for line in output.describe(result):
        log.info(line)
    return value


class ExperimentError(CompactHydraException):
    """An error that Hydra shows as its message, without a traceback."""

    # Hydra 1.4 shows the traceback of every error of a job that has one.
    __traceback__ = None


def run() -> None:
    """Run a sub-command, or Hydra."""
    command = next(iter(sys.argv[1:]), "")
    if command in COMMANDS:
        sys.exit(import_module(f"recsys.cli.{command}").main(sys.argv[2:]))
    share_config_store()
    main()


if __name__ == "__main__":
    run()
