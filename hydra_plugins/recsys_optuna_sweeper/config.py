"""The schemas ``base_optuna``, ``base_tpe``, ``base_median``, ..., to which the files of ``conf`` refer.

Optuna documents the options, and has the defaults of those that are null. `constraints_func` is a dotted
path of a function of an `optuna.trial.FrozenTrial`; Optuna deprecates it, for a job may return constraints.
"""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass, field, make_dataclass
from typing import Any

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


def _schema(target: str, **settings: Any) -> Any:
    """Return a dataclass. A setting is its default, or the type that it has unless it is null."""
    fields: list[Any] = [("_target_", str, f"optuna.{target}")]
    for name, value in settings.items():
        if callable(value):
            fields.append((name, value | None, None))
        elif isinstance(value, dict):
            fields.append((name, Any, field(default_factory=value.copy)))
        else:
            # OmegaConf 2.4 deprecates an integer where a float is declared; "auto" may be an integer.
            is_any = value is None or value == "auto" or isinstance(value, float)
            fields.append((name, Any if is_any else type(value), value))
    schema = make_dataclass(target.rpartition(".")[2], fields, namespace={"__module__": __name__})
    globals()[schema.__name__] = schema  # pickled by this name for the processes of a launcher
    return schema


_GENETIC: dict[str, Any] = {
    "seed": int,
    "population_size": 50,
    "mutation": None,
    "mutation_prob": None,
    "crossover": None,
    "crossover_prob": 0.9,
    "swapping_prob": 0.5,
    "constraints_func": None,
}

SAMPLERS: dict[str, Any] = {
    "tpe": _schema(
        "samplers.TPESampler",
        seed=int,
        n_startup_trials=10,
        n_ei_candidates=24,
        multivariate=bool,  # null: true for one objective, false for several
        group=False,
        constant_liar=True,
        constraints_func=None,
        # Deprecated by Optuna, which warns when they are set.
        consider_prior=bool,
        prior_weight=None,
        consider_magic_clip=bool,
        consider_endpoints=bool,
        warn_independent_sampling=bool,
    ),
    "random": _schema("samplers.RandomSampler", seed=int),
    "cmaes": _schema(
        "samplers.CmaEsSampler",
        seed=int,
        x0=dict[str, Any],
        sigma0=None,
        n_startup_trials=1,
        independent_sampler=None,
        warn_independent_sampling=False,  # the sweeper warns once, not in each trial
        consider_pruned_trials=False,
        popsize=int,
        use_separable_cma=False,
        with_margin=False,
        lr_adapt=False,
        source_trials=None,
        # Without effect since Optuna 4.4, which warns when they are set.
        restart_strategy=str,
        inc_popsize=int,
    ),
    "nsgaii": _schema("samplers.NSGAIISampler", **_GENETIC),
    "nsgaiii": _schema(
        "samplers.NSGAIIISampler", **_GENETIC, reference_points=list[list[float]], dividing_parameter=3
    ),
    # _partial_: so that `hydra.utils.instantiate` of this node alone works, too.
    "grid": _schema("samplers.GridSampler", seed=int, _partial_=True),
    "bruteforce": _schema("samplers.BruteForceSampler", seed=int, avoid_premature_stop=False),
    "qmc": _schema(
        "samplers.QMCSampler",
        seed=int,
        qmc_type="sobol",
        scramble=False,
        independent_sampler=None,
        warn_asynchronous_seeding=True,
        warn_independent_sampling=False,
    ),
    "gp": _schema(
        "samplers.GPSampler",
        seed=int,
        n_startup_trials=10,
        deterministic_objective=False,
        independent_sampler=None,
        constraints_func=None,
        warn_independent_sampling=True,
    ),
}

_MEDIAN = {"n_startup_trials": 5, "n_warmup_steps": 0, "interval_steps": 1, "n_min_trials": 1}

PRUNERS: dict[str, Any] = {
    "nop": _schema("pruners.NopPruner"),
    "median": _schema("pruners.MedianPruner", **_MEDIAN),
    "percentile": _schema("pruners.PercentilePruner", **_MEDIAN, percentile=25.0),
    "successive_halving": _schema(
        "pruners.SuccessiveHalvingPruner",
        min_resource="auto",
        reduction_factor=4,
        min_early_stopping_rate=0,
        bootstrap_count=0,
    ),
    "hyperband": _schema(
        "pruners.HyperbandPruner", min_resource=1, max_resource="auto", reduction_factor=3, bootstrap_count=0
    ),
    "threshold": _schema(
        "pruners.ThresholdPruner", lower=None, upper=None, n_warmup_steps=0, interval_steps=1
    ),
    "patient": _schema(
        "pruners.PatientPruner",
        wrapped_pruner={"_target_": "optuna.pruners.MedianPruner"},
        patience=1,
        min_delta=0.0,
    ),
    "wilcoxon": _schema("pruners.WilcoxonPruner", p_threshold=0.1, n_startup_steps=2),
}

_store = ConfigStore.instance().store
_store("base_optuna", OptunaSweeperConf, group="hydra/sweeper", provider="recsys_optuna_sweeper")
for _group, _nodes in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
    for _name, _node in _nodes.items():
        _store(f"base_{_name}", _node, group=f"hydra/sweeper/{_group}", provider="recsys_optuna_sweeper")
