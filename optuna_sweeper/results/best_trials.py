"""The best trials of a study."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest

from optuna.study import Study, StudyDirection
from optuna.study._multi_objective import _get_pareto_front_trials_by_trials
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.study.attributes import DISCARDED, IDENTITY


def is_own(trial: FrozenTrial, identity: str | None) -> bool:
    """Whether a trial was run for this identity of its study; None: any identity."""
    return identity is None or trial.user_attrs.get(IDENTITY) == identity


def own_trials(study: Study, identity: str | None = None) -> list[FrozenTrial]:
    """Return the complete trials of this identity."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial for trial in trials if is_own(trial, identity)]


def best_trial(study: Study, identity: str | None = None) -> FrozenTrial | None:
    """Return the best complete trial of a study with one objective, or None when there is none."""
    try:
        best = study.best_trial  # which Optuna caches
    except ValueError:
        return None
    return best if is_own(best, identity) else next(iter(ranking(study, 1, identity)), None)


def pareto_front(study: Study, identity: str | None = None) -> list[FrozenTrial]:
    """Return the complete trials of a study that no other trial dominates."""
    front = study.best_trials
    if all(is_own(trial, identity) for trial in front):
        return front
    trials = list(filter(is_feasible, own_trials(study, identity)))
    return _get_pareto_front_trials_by_trials(trials, study.directions)


def ranking(study: Study, count: int, identity: str | None = None) -> list[FrozenTrial]:
    """Return the best complete trials of a study with one objective, best first; ties by number."""
    trials = filter(is_feasible, own_trials(study, identity))
    sign = -1 if study.direction is StudyDirection.MAXIMIZE else 1
    return nsmallest(count, trials, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


def count_without_improvement(
    study: Study, trials: Sequence[FrozenTrial], identity: str | None = None
) -> int:
    """Return the number of these finished trials that ended after the latest improvement; 0 without one.

    An improvement is a better value; with several objectives a new point of the Pareto front. Equal values
    are none. The order is that of the ends, not of the numbers, since processes work side by side.
    """
    candidates = list(filter(is_feasible, own_trials(study, identity)))
    front = _get_pareto_front_trials_by_trials(candidates, study.directions)
    reached: dict[tuple[float, ...], datetime] = {}
    for trial in sorted(front, key=_end):
        reached.setdefault(tuple(trial.values), _end(trial))
    return sum(_end(trial) > max(reached.values()) for trial in trials) if reached else 0


def _end(trial: FrozenTrial) -> datetime:
    assert trial.datetime_complete is not None  # it is finished
    return trial.datetime_complete


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a trial satisfies all of its constraints."""
    return all(value <= 0 for value in trial.constraints.values())


def count_states(trials: Iterable[FrozenTrial]) -> dict[str, int]:
    """Return the number of trials by state; discarded trials, if any, are a state of their own."""
    found = Counter("discarded" if DISCARDED in one.user_attrs else one.state.name.lower() for one in trials)
    states = ("complete", "pruned", "fail", "discarded")
    return {state: found[state] for state in states if found[state] or state != "discarded"}
