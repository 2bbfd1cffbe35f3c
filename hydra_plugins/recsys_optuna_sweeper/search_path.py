"""The search path of the plugin's config files, after those of the application."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class OptunaSweeperSearchPath(SearchPathPlugin):
    """Adds the folder ``conf`` of this package: ``hydra/sweeper`` and ``hydra/sweeper/sampler``."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folder, so that a file of the same name in the application's own folder wins."""
        search_path.append("recsys_optuna_sweeper", "pkg://hydra_plugins.recsys_optuna_sweeper.conf")
