"""The parent run of a sweep: entries with the state of its trials."""

import math
from collections import Counter
from datetime import datetime
from itertools import accumulate
from typing import Any

from optuna_sweeper.results.schema import RESULTS_FILE, TRIALS_FILE
from optuna_sweeper.results.schema import End as SweepEnd
from recsys.metrics import MAX_LIFT
from recsys.runs.best import best_so_far, candidates
from recsys.runs.files import COMPARISON_FILES, REPORT_FILE, SEARCH_FIGURE_FILE, SLICES_FILE, TEST_FILE
from recsys.runs.json_file import read_json
from recsys.runs.summary import datasets
from recsys.runs.sweep import Sweep
from recsys.runs.trials import Trial, read_metrics, read_results, read_trials
from recsys.tracking.entry import End, Entry, Metric, Start, Status, Tag, dataset_of, now
from recsys.tracking.links import stamp
from recsys.tracking.note import NOTE, sweep_note
from recsys.tracking.queue import Queue
from recsys.tracking.reconcile import missing

FILES = (
    RESULTS_FILE, TRIALS_FILE, REPORT_FILE, SEARCH_FIGURE_FILE, TEST_FILE, SLICES_FILE, *COMPARISON_FILES
)  # fmt: skip
STATES = ("complete", "pruned", "fail", "running")
PLAIN = ("number", "state", "params", "fail_reason", "answered_from")
BEST_LIFT, BEST_VALUE = "best_lift", "best_value"  # metrics: the best so far after each trial

# The last word of a run or sweep to its sender; one that is killed sends none.
ENDED, LEFT, INTERRUPTED = "end", "left", "interrupted"

KILL = "kill"  # the sweeper could not write how it ended
# The `ended_by` of results for each status of the parent run; of others it is KILLED.
ENDED_BY = {
    Status.FINISHED: (
        SweepEnd.TOTAL,
        SweepEnd.NO_IMPROVEMENT,
        SweepEnd.TIMEOUT,
        SweepEnd.EXHAUSTED,
    ),
    Status.FAILED: (SweepEnd.FAILURES, SweepEnd.ERROR),
}
# How a sweep over given values ended, which has no results file.
END_OF_WORD = {ENDED: SweepEnd.TOTAL, LEFT: SweepEnd.FAILURES, INTERRUPTED: SweepEnd.INTERRUPT}


class SweepRun:
    """Parent run of a sweep, updated from the folder of the sweep, which is that of the queue.

    `run` is its key, `objective` has the `metrics` and `directions` of the sweep, `table` is the `stamp` of
    the table of trials that an earlier sweep left in the folder, `hydra` has what was typed, `overrides`, and
    what is compared, `callbacks`.
    """

    def __init__(
        self,
        queue: Queue,
        run: str,
        study: str,
        objective: dict[str, list[str]],
        table: list[int] | None = None,
        hydra: dict[str, Any] | None = None,
    ) -> None:
        self.queue, self.run, self.study, self.objective = queue, run, study, objective
        self._config = {"objective": objective, "hydra": hydra or {}}
        self._table, self._earlier_table = queue.folder / TRIALS_FILE, table
        self._seen: list[int] | None = None
        self._recorded: set[int] = set()
        self._lifts: dict[int, float] = {}

    def update(self) -> bool:
        """Queue the changes since the last call; return whether they are the first."""
        seen, is_first = stamp(self._table), self._seen is None
        if seen is None or seen == self._seen:
            return False
        sweep = self._read()
        # The first update reconciles the older trials of a continued study: a kill may have left their child
        # runs RUNNING.
        if is_first:  # entries of an earlier sweep may have ended the run
            self.queue.put(Entry(self.run, Start(f"study {self.study}", now())))
        answered = [] if is_first else self._answered(sweep)
        for entry in [self._entry(sweep, check=is_first), *answered]:
            self.queue.put(entry)
        self._seen = seen
        return is_first

    def finish(self, word: str, time: int, *, alone: bool) -> None:
        """Queue the last entry: reconcile the trials, link the best, end the run.

        `word` is ENDED, LEFT, INTERRUPTED, or empty if the sweep was killed; `time` is in milliseconds since
        1970; `alone` says that no other process works on the study, which would then end the run.
        """
        if self.study and word == LEFT and stamp(self._table) == self._earlier_table:
            # The sweeper refused the sweep and did not change the study.
            entry = Entry(self.run, link_results=True)
            if alone:  # else another process ends it
                entry.tags, entry.end, entry.undo = {Tag.ENDED_BY: "error"}, End(Status.FAILED, time), True
            self.queue.put(entry)
            return
        sweep = self._read()
        entry = self._entry(sweep, check=True)
        entry.files, entry.link_results = list(FILES), True
        entry.metrics += self._measured_on_test(time)
        status, ended_by = _end(sweep, word)
        if alone or ended_by in (SweepEnd.TOTAL, SweepEnd.NO_IMPROVEMENT):
            entry.end = End(status, time)
            entry.tags[Tag.ENDED_BY] = ended_by
        self.queue.put(entry)

    def _read(self) -> Sweep:
        folder = self.queue.folder
        trials = read_trials(folder, tuple(self.objective["metrics"]))
        return Sweep(folder, self._config, trials, read_results(folder))

    def _measured_on_test(self, time: int) -> list[Metric]:
        """Return the test metrics of the best trial; none with several objectives."""
        measured = read_json(self.queue.folder / TEST_FILE)
        if len(measured) != 1:
            return []
        ((number, metrics),) = measured.items()
        return [(f"test_{name}", found["value"], time, int(number)) for name, found in metrics.items()]

    def _entry(self, sweep: Sweep, *, check: bool) -> Entry:
        """Return an entry with the history, counts and best trial."""
        trials, states = sweep.trials, Counter(trial.state for trial in sweep.trials)
        entry = Entry(self.run, metrics=self._history(sweep), n_trials=len(trials))
        entry.tags = {NOTE: sweep_note(sweep)}
        entry.datasets = list(map(dataset_of, datasets(sweep)))
        if trials:
            counts = {"n_trials": len(trials)} | {f"n_{state}": states[state] for state in STATES}
            counts["n_answered"] = sum(trial.answered_from is not None for trial in trials)
            entry.metrics += [_point(name, count, trials[-1]) for name, count in counts.items()]
        # With several objectives no single trial is the best.
        if len(sweep.directions) == 1 and (best := sweep.best) is not None:
            entry.best = best.number
            entry.metrics.append(_point("best_trial", best.number, best))
            entry.tags["best_trial"] = str(best.number)
            entry.tags |= {f"best.{name}": value for name, value in best.params.items()}
        if check:
            entry.trials = [self._plain(sweep, trial) for trial in trials]
        return entry

    def _answered(self, sweep: Sweep) -> list[Entry]:
        """Return entries for new trials with copied values, which have no job.

        With several processes, the one that ran the source's job records them.
        """
        new = (trial for trial in sweep.trials if trial.answered_from is not None and self._is_new(trial))
        sources = ((trial, sweep.folder_of(trial)) for trial in new)
        return [
            missing(self.run, self._plain(sweep, trial))
            for trial, source in sources
            if source is not None and source.parent == self.queue.folder
        ]

    def _is_new(self, trial: Trial) -> bool:
        return trial.state == "complete" and trial.number not in self._recorded

    def _history(self, sweep: Sweep) -> list[Metric]:
        """Return the best values so far after each trial that is not recorded yet."""
        can_be_best = candidates(sweep.trials, len(sweep.directions))
        lifts = accumulate(map(self._lift, can_be_best), max)
        points = [(BEST_LIFT, lift, trial) for trial, lift in zip(can_be_best, lifts, strict=True)]
        if len(sweep.directions) == 1:
            pairs = best_so_far(sweep.trials, sweep.directions[0])
            points += [(BEST_VALUE, best.values[0], trial) for trial, best in pairs]
        new = [_point(*point) for point in points if self._is_new(point[2]) and point[1] > -math.inf]
        self._recorded |= {trial.number for trial in sweep.trials if trial.state == "complete"}
        return new

    def _lift(self, trial: Trial) -> float:
        if trial.number not in self._lifts:
            self._lifts[trial.number] = read_metrics(trial.job_dir).get(MAX_LIFT, -math.inf)
        return self._lifts[trial.number]

    def _plain(self, sweep: Sweep, trial: Trial) -> dict[str, Any]:
        """Return a trial as plain values, with the folder of its job or of its source."""
        folder = sweep.folder_of(trial)
        plain = {name: getattr(trial, name) for name in PLAIN} | {"study": self.study}
        return plain | {"end": _milliseconds(trial), "folder": str(folder) if folder else None}


def _end(sweep: Sweep, word: str) -> tuple[str, str]:
    """Return the status of the run and the reason of its end."""
    ended_by = sweep.results.get("ended_by")
    if ended_by is None:  # not written in time, or a sweep over given values
        ended_by = KILL if "ended_by" in sweep.results else END_OF_WORD.get(word, KILL)
    status = next((status for status, ends in ENDED_BY.items() if ended_by in ends), Status.KILLED)
    is_complete = any(trial.state == "complete" for trial in sweep.trials)
    return (Status.FAILED if status == Status.FINISHED and not is_complete else status), ended_by


def _point(name: str, value: float, trial: Trial) -> Metric:
    return name, value, _milliseconds(trial), trial.number


def _milliseconds(trial: Trial) -> int:
    """Return the end of a trial in milliseconds since 1970; the same at every call."""
    return int((trial.end or datetime.fromtimestamp(0)).timestamp() * 1000)
