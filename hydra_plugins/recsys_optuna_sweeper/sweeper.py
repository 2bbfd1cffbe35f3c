"""The plugin that Hydra instantiates. It imports Optuna only when a sweep runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

#: Runs the jobs in this process.
BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


class OptunaSweeper(Sweeper):
    """Lets Optuna choose the parameters of the jobs.

    The settings are those of `config.OptunaSweeperConf`, where each is described.
    """

    def __init__(
        self,
        *,
        sampler: Any,
        direction: Any,
        storage: Any,
        study_name: str | None,
        n_trials: int,
        n_jobs: int,
        max_failure_rate: float,
        params: Mapping[str, Any] | None,
        custom_search_space: str | None,
        search_space: Any = None,
        timeout: float | None = None,
        allow_changes: bool = False,
        ignored_keys: Any = None,
        data_digest: str | None = None,
        heartbeat: float = 15.0,
        storage_timeout: float = 300.0,
        repeat: bool = True,
        distinct: bool = False,
        equivalence: str | None = None,
        conditions: Any = None,
        balanced: str | None = None,
        enqueue: Any = None,
        pruner: Any = None,
        warm_start: Any = None,
        progress_bar: bool = True,
    ) -> None:
        self.sampler = sampler
        self.direction = direction
        self.storage = storage
        self.study_name = study_name
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.max_failure_rate = max_failure_rate
        self.params = params
        self.custom_search_space = custom_search_space
        self.search_space = search_space
        self.timeout = timeout
        self.allow_changes = allow_changes
        self.ignored_keys = ignored_keys
        self.data_digest = data_digest
        self.heartbeat = heartbeat
        self.storage_timeout = storage_timeout
        self.repeat = repeat
        self.distinct = distinct
        self.equivalence = equivalence
        self.conditions = conditions
        self.balanced = balanced
        self.enqueue = enqueue
        self.pruner = pruner
        self.warm_start = warm_start
        self.progress_bar = progress_bar
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self.context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra gives, and make the launcher."""
        from optuna_sweeper.workers.signals import Shielded

        self.context = hydra_context
        self.config = config
        here = config.hydra.launcher._target_ == BASIC_LAUNCHER
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context,
            task_function=task_function if here else Shielded(task_function),
            config=config,
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the sweep with the application's overrides of the command line."""
        from optuna_sweeper.jobs.fast_launcher.launcher import quicken
        from optuna_sweeper.run import run_sweep

        assert self.config is not None
        assert self.launcher is not None
        run_sweep(self, self.config, quicken(self.launcher), arguments)
