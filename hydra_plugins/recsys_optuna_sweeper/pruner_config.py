"""The group ``hydra/sweeper/pruner``: one schema for each pruner of Optuna.

They are stored as ``base_median``, ``base_nop``, ...; the files ``conf/hydra/sweeper/pruner/median.yaml``,
... refer to them, as with the samplers. Optuna documents the settings:
https://optuna.readthedocs.io/en/stable/reference/pruners.html.
"""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


@dataclass
class PrunerConf:
    """The fields of all pruners."""

    _target_: str = MISSING


@dataclass
class NopPrunerConf(PrunerConf):
    """Never prunes."""

    _target_: str = "optuna.pruners.NopPruner"


@dataclass
class MedianPrunerConf(PrunerConf):
    """Prunes trials that are worse than the median of the earlier trials at the same step."""

    _target_: str = "optuna.pruners.MedianPruner"
    n_startup_trials: int = 5
    n_warmup_steps: int = 0
    interval_steps: int = 1
    n_min_trials: int = 1


@dataclass
class PercentilePrunerConf(MedianPrunerConf):
    """Prunes trials that are not in this best percentage of the earlier trials."""

    _target_: str = "optuna.pruners.PercentilePruner"
    percentile: Any = 25.0


@dataclass
class SuccessiveHalvingPrunerConf(PrunerConf):
    """Successive halving: the best fraction continues at each rung."""

    _target_: str = "optuna.pruners.SuccessiveHalvingPruner"
    min_resource: Any = "auto"
    reduction_factor: int = 4
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0


@dataclass
class HyperbandPrunerConf(PrunerConf):
    """Several brackets of successive halving."""

    _target_: str = "optuna.pruners.HyperbandPruner"
    min_resource: int = 1
    max_resource: Any = "auto"
    reduction_factor: int = 3
    bootstrap_count: int = 0


@dataclass
class ThresholdPrunerConf(PrunerConf):
    """Prunes trials with a value outside the bounds, of which at least one is required."""

    _target_: str = "optuna.pruners.ThresholdPruner"
    lower: Any = None
    upper: Any = None
    n_warmup_steps: int = 0
    interval_steps: int = 1


@dataclass
class PatientPrunerConf(PrunerConf):
    """Prunes as another pruner does, but only after `patience` steps without progress."""

    _target_: str = "optuna.pruners.PatientPruner"
    wrapped_pruner: Any = field(default_factory=lambda: {"_target_": "optuna.pruners.MedianPruner"})
    patience: int = 1
    min_delta: Any = 0.0


@dataclass
class WilcoxonPrunerConf(PrunerConf):
    """Prunes by a signed-rank test of paired steps, such as folds; needs the package scipy."""

    _target_: str = "optuna.pruners.WilcoxonPruner"
    p_threshold: Any = 0.1
    n_startup_steps: int = 2


PRUNERS: dict[str, type[PrunerConf]] = {
    "nop": NopPrunerConf,
    "median": MedianPrunerConf,
    "percentile": PercentilePrunerConf,
    "successive_halving": SuccessiveHalvingPrunerConf,
    "hyperband": HyperbandPrunerConf,
    "threshold": ThresholdPrunerConf,
    "patient": PatientPrunerConf,
    "wilcoxon": WilcoxonPrunerConf,
}

for _name, _node in PRUNERS.items():
    ConfigStore.instance().store(
        group="hydra/sweeper/pruner", name=f"base_{_name}", node=_node, provider="recsys_optuna_sweeper"
    )
