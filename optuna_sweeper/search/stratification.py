"""Stratification: each choice of a parameter gets the same number of trials (``hydra.sweeper.stratify``)."""

from optuna.samplers import BaseSampler
from optuna.study import Study

from optuna_sweeper.errors import refusal
from optuna_sweeper.search.grid import is_grid
from optuna_sweeper.search.parameter import Parameter
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.workers.trial_allocation import counts

_KEY = "hydra.sweeper.stratify"
_FIXED = "fixed_params"  # as Study.enqueue_trial() has it


def assign_choice(parameter: Parameter, study: Study, trial_id: int) -> None:
    """Give a new trial the choice with the fewest trials, unless it was enqueued with one."""
    trial, name = study._storage.get_trial(trial_id), parameter.name
    fixed = trial.system_attrs.get(_FIXED, {})
    if name in fixed:
        return
    others = [
        other.params.get(name, other.system_attrs.get(_FIXED, {}).get(name))
        for other in study.get_trials(deepcopy=False)
        if other.number != trial.number and counts(other)
    ]
    fewest = min(parameter.choices, key=others.count)
    study._storage.set_trial_system_attr(trial_id, _FIXED, {**fixed, name: fewest})


def read_stratification(name: str | None, space: SearchSpace, sampler: BaseSampler) -> Parameter | None:
    """Return the parameter ``hydra.sweeper.stratify``, which must be a choice of the search space."""
    if name is None:
        return None
    key = name.lstrip("+")
    parameters = {known.lstrip("+"): parameter for known, parameter in space.parameters.items()}
    parameter = parameters.get(key)
    if parameter is None or not parameter.choices:
        is_dropped = key in space.arguments.dropped
        cure = f"hydra.sweeper.params drops it (null): set {_KEY}=null, too." if is_dropped else ""
        raise refusal(_KEY, "a parameter of the search space that is a choice(...)", name, cure)
    if is_grid(sampler):
        raise refusal(_KEY, "null for a sampler that runs every combination", name)
    return parameter
