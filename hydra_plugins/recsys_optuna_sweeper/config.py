"""The schema of ``hydra.sweeper``, which Hydra checks a config against."""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass

from hydra.core.config_store import ConfigStore

from optuna_sweeper.settings import Settings


@dataclass
class PluginConf:
    """The keys that Hydra reads."""

    _target_: str = "hydra_plugins.recsys_optuna_sweeper.sweeper.OptunaSweeper"
    # The sweeper makes sampler, pruner and storage itself, so that its errors name the key.
    _recursive_: bool = False


@dataclass
class OptunaSweeperConf(Settings, PluginConf):
    """The settings without a sampler: ``hydra/sweeper=base_optuna``.

    ``hydra/sweeper=optuna`` is a file, ``conf/hydra/sweeper/optuna.yaml`` in this package, that adds the
    sampler. An application may have a file of that name, which wins, and there extend the schema and
    interpolate into its own config. Were ``optuna`` in the ConfigStore, Hydra would refuse the application's
    file: it takes a stored config of a file's name for its schema, which may not have a defaults list.
    """


ConfigStore.instance().store(
    group="hydra/sweeper", name="base_optuna", node=OptunaSweeperConf, provider="recsys_optuna_sweeper"
)
