"""Make the sampler and the pruner, and check that the sampler supports the search space."""

import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, BruteForceSampler, CmaEsSampler, GPSampler, GridSampler, QMCSampler

from optuna_sweeper.errors import SweepError, first_line, refusal
from optuna_sweeper.instantiate import instantiate, load_function
from optuna_sweeper.search import grid as _grid
from optuna_sweeper.search.grid import grid
from optuna_sweeper.search.parameter import Parameter

log = logging.getLogger(__name__)

_KEY = "hydra.sweeper.sampler"
_CONSTRAINTS = "constraints_func"

# Optuna imports these after the first trials; a missing one is reported before.
_PACKAGES = {CmaEsSampler: ("cmaes",), GPSampler: ("torch", "scipy"), QMCSampler: ("scipy",)}


def make_sampler(config: Any, parameters: Mapping[str, Parameter], n_objectives: int) -> BaseSampler:
    """Make the sampler ``hydra.sweeper.sampler``; null arguments are left to Optuna."""
    settings = _given(config)
    if settings["_target_"] == "optuna.samplers.MOTPESampler":
        raise SweepError(
            f"{_KEY}: Optuna 4 removed MOTPESampler, for TPESampler takes several objectives. "
            "Set hydra/sweeper/sampler=tpe."
        )
    with _described(_KEY):
        make = instantiate({**settings, "_partial_": True, "_convert_": "all"}, "optuna.samplers")
        options = dict(make.keywords)
        if isinstance(options.get(_CONSTRAINTS), str):
            options[_CONSTRAINTS] = load_function(f"{_KEY}.{_CONSTRAINTS}", options[_CONSTRAINTS])
        if _CONSTRAINTS in options:
            _check_constraints(make.func, options[_CONSTRAINTS])
        if "reference_points" in options:  # NSGA-III needs an array, which YAML does not have
            options["reference_points"] = np.asarray(options["reference_points"], dtype=float)
        if make.func is GridSampler:
            options["search_space"] = grid(parameters, "the grid sampler")
        kind = _grid.BruteForceSampler if make.func is BruteForceSampler else make.func
        sampler = kind(*make.args, **options)
    if not isinstance(sampler, BaseSampler):
        raise refusal(_KEY, "a sampler of Optuna", sampler)
    _check(sampler, parameters, n_objectives)
    return sampler


@contextmanager
def _described(key: str) -> Iterator[None]:
    """Name the key in errors, and ignore warnings of experimental classes, which were chosen by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            yield
        except (TypeError, ValueError, ImportError) as error:
            raise SweepError(f"{key}: {first_line(error)}") from error


def _given(config: Any) -> dict[str, Any]:
    settings: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in settings.items() if value is not None}


def _check_constraints(sampler: Any, function: Any) -> None:
    """Refuse constraints that Optuna could not evaluate after the first trial."""
    key = f"{_KEY}.{_CONSTRAINTS}"
    if _CONSTRAINTS not in inspect.signature(sampler).parameters:
        raise SweepError(f"{key}: {sampler.__name__} takes no constraints. Use tpe, nsgaii, nsgaiii or gp.")
    if not callable(function):
        raise refusal(key, "the dotted path of a function of a trial", function)
    try:
        inspect.signature(function).bind(object())
    except TypeError as error:
        name = getattr(function, "__name__", repr(function))
        raise SweepError(f"{key}: {name} must take one argument, the trial: {first_line(error)}.") from error


def _check(sampler: BaseSampler, parameters: Mapping[str, Parameter], n_objectives: int) -> None:
    name = type(sampler).__name__
    missing = [package for package in _PACKAGES.get(type(sampler), ()) if find_spec(package) is None]
    if missing:
        raise SweepError(
            f"{_KEY}: {name} needs {' and '.join(missing)}. Run: pip install {' '.join(missing)}"
        )
    if isinstance(sampler, BruteForceSampler):
        grid(parameters, "the brute-force sampler")
    if isinstance(sampler, CmaEsSampler) and n_objectives > 1:
        raise SweepError(
            f"{_KEY}: {name} has one objective, and hydra.sweeper.direction names {n_objectives}. "
            "Use nsgaii, tpe or gp."
        )
    choices = [key for key, found in parameters.items() if found.choices]
    if choices and isinstance(sampler, CmaEsSampler | QMCSampler):
        if len(choices) == len(parameters):
            raise SweepError(
                f"{_KEY}: {name} searches numbers, and {', '.join(choices)} are choices. Use tpe."
            )
        log.warning("%s searches numbers; drawn independently of them: %s", name, ", ".join(choices))


def make_pruner(config: Any) -> BasePruner:
    """Make the pruner ``hydra.sweeper.pruner``; null arguments are left to Optuna."""
    if config is None:
        return NopPruner()
    with _described("hydra.sweeper.pruner"):
        pruner = instantiate(_given(config), "optuna.pruners")
    if not isinstance(pruner, BasePruner):
        raise refusal("hydra.sweeper.pruner", "a pruner of Optuna", pruner)
    return pruner
