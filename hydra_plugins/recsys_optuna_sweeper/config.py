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

    ``hydra/sweeper=optuna`` is a file, ``conf/hydra/sweeper/optuna.yaml``, which an application may have in
    its own config folder instead. A stored config of that name would prevent it: Hydra takes it as the schema
    of the file, and a schema may not have a defaults list.
    """


ConfigStore.instance().store(
    group="hydra/sweeper", name="base_optuna", node=OptunaSweeperConf, provider="recsys_optuna_sweeper"
)
