"""The group ``hydra/sweeper/sampler``: one schema for each sampler of Optuna.

They are stored as ``base_tpe``, ``base_random``, ...; the files ``conf/hydra/sweeper/sampler/tpe.yaml``, ...
refer to them, and an application may have its own files of these names (see `config.OptunaSweeperConf`).

A setting left at null keeps Optuna's own default. Optuna documents the settings:
https://optuna.readthedocs.io/en/stable/reference/samplers/index.html. `constraints_func` is the dotted path
of a function of an `optuna.trial.FrozenTrial` that returns a list of numbers, at most 0 where the trial is
feasible. Optuna deprecates it: a job may return its constraints with its objectives.
"""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


@dataclass
class SamplerConf:
    """The fields of all samplers; equal seeds give equal trials."""

    _target_: str = MISSING
    seed: int | None = None


@dataclass
class TPESamplerConf(SamplerConf):
    """Tree-structured Parzen estimator."""

    _target_: str = "optuna.samplers.TPESampler"
    n_startup_trials: int = 10
    n_ei_candidates: int = 24
    multivariate: bool | None = None  # null: true for one objective, false for several
    group: bool = False
    constant_liar: bool = True
    constraints_func: Any = None
    # Deprecated by Optuna, which warns when they are set.
    consider_prior: bool | None = None
    prior_weight: Any = None
    consider_magic_clip: bool | None = None
    consider_endpoints: bool | None = None
    warn_independent_sampling: bool | None = None


@dataclass
class RandomSamplerConf(SamplerConf):
    """Independent draws."""

    _target_: str = "optuna.samplers.RandomSampler"


@dataclass
class CmaEsSamplerConf(SamplerConf):
    """Covariance matrix adaptation: numbers only, one objective; needs the package cmaes."""

    _target_: str = "optuna.samplers.CmaEsSampler"
    x0: dict[str, Any] | None = None
    sigma0: Any = None
    n_startup_trials: int = 1
    independent_sampler: Any = None
    warn_independent_sampling: bool = False  # the sweeper warns once, not in each trial
    consider_pruned_trials: bool = False
    popsize: int | None = None
    use_separable_cma: bool = False
    with_margin: bool = False
    lr_adapt: bool = False
    source_trials: Any = None
    # Without effect since Optuna 4.4, which warns when they are set.
    restart_strategy: str | None = None
    inc_popsize: int | None = None


@dataclass
class NSGAIISamplerConf(SamplerConf):
    """Genetic algorithm for several objectives."""

    _target_: str = "optuna.samplers.NSGAIISampler"
    population_size: int = 50
    mutation: Any = None
    mutation_prob: Any = None
    crossover: Any = None
    crossover_prob: Any = 0.9
    swapping_prob: Any = 0.5
    constraints_func: Any = None


@dataclass
class NSGAIIISamplerConf(NSGAIISamplerConf):
    """NSGA-II with reference points, for more than three objectives."""

    _target_: str = "optuna.samplers.NSGAIIISampler"
    reference_points: list[list[float]] | None = None
    dividing_parameter: int = 3


@dataclass
class GridSamplerConf(SamplerConf):
    """Every combination once; the grid is read from the search space."""

    _target_: str = "optuna.samplers.GridSampler"
    _partial_: bool = True  # so that `hydra.utils.instantiate` of this node alone works, too


@dataclass
class BruteForceSamplerConf(SamplerConf):
    """Every combination once, of a space that may depend on the values drawn."""

    _target_: str = "optuna.samplers.BruteForceSampler"
    avoid_premature_stop: bool = False


@dataclass
class QMCSamplerConf(SamplerConf):
    """Quasi-random sequences that fill the space evenly; needs the package scipy."""

    _target_: str = "optuna.samplers.QMCSampler"
    qmc_type: str = "sobol"
    scramble: bool = False
    independent_sampler: Any = None
    warn_asynchronous_seeding: bool = True
    warn_independent_sampling: bool = False  # the sweeper warns once, not in each trial


@dataclass
class GPSamplerConf(SamplerConf):
    """Gaussian process; needs the packages torch and scipy."""

    _target_: str = "optuna.samplers.GPSampler"
    n_startup_trials: int = 10
    deterministic_objective: bool = False
    independent_sampler: Any = None
    constraints_func: Any = None
    warn_independent_sampling: bool = True


SAMPLERS: dict[str, type[SamplerConf]] = {
    "tpe": TPESamplerConf,
    "random": RandomSamplerConf,
    "cmaes": CmaEsSamplerConf,
    "nsgaii": NSGAIISamplerConf,
    "nsgaiii": NSGAIIISamplerConf,
    "grid": GridSamplerConf,
    "bruteforce": BruteForceSamplerConf,
    "qmc": QMCSamplerConf,
    "gp": GPSamplerConf,
}

for _name, _node in SAMPLERS.items():
    ConfigStore.instance().store(
        group="hydra/sweeper/sampler", name=f"base_{_name}", node=_node, provider="recsys_optuna_sweeper"
    )
