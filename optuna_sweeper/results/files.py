"""The result files of a sweep, rewritten after every batch."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from optuna.study import Study

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.errors import unwritable
from optuna_sweeper.results import schema
from optuna_sweeper.results.best_trials import BestTrials, name_state
from optuna_sweeper.results.trials_table import TrialsTable
from optuna_sweeper.study.attributes import JOB_DIR
from optuna_sweeper.study.finished_trials import FinishedTrials

# libyaml, where PyYAML has it, writes the same in less time.
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class ResultsWriter:
    """Writes ``optimization_results.yaml`` and ``trials.csv``, each atomically."""

    def __init__(self, study: Study, folder: Path, identity: str | None = None) -> None:
        self.study, self.folder = study, folder
        self.best = BestTrials(study, identity)
        self._table = TrialsTable(study, identity)
        self._trials = FinishedTrials(study)
        self._states: Counter[str] = Counter()  # of finished trials

    def write(self, ended_by: schema.End | None = None) -> None:
        """Write both; `ended_by` is None while the sweep runs."""
        # allow_unicode: names are readable as they were typed.
        text = yaml.dump(self.results(ended_by), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
        for name, content in ((schema.RESULTS_FILE, text), (schema.TRIALS_FILE, self._table.text())):
            path = self.folder / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, content)
            except OSError as error:
                raise unwritable(path, error) from error

    def results(self, ended_by: schema.End | None = None) -> dict[str, Any]:
        """Return the results of the study: Hydra's keys, then name, number of trials, and end."""
        summary: dict[str, Any] = {"name": "optuna"}
        trials = self.best.read()
        if len(self.study.directions) == 1:
            best = trials[0] if trials else None
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
                for trial in trials
            ]
        summary["study_name"] = self.study.study_name
        summary["n_trials"] = self._count_states()
        summary["ended_by"] = None if ended_by is None else ended_by.value
        return summary

    def _count_states(self) -> dict[str, int]:
        """Return the number of trials by state; discarded trials, if any, are a state of their own."""
        ended, unfinished = self._trials.read()
        self._states.update(map(name_state, ended))
        found = self._states + Counter(map(name_state, unfinished))
        states = ("complete", "pruned", "fail", "discarded")
        return {state: found[state] for state in states if found[state] or state != "discarded"}
