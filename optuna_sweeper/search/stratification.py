"""A parameter whose choices get the same number of trials: ``hydra.sweeper.balanced``.

To compare things that are tuned, each must be tuned with as many trials: the sampler, left alone, soon asks
for what looks best. So a trial gets the choice that has the fewest trials so far, and the sampler chooses the
rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.samplers import BruteForceSampler, GridSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import refusal
from optuna_sweeper.search.arguments import Arguments
from optuna_sweeper.workers.trial_allocation import counts

_KEY = "hydra.sweeper.balanced"
_FIXED = "fixed_params"  # as Study.enqueue_trial() has it


@dataclass(frozen=True)
class Balance:
    """A parameter and its choices.

    Attributes
    ----------
    name : str
        Of the parameter.
    choices : sequence
        Its values.
    """

    name: str
    choices: Sequence[Any]

    def decide(self, study: Study, trial_id: int) -> None:
        """Give a new trial the choice that has the fewest trials, unless it was asked for one."""
        trial = study._storage.get_trial(trial_id)
        fixed = trial.system_attrs.get(_FIXED, {})
        if self.name in fixed:
            return
        others = [
            self._choice(other)
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number and counts(other)
        ]
        fewest = min(self.choices, key=others.count)
        study._storage.set_trial_system_attr(trial_id, _FIXED, {**fixed, self.name: fewest})

    def _choice(self, trial: FrozenTrial) -> Any:
        return trial.params.get(self.name, trial.system_attrs.get(_FIXED, {}).get(self.name))


def read_balance(name: str | None, arguments: Arguments, sampler: Any) -> Balance | None:
    """Return ``hydra.sweeper.balanced`` as a parameter of the study.

    Parameters
    ----------
    name : str, optional
    arguments : Arguments
        The search space.
    sampler : BaseSampler

    Raises
    ------
    SweepError
        If it is not a choice of the search space, or the sampler asks every combination anyway.
    """
    if name is None:
        return None
    names = {known.lstrip("+"): known for known in arguments.parameters}
    known = names.get(str(name).lstrip("+"))
    parameter = arguments.parameters[known] if known else None
    if parameter is None or not isinstance(parameter.distribution, CategoricalDistribution):
        is_dropped = str(name).lstrip("+") in arguments.dropped
        cure = f"hydra.sweeper.params drops it (null): set {_KEY}=null, too." if is_dropped else ""
        raise refusal(_KEY, "a parameter of the search space that is a choice(...)", name, cure)
    if isinstance(sampler, GridSampler | BruteForceSampler):
        raise refusal(_KEY, "null for a sampler that asks every combination", name)
    return Balance(parameter.name, parameter.distribution.choices)
