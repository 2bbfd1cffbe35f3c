"""Allocate trials to workers so that the total is exact, without a lock or a leader.

A process first creates a trial, which gives it a unique number. If enough trials with lower numbers are
enqueued, running or finished, it is surplus and is discarded before it runs. The parameters of a lost trial
are enqueued again after it has left the count, by any process that finds them missing.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from optuna_sweeper.study.attributes import (
    ANSWERED_FROM,
    DISCARDED,
    FAIL_REASON,
    INSTEAD_OF,
    WARM_START,
    WORKER,
)
from optuna_sweeper.study.finished_trials import FinishedTrials
from optuna_sweeper.workers.worker import Worker

log = logging.getLogger(__name__)

# The sampler's own attributes of a trial, without which a grid would not recognise an enqueued one.
_SAMPLER_NOTES = ("grid_id", "search_space")

# Reasons of discarded trials whose parameters are enqueued again.
_TO_ENQUEUE_AGAIN = ("lost", "interrupted")

# The worker of a trial taken from the queue is stored a moment later. Until then, in seconds.
_UNSIGNED = 10.0


def counts(trial: FrozenTrial, distinct: bool = False) -> bool:
    """Whether a trial is part of ``n_trials``."""
    excluded = {DISCARDED, WARM_START, ANSWERED_FROM} if distinct else {DISCARDED, WARM_START}
    return excluded.isdisjoint(trial.user_attrs)


def finished(study: Study, distinct: bool = False) -> list[FrozenTrial]:
    """Return the finished trials of a study that count."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state.is_finished() and counts(trial, distinct)]


@dataclass
class TrialAllocation:
    """The `n_trials` of the study; if `distinct`, those that took over values of others do not count."""

    study: Study
    worker: Worker
    n_trials: int
    distinct: bool = False
    _n_finished: int = field(default=0, init=False)
    _to_enqueue: list[FrozenTrial] = field(default_factory=list, init=False)
    _enqueued: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._trials = FinishedTrials(self.study)

    def _read(self) -> list[FrozenTrial]:
        """Count the trials that have finished since the last call; return the unfinished ones."""
        ended, unfinished = self._trials.read()
        self._n_finished += self._count(ended)
        self._enqueued |= _enqueued_again(ended)
        failed = [trial for trial in ended if trial.state is TrialState.FAIL]
        self._to_enqueue += [one for one in failed if one.user_attrs.get(DISCARDED) in _TO_ENQUEUE_AGAIN]
        return unfinished

    def _count(self, trials: Iterable[FrozenTrial]) -> int:
        return sum(counts(trial, self.distinct) for trial in trials)

    def free(self) -> int:
        """Return the number of trials that are neither finished nor running."""
        return self._free(self._read())

    def _free(self, unfinished: Iterable[FrozenTrial]) -> int:
        return self.n_trials - self._n_finished - self._count(_of(TrialState.RUNNING, unfinished))

    def n_finished(self) -> int:
        """Return the number of finished trials that count."""
        self._read()
        return self._n_finished

    def finished(self) -> list[FrozenTrial]:
        """Return the finished trials that count."""
        return finished(self.study, self.distinct)

    def complete(self) -> bool:
        """Whether all trials are finished."""
        return self.n_finished() >= self.n_trials

    def enqueued(self) -> bool:
        """Whether the study has enqueued trials."""
        return bool(_of(TrialState.WAITING, self._read()))

    def others(self) -> list[int]:
        """Return the numbers of the trials that other processes run."""
        running = _of(TrialState.RUNNING, self._read())
        return [trial.number for trial in running if trial.user_attrs.get(WORKER) != self.worker.id]

    def take(self, attributes: Mapping[str, Any]) -> int | None:
        """Take an enqueued trial or create one; return its id, or None if it was surplus."""
        study, storage = self.study, self.study._storage
        attributes = {WORKER: self.worker.id, **attributes}
        study._thread_local.cached_all_trials = None  # as Study.ask() does
        trial_id = study._pop_waiting_trial_id()
        if trial_id is None:
            # Study.ask() would create a trial that has no worker until a later write.
            bare = create_trial(state=TrialState.RUNNING, user_attrs=attributes)
            trial_id = storage.create_new_trial(study._study_id, template_trial=bare)
        else:
            for key, value in attributes.items():
                storage.set_trial_user_attr(trial_id, key, value)
        trial = storage.get_trial(trial_id)
        if reason := self._why_surplus(trial):
            discard(study, trial, "surplus", reason)
            return None
        return trial_id

    def _why_surplus(self, trial: FrozenTrial) -> str | None:
        unfinished = self._read()
        is_again = INSTEAD_OF in trial.user_attrs
        if not is_again and self._n_finished + self._count(unfinished) <= self.n_trials:
            return None  # not even with the trials after it are there too many
        earlier = self.study.get_trials(deepcopy=False)[: trial.number]
        if is_again and trial.user_attrs[INSTEAD_OF] in _enqueued_again(earlier):
            return "Another process runs these parameters."
        return "Another process runs the last trial." if self._count(earlier) >= self.n_trials else None

    def recover(self) -> None:
        """Fail the trials of dead processes, and enqueue their parameters before any others.

        This process runs no trial now: one of its own was created when the database became unavailable.
        """
        unfinished = self._read()
        running = _of(TrialState.RUNNING, unfinished)
        alive = self.worker.alive() - {self.worker.id} if running else set()
        for trial in running:
            if not self._is_lost(trial, alive):
                continue
            own = trial.user_attrs.get(WORKER) == self.worker.id
            reason = "The storage did not answer." if own else "The process that ran it is gone."
            if discard(self.study, trial, "lost", reason):
                log.warning("Trial %d is run again: %s", trial.number, reason)
        unfinished = self._read() if running else unfinished
        if self._to_enqueue and self._free(unfinished) > 0:
            known = self._enqueued | _enqueued_again(unfinished)
            for trial in self._to_enqueue:
                if trial.number not in known:
                    enqueue_again(self.study, trial)

    def withdraw(self) -> None:
        """Discard the enqueued repetitions of lost trials, when all trials are finished or running.

        Processes that enqueue at once may leave some. A larger `n_trials` enqueues them again.
        """
        for trial in _of(TrialState.WAITING, self._read()):
            if INSTEAD_OF in trial.user_attrs:
                discard(self.study, trial, "surplus", "Another process ran the last trial.")

    def _is_lost(self, trial: FrozenTrial, alive: set[str]) -> bool:
        worker = trial.user_attrs.get(WORKER)
        if worker is not None:
            return worker not in alive
        assert trial.datetime_start is not None
        age = self.worker.clock() - trial.datetime_start.timestamp()
        return not alive or age > _UNSIGNED


def _of(state: TrialState, trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state is state]


def _enqueued_again(trials: Iterable[FrozenTrial]) -> set[int]:
    """Return the numbers of the lost trials whose parameters some of these have, or had when they ran."""
    attributes = (trial.user_attrs for trial in trials if trial.user_attrs.get(DISCARDED) != "surplus")
    return {one[INSTEAD_OF] for one in attributes if INSTEAD_OF in one}


def discard(study: Study, trial: FrozenTrial, why: str, reason: str) -> bool:
    """Fail a trial that does not count (see `DISCARDED`); return whether it was this call that did."""
    storage, trial_id = study._storage, trial._trial_id
    try:
        storage.set_trial_user_attr(trial_id, DISCARDED, why)
        storage.set_trial_user_attr(trial_id, FAIL_REASON, reason)
        if "grid_id" in trial.system_attrs:
            storage.set_trial_system_attr(trial_id, "grid_id", None)  # the point of the grid is not visited
        return storage.set_trial_state_values(trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False


def enqueue_again(study: Study, trial: FrozenTrial) -> None:
    """Enqueue the parameters of a lost trial; the sampler chooses those that are missing."""
    params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if not params:
        return
    notes = {key: trial.system_attrs[key] for key in _SAMPLER_NOTES if key in trial.system_attrs}
    notes["fixed_params"] = params
    again = {INSTEAD_OF: trial.number}
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=notes, user_attrs=again))
