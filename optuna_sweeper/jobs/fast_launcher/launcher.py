"""The fast launcher, which replaces Hydra's basic launcher, and the switch that turns it off."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import version
from hydra.core.utils import JobReturn, configure_log, filter_overrides, setup_globals
from hydra.core.utils import run_job as run_job_of_hydra
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from optuna_sweeper.jobs.fast_launcher.composer import Composer, is_known_hydra
from optuna_sweeper.jobs.fast_launcher.config_copy import is_plain
from optuna_sweeper.jobs.fast_launcher.job import run_job
from optuna_sweeper.jobs.fast_launcher.yaml_text import YamlWriter
from optuna_sweeper.safe_text import mask_values

# By name: Hydra imports its plugins again when it searches for them, and then there are two of the class.
BASIC = "hydra._internal.core_plugins.basic_launcher"

log = logging.getLogger(BASIC)  # the log lines are those of the replaced launcher

#: The environment variable that turns the fast launcher off, if it is set and not empty.
SWITCH = "OPTUNA_SWEEPER_PLAIN_LAUNCHER"


def replace_launcher(launcher: Launcher) -> Launcher:
    """Return the fast launcher in place of Hydra's basic launcher, otherwise the given one.

    Any other launcher, a version of Hydra whose internals differ, and the switch leave it as it is.
    """
    basic = (type(launcher).__module__, type(launcher).__qualname__) == (BASIC, "BasicLauncher")
    known = basic and is_known_hydra() and version.base_at_least("1.2")
    return FastLauncher(launcher) if known and not os.environ.get(SWITCH) else launcher


class FastLauncher(Launcher):
    """Run jobs in this process, one after the other, as the `BasicLauncher` that it replaces does."""

    def __init__(self, launcher: Any) -> None:
        self.setup(
            hydra_context=launcher.hydra_context,
            task_function=launcher.task_function,
            config=launcher.config,
        )

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store what Hydra passes."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config
        self.composer = Composer(hydra_context.config_loader, config)
        self.writer = YamlWriter()
        self._logs_to_sweep = False

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs with these overrides."""
        setup_globals()
        if not self._logs_to_sweep:  # otherwise it was configured after the last job
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        log.info(f"Launching {len(job_overrides)} jobs locally")
        jobs = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            log.info(f"\t#{number} : {' '.join(mask_values(filter_overrides(overrides)))}")
            self._logs_to_sweep = False
            jobs.append(self._run(overrides, number))
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
            self._logs_to_sweep = True
        return jobs

    def _run(self, overrides: Sequence[str], number: int) -> JobReturn:
        config = self.composer.compose(overrides)
        with open_dict(config):
            config.hydra.job.id = number
            config.hydra.job.num = number
        if is_plain(config):
            return run_job(config, self.task_function, self.hydra_context, self.writer)
        return run_job_of_hydra(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
