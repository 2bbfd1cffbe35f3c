"""The initial trials of a study: enqueued parameters, and the trials of a warm start."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.samplers import GridSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import SweepError, refusal
from optuna_sweeper.search.parameter import fits
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.study.attributes import ENQUEUED, WARM_START
from optuna_sweeper.workers.mutual_exclusion import exclusive
from optuna_sweeper.workers.worker import Worker

_KEY = "hydra.sweeper.enqueue"


def read_enqueued(enqueue: Sequence[Mapping[str, Any]], space: SearchSpace) -> list[dict[str, Any]]:
    """Return ``hydra.sweeper.enqueue`` as parameters of the study."""
    names = {name.lstrip("+"): name for name in space.parameters}
    given = [(str(key), value) for one in enqueue for key, value in one.items()]
    for key, value in given:
        name = names.get(key.lstrip("+"))
        if name is not None:
            if not fits(space.parameters[name].distribution, value):
                raise refusal(f"{_KEY}: {key}", f"in {space.parameters[name].distribution}", value)
        elif key.lstrip("+") in space.arguments.dropped:
            raise SweepError(
                f"{_KEY}: {key} is not searched, for hydra.sweeper.params drops it (null). "
                f"Leave it out here, too, or set {_KEY}=null."
            )
        elif not space.is_open:
            raise refusal(f"{_KEY}: {key}", f"one of {', '.join(names)}", value)
    return [
        {names.get(str(key).lstrip("+"), str(key)): value for key, value in one.items()} for one in enqueue
    ]


def add_initial_trials(
    study: Study,
    worker: Worker,
    enqueued: Sequence[Mapping[str, Any]],
    complete: Sequence[FrozenTrial],
) -> None:
    """Add parameters to be run first, and trials of a warm start, that the study does not have yet."""
    if enqueued and isinstance(study.sampler, GridSampler):
        raise SweepError(f"{_KEY}: the grid sampler runs every combination anyway. Use another sampler.")
    if any(len(trial.values) != len(study.directions) for trial in complete):
        raise SweepError("hydra.sweeper.warm_start: its trials have another number of objectives.")
    if not enqueued and not complete:
        return
    with exclusive(study, worker):
        trials = study.get_trials(deepcopy=False)
        known = {trial.user_attrs.get(key) for trial in trials for key in (ENQUEUED, WARM_START)}
        for params in map(dict, enqueued):
            if repr(params) not in known:
                study.enqueue_trial(params, user_attrs={ENQUEUED: repr(params)})
        study.add_trials([trial for trial in complete if trial.user_attrs[WARM_START] not in known])
