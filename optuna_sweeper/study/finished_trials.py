"""The finished trials of a study, each visited once: what they determine grows, and is not computed again."""

from optuna.study import Study
from optuna.trial import FrozenTrial


class FinishedTrials:
    """A position in the trials of a study; a finished trial does not change any more."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._n_seen = 0
        self._unfinished: list[int] = []

    def read(self) -> tuple[list[FrozenTrial], list[FrozenTrial]]:
        """Return the trials that have finished since the last call, and the unfinished ones, by number."""
        trials = self._study.get_trials(deepcopy=False)
        ended: list[FrozenTrial] = []
        unfinished: list[FrozenTrial] = []
        for number in (*self._unfinished, *range(self._n_seen, len(trials))):
            trial = trials[number]
            (ended if trial.state.is_finished() else unfinished).append(trial)
        self._n_seen, self._unfinished = len(trials), [trial.number for trial in unfinished]
        return ended, unfinished
