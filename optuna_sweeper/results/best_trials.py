"""The best trials of a study."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest

from optuna.study import Study, StudyDirection
from optuna.study._multi_objective import _get_pareto_front_trials_by_trials
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.study.attributes import DISCARDED, IDENTITY
from optuna_sweeper.study.finished_trials import FinishedTrials


def is_own(trial: FrozenTrial, identity: str | None) -> bool:
    """Whether a trial was run for this identity of its study; None: any identity."""
    return identity is None or trial.user_attrs.get(IDENTITY) == identity


def own_trials(study: Study, identity: str | None = None) -> list[FrozenTrial]:
    """Return the complete trials of this identity."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial for trial in trials if is_own(trial, identity)]


class BestTrials:
    """The best trials of a study, complete and feasible: one, or those that no other trial dominates."""

    def __init__(self, study: Study, identity: str | None = None) -> None:
        self.study, self.identity = study, identity
        self._trials = FinishedTrials(study)
        self._best: list[FrozenTrial] = []

    def read(self) -> list[FrozenTrial]:
        """Return the best trials now, by number; of equal ones with one objective the first."""
        ended, _ = self._trials.read()
        new = [trial for trial in ended if trial.state is TrialState.COMPLETE and self._is_candidate(trial)]
        if new:
            candidates = sorted((*self._best, *new), key=lambda trial: trial.number)
            self._best = _best_of(candidates, self.study)
        return self._best

    def _is_candidate(self, trial: FrozenTrial) -> bool:
        return is_own(trial, self.identity) and is_feasible(trial)


def _best_of(trials: Sequence[FrozenTrial], study: Study) -> list[FrozenTrial]:
    if len(study.directions) == 1:
        return _rank(trials, study, 1)
    return _get_pareto_front_trials_by_trials(trials, study.directions)


def ranking(study: Study, count: int, identity: str | None = None) -> list[FrozenTrial]:
    """Return the best complete trials of a study with one objective, best first; ties by number."""
    return _rank(filter(is_feasible, own_trials(study, identity)), study, count)


def _rank(trials: Iterable[FrozenTrial], study: Study, count: int) -> list[FrozenTrial]:
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


def name_state(trial: FrozenTrial) -> str:
    """Return the name of a trial's state; that of a discarded trial is one of its own."""
    return "discarded" if DISCARDED in trial.user_attrs else trial.state.name.lower()
