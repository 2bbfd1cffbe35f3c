"""The result files of a sweep, rewritten after every batch."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.errors import unwritable
from optuna_sweeper.results import schema
from optuna_sweeper.results.best_trials import best_trial, count_states, is_own, pareto_front
from optuna_sweeper.study.attributes import ANSWERED_FROM, FAIL_REASON, JOB_DIR

# libyaml, where PyYAML has it, writes the same in less time.
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class ResultsWriter:
    """Writes ``optimization_results.yaml`` and ``trials.csv``, each atomically; caches finished lines."""

    def __init__(self, study: Study, folder: Path, identity: str | None = None) -> None:
        self.study, self.folder, self.identity = study, folder, identity
        self._columns: tuple[list[str], list[str]] = ([], [])
        self._lines: dict[int, str] = {}  # of finished trials with these columns, by their numbers

    def write(self, ended_by: schema.End | None = None) -> None:
        """Write both; `ended_by` is None while the sweep runs."""
        found = results(self.study, ended_by, self.identity)
        # allow_unicode: names are readable as they were typed.
        text = yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
        for name, content in ((schema.RESULTS_FILE, text), (schema.TRIALS_FILE, self._table())):
            path = self.folder / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, content)
            except OSError as error:
                raise unwritable(path, error) from error

    def _table(self) -> str:
        trials = self.study.get_trials(deepcopy=False)
        trials = [trial for trial in trials if trial.state is not TrialState.WAITING]
        # A custom search space may give trials different parameters; a dict keeps the order of appearance.
        names = list(dict.fromkeys(name for trial in trials for name in trial.params))
        constraints = list(dict.fromkeys(name for trial in trials for name in trial.constraints))
        if self._columns != (names, constraints):
            self._columns = names, constraints
            self._lines.clear()
        header = [schema.NUMBER, schema.STATE, *schema.value_columns(len(self.study.directions))]
        header += [f"{schema.PARAMETER_PREFIX}{name}" for name in names]
        header += [f"{schema.CONSTRAINT_PREFIX}{name}" for name in constraints]
        return "".join([_line([*header, *schema.LAST_COLUMNS]), *map(self._line_of, trials)])

    def _line_of(self, trial: FrozenTrial) -> str:
        line = self._lines.get(trial.number)
        if line is None:
            line = _line(self._row(trial))
            if trial.state.is_finished():
                self._lines[trial.number] = line
        return line

    def _row(self, trial: FrozenTrial) -> list[Any]:
        names, constraints = self._columns
        values = trial.values or [None] * len(self.study.directions)
        params = [trial.params.get(name, "") for name in names]
        start, end, duration = trial.datetime_start, trial.datetime_complete, trial.duration
        return [
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


def results(study: Study, ended_by: schema.End | None = None, identity: str | None = None) -> dict[str, Any]:
    """Return the results of a study: Hydra's keys, then name, number of trials, and end."""
    summary: dict[str, Any] = {"name": "optuna"}
    if len(study.directions) == 1:
        best = best_trial(study, identity)
        summary["best_params"] = best.params if best else {}
        summary["best_value"] = best.value if best else None
        summary["best_trial"] = best.number if best else None
        summary["best_job_dir"] = best.user_attrs.get(JOB_DIR) if best else None
    else:
        summary["solutions"] = [
            {
                "params": trial.params,
                "values": trial.values,
                "trial": trial.number,
                "job_dir": trial.user_attrs.get(JOB_DIR),
            }
            for trial in pareto_front(study, identity)
        ]
    summary["study_name"] = study.study_name
    summary["n_trials"] = count_states(study.get_trials(deepcopy=False))
    summary["ended_by"] = None if ended_by is None else ended_by.value
    return summary


def _line(cells: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()
