"""Grids: finite search spaces, and the combinations of them that are left."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from optuna import samplers
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import SweepError
from optuna_sweeper.results.best_trials import is_own
from optuna_sweeper.search.parameter import Parameter, range_values
from optuna_sweeper.workers.trial_allocation import counts

Grid = dict[str, list[Any]]


class BruteForceSampler(samplers.BruteForceSampler):
    """Optuna's, without trials that do not count: it takes any finished trial for one that was run."""

    @staticmethod
    def _populate_tree(tree: Any, trials: list[FrozenTrial], params: dict[str, Any]) -> None:
        samplers.BruteForceSampler._populate_tree(tree, list(filter(counts, trials)), params)


def grid(parameters: Mapping[str, Parameter], sampler: str) -> Grid:
    """Return the values of each parameter; refuse continuous ones, which this sampler does not take."""
    return {name: _values(name, found.distribution, sampler) for name, found in parameters.items()}


def combinations_left(space: Grid, finished: Iterable[FrozenTrial]) -> int:
    """Return the number of combinations of a grid without a finished trial."""
    tried = {
        tuple(trial.params[name] for name in space)
        for trial in finished
        if trial.params.keys() == space.keys()
    }
    return math.prod(map(len, space.values())) - len(tried)


def is_grid(sampler: samplers.BaseSampler) -> bool:
    """Whether a sampler runs every combination once."""
    return isinstance(sampler, samplers.GridSampler | samplers.BruteForceSampler)


def check_grid_study(study: Study, identity: str) -> None:
    """Refuse a grid in a study with trials of another identity, whose combinations it would omit."""
    trials = study.get_trials(deepcopy=False)
    if any(counts(trial) and not is_own(trial, identity) for trial in trials):
        raise SweepError(
            f"hydra.sweeper.sampler: {type(study.sampler).__name__} runs every combination once, and would "
            f"omit those that the study {study.study_name} has run with another identity. Name another "
            "hydra.sweeper.study_name, or use another sampler."
        )


def _values(name: str, distribution: BaseDistribution, sampler: str) -> list[Any]:
    match distribution:
        case CategoricalDistribution(choices=choices):
            return list(choices)
        case IntDistribution(low=low, high=high, step=step):
            return list(range(low, high + 1, step))
        case FloatDistribution(low=low, high=high, step=float(step)):
            return range_values(low, step, round((high - low) / step) + 1)
    raise SweepError(
        f"{name} is continuous, and {sampler} needs a list of values. "
        f"Write '{name.lstrip('+')}=range(start, stop, step)' or choice(...), or use another sampler."
    )
