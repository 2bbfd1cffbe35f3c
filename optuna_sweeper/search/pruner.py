"""Make the pruner."""

import warnings
from typing import Any

from omegaconf import OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner

from optuna_sweeper.errors import SweepError, refusal
from optuna_sweeper.instantiate import instantiate

_KEY = "hydra.sweeper.pruner"


def make_pruner(config: Any) -> BasePruner:
    """Make the pruner ``hydra.sweeper.pruner``; null arguments are left to Optuna."""
    if config is None:
        return NopPruner()
    settings = OmegaConf.to_container(config, resolve=True)
    assert isinstance(settings, dict)
    with warnings.catch_warnings():
        # A user who chose an experimental pruner by name needs no warning in each run.
        warnings.simplefilter("ignore", ExperimentalWarning)
        given = {str(key): value for key, value in settings.items() if value is not None}
        try:
            pruner = instantiate(given, "optuna.pruners")
        except ValueError as error:
            raise SweepError(f"{_KEY}: {error}") from error
    if not isinstance(pruner, BasePruner):
        raise refusal(_KEY, "a pruner of Optuna", pruner)
    return pruner
