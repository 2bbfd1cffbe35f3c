"""The table of a study's trials, ``trials.csv``; the lines of finished trials are kept."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.results import schema
from optuna_sweeper.results.best_trials import is_own
from optuna_sweeper.study.attributes import ANSWERED_FROM, FAIL_REASON, JOB_DIR
from optuna_sweeper.study.finished_trials import FinishedTrials

# The names of a trial's parameters, and of its constraints.
_Names = tuple[tuple[str, ...], tuple[str, ...]]


class TrialsTable:
    """The table of a study, for one identity of it."""

    def __init__(self, study: Study, identity: str | None = None) -> None:
        self.study, self.identity = study, identity
        self._trials = FinishedTrials(study)
        self._finished: list[FrozenTrial] = []
        self._first: dict[_Names, int] = {}  # of the finished trials with these names the first
        self._columns: _Names = ((), ())
        self._lines: dict[int, str] = {}  # of finished trials, with these columns, by their numbers

    def text(self) -> str:
        """Return the table as it is now, as CSV; trials that have not started are not in it."""
        ended, unfinished = self._trials.read()
        started = [trial for trial in unfinished if trial.state is not TrialState.WAITING]
        self._finished += ended
        _note_names(self._first, ended)
        first = dict(self._first)
        _note_names(first, started)
        columns = _union(sorted(first, key=first.__getitem__))
        if columns != self._columns:
            self._columns, ended = columns, self._finished  # all lines change
        self._lines |= {trial.number: self._line(trial) for trial in ended}
        lines = self._lines | {trial.number: self._line(trial) for trial in started}
        return "".join([self._header(), *(lines[number] for number in sorted(lines))])

    def _header(self) -> str:
        params, constraints = self._columns
        header = [schema.NUMBER, schema.STATE, *schema.value_columns(len(self.study.directions))]
        header += [f"{schema.PARAMETER_PREFIX}{name}" for name in params]
        header += [f"{schema.CONSTRAINT_PREFIX}{name}" for name in constraints]
        return _csv([*header, *schema.LAST_COLUMNS])

    def _line(self, trial: FrozenTrial) -> str:
        names, constraints = self._columns
        values = trial.values or [None] * len(self.study.directions)
        params = [trial.params.get(name, "") for name in names]
        start, end, duration = trial.datetime_start, trial.datetime_complete, trial.duration
        cells = [
            trial.number,
            trial.state.name.lower(),
            *values,
            *("null" if value is None else value for value in params),
            *map(trial.constraints.get, constraints),
            start and start.isoformat(),
            end and end.isoformat(),
            # The duration of a trial from a warm start is 0, which is false to Python.
            None if duration is None else duration.total_seconds(),
            *map(trial.user_attrs.get, (JOB_DIR, FAIL_REASON, ANSWERED_FROM)),
            "" if is_own(trial, self.identity) else "true",
        ]
        return _csv(cells)


def _note_names(first: dict[_Names, int], trials: Iterable[FrozenTrial]) -> None:
    """Note the first trial with the same names; a custom search space may give trials different ones."""
    for trial in trials:
        names = tuple(trial.params), tuple(trial.constraints)
        first[names] = min(trial.number, first.get(names, trial.number))


def _union(names: Sequence[_Names]) -> _Names:
    """Return all names, in the order of appearance."""
    params = chain.from_iterable(params for params, _ in names)
    constraints = chain.from_iterable(constraints for _, constraints in names)
    return tuple(dict.fromkeys(params)), tuple(dict.fromkeys(constraints))


def _csv(cells: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()
