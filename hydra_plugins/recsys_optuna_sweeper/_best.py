"""Which trials came out best."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ._attributes import DISCARDED


def best_trial(study: Study) -> FrozenTrial | None:
    """Return the best complete trial of a study with one objective, or None when there is none."""
    try:
        return study.best_trial
    except ValueError:
        return None


def pareto_front(study: Study) -> list[FrozenTrial]:
    """Return the complete trials of a study that no other trial is better than in every objective."""
    return study.best_trials


def ranking(study: Study, count: int) -> list[FrozenTrial]:
    """Return the best complete trials of a study with one objective, best first, of equals the earlier."""
    trials = filter(is_feasible, study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    sign = -1 if study.direction is StudyDirection.MAXIMIZE else 1
    return sorted(trials, key=lambda trial: (sign * (trial.value or 0.0), trial.number))[:count]


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a trial keeps all of its constraints."""
    return all(value <= 0 for value in trial.constraints.values())


def count_states(trials: Iterable[FrozenTrial]) -> dict[str, int]:
    """Return how many trials ended how; those that are no result are told apart, if there are any."""
    states = [None if DISCARDED in trial.user_attrs else trial.state for trial in trials]
    counts = {
        "complete": states.count(TrialState.COMPLETE),
        "pruned": states.count(TrialState.PRUNED),
        "fail": states.count(TrialState.FAIL),
    }
    return {**counts, "discarded": states.count(None)} if None in states else counts
