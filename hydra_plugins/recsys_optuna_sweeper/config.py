"""The schema of ``hydra.sweeper``."""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass

from hydra.core.config_store import ConfigStore

from optuna_sweeper.settings import Settings


@dataclass
class _Plugin:
    _target_: str = "hydra_plugins.recsys_optuna_sweeper.sweeper.OptunaSweeper"
    # The sweeper builds sampler, pruner and storage itself, so that its errors name the key.
    _recursive_: bool = False


@dataclass
class OptunaSweeperConf(Settings, _Plugin):
    """The settings without a sampler: ``hydra/sweeper=base_optuna``.

    ``hydra/sweeper=optuna`` is the file ``conf/hydra/sweeper/optuna.yaml``, which adds the sampler. An
    application may have a file of that name in its own config folder, where it extends this schema; Hydra
    prefers that file. A stored config named ``optuna`` would prevent it: Hydra takes a stored config with the
    name of a file as its schema, and a schema may not have a defaults list.
    """


ConfigStore.instance().store(
    group="hydra/sweeper", name="base_optuna", node=OptunaSweeperConf, provider="recsys_optuna_sweeper"
)
