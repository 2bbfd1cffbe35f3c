"""The group ``hydra/sweeper/pruner``: one schema for each pruner of Optuna.

They are stored as ``base_median``, ``base_nop``, ...; the files ``conf/hydra/sweeper/pruner/median.yaml``,
... name them, as with the samplers. What the settings mean is told by
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
    """What all pruners have."""

    _target_: str = MISSING


@dataclass
class NopPrunerConf(PrunerConf):
    """Never prunes."""

    _target_: str = "optuna.pruners.NopPruner"


@dataclass
class MedianPrunerConf(PrunerConf):
    """Prunes what is worse than the median of the trials so far, at the same step."""

    _target_: str = "optuna.pruners.MedianPruner"
    n_startup_trials: int = 5
    n_warmup_steps: int = 0
    interval_steps: int = 1
    n_min_trials: int = 1


@dataclass
class PercentilePrunerConf(MedianPrunerConf):
    """Prunes what is not among this percentage of the best."""

    _target_: str = "optuna.pruners.PercentilePruner"
    percentile: Any = 25.0


@dataclass
class SuccessiveHalvingPrunerConf(PrunerConf):
    """Lets the best share go on at each of a ladder of steps."""

    _target_: str = "optuna.pruners.SuccessiveHalvingPruner"
    min_resource: Any = "auto"
    reduction_factor: int = 4
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0


@dataclass
class HyperbandPrunerConf(PrunerConf):
    """Several ladders of successive halving."""

    _target_: str = "optuna.pruners.HyperbandPruner"
    min_resource: int = 1
    max_resource: Any = "auto"
    reduction_factor: int = 3
    bootstrap_count: int = 0


@dataclass
class ThresholdPrunerConf(PrunerConf):
    """Prunes what leaves the bounds; one of them must be given."""

    _target_: str = "optuna.pruners.ThresholdPruner"
    lower: Any = None
    upper: Any = None
    n_warmup_steps: int = 0
    interval_steps: int = 1


@dataclass
class PatientPrunerConf(PrunerConf):
    """Prunes what another pruner would, but only after so many steps without progress."""

    _target_: str = "optuna.pruners.PatientPruner"
    wrapped_pruner: Any = field(default_factory=lambda: {"_target_": "optuna.pruners.MedianPruner"})
    patience: int = 1
    min_delta: Any = 0.0


@dataclass
class WilcoxonPrunerConf(PrunerConf):
    """Prunes by a test of paired steps, such as folds; needs the package scipy."""

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
