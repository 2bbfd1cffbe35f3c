"""The plugins that Hydra finds: the sweeper, which imports Optuna only when it runs, and its config files."""

from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from optuna_sweeper.quick_import import quick_import
from optuna_sweeper.settings import Settings

#: Runs the jobs in this process.
BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


class OptunaSweeper(Sweeper):
    """Run the jobs of a sweep with parameters that Optuna chooses; the arguments are `Settings`."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.config: Any = None
        self.launcher: Any = None
        self.hydra_context: Any = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store the arguments and make the launcher."""
        from optuna_sweeper.workers.signals import CtrlCIgnored

        self.hydra_context = hydra_context
        self.config = config
        is_basic = config.hydra.launcher._target_ == BASIC_LAUNCHER
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context,
            task_function=task_function if is_basic else CtrlCIgnored(task_function),
            config=config,
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the sweep with the application's overrides of the command line."""
        quick_import("optuna_sweeper.run")
        from optuna_sweeper.jobs.fast_launcher.launcher import replace_launcher
        from optuna_sweeper.run import run_sweep

        run_sweep(self.settings, self.hydra_context, self.config, replace_launcher(self.launcher), arguments)


class OptunaSweeperSearchPath(SearchPathPlugin):
    """Adds the folder ``conf`` of this package, after that of the application, whose files win."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folder."""
        search_path.append("recsys_optuna_sweeper", "pkg://hydra_plugins.recsys_optuna_sweeper.conf")
