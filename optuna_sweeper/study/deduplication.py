"""Deduplication: trials whose values the study has already, with the same identity of the study."""

from collections.abc import Hashable

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.results.best_trials import is_own
from optuna_sweeper.study.attributes import ANSWERED_FROM, DISCARDED, EQUIVALENCE, OVERRIDES
from optuna_sweeper.study.finished_trials import FinishedTrials


def key_of(trial: FrozenTrial) -> Hashable:
    """Return what duplicates of one identity share: the key of the application or, without, the overrides."""
    attributes = trial.user_attrs
    if EQUIVALENCE in attributes:
        return EQUIVALENCE, attributes[EQUIVALENCE]
    return (OVERRIDES, *sorted(attributes[OVERRIDES])) if OVERRIDES in attributes else None


class KnownTrials:
    """The complete trials of one identity of a study that were run themselves, by their keys."""

    def __init__(self, study: Study, identity: str | None = None) -> None:
        self.identity = identity
        self._trials = FinishedTrials(study)
        self._known: dict[Hashable, FrozenTrial] = {}

    def find(self, trial: FrozenTrial) -> FrozenTrial | None:
        """Return the first of them that is a duplicate of this trial."""
        ended, _ = self._trials.read()
        for other in filter(self._was_run, ended):
            key = key_of(other)
            known = self._known.get(key)
            if known is None or other.number < known.number:
                self._known[key] = other
        return self._known.get(key_of(trial))

    def _was_run(self, trial: FrozenTrial) -> bool:
        return (
            trial.state is TrialState.COMPLETE
            and is_own(trial, self.identity)
            and trial.user_attrs.keys().isdisjoint((ANSWERED_FROM, DISCARDED))
        )
