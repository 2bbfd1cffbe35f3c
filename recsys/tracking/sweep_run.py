"""The run of a sweep: what its trials say about it, as entries for the queue."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna_sweeper.results.schema import RESULTS_FILE, TRIALS_FILE
from optuna_sweeper.results.schema import End as SweepEnd
from recsys.runs.best import best_so_far, best_trials, candidates
from recsys.runs.files import COMPARISON_FILES, REPORT_FILE, TEST_FILE
from recsys.runs.trials import (
    Trial,
    read_json,
    read_results,
    read_trials,
)
from recsys.tracking.entry import ENDED_BY_TAG, FAILED, FINISHED, KILLED, End, Entry, Start
from recsys.tracking.queue import Queue
from recsys.tracking.reconcile import missing

FILES = (RESULTS_FILE, TRIALS_FILE, REPORT_FILE, TEST_FILE, *COMPARISON_FILES)
LIFT = "max_lift"
STATES = ("complete", "pruned", "fail", "running")

# What a run or sweep says to its sender: that it came to its end, was given up, or was interrupted in a job.
# One that is killed says nothing.
ENDED, LEFT, INTERRUPTED = "end", "left", "interrupted"

# `ended_by` of the sweeper's results. What was cut short may be continued, and is then taken up again.
KILL = "kill"  # the sweeper could not write how it ended
STATUS_OF_END: dict[str, str] = {
    SweepEnd.TOTAL: FINISHED,
    SweepEnd.TIMEOUT: FINISHED,
    SweepEnd.EXHAUSTED: FINISHED,
    SweepEnd.INTERRUPT: KILLED,
    KILL: KILLED,
    SweepEnd.FAILURES: FAILED,
    SweepEnd.ERROR: FAILED,
}
# The same of a sweep over given values, which has no results file.
END_OF_WORD: dict[str, str] = {
    ENDED: SweepEnd.TOTAL,
    LEFT: SweepEnd.FAILURES,
    INTERRUPTED: SweepEnd.INTERRUPT,
}


class SweepRun:
    """The parent run of a sweep, kept up to date with the folder of the sweep.

    Parameters
    ----------
    queue : Queue
        The sweep's queue; its folder is the sweep's.
    run : str
        Key of the parent run.
    study : str
        The study's name.
    metrics, directions : list of str
        The objectives: names in `metrics.json`, and maximize or minimize.
    table : list of int, optional
        The stamp of the table that an earlier sweep had left in the folder (`stamp`).
    """

    def __init__(
        self,
        queue: Queue,
        run: str,
        study: str,
        metrics: list[str],
        directions: list[str],
        table: list[int] | None = None,
    ) -> None:
        self.queue, self.run, self.study = queue, run, study
        self.metrics, self.directions = tuple(metrics), directions
        self._earlier_table = table
        self._seen: list[int] | None = None
        self._told: set[int] = set()
        self._told_of: set[int] = set()  # numbers of answered trials
        self._lifts: dict[int, float] = {}
        self.checked = False

    def update(self) -> None:
        """Queue what is new since the last time, if the sweeper has written anything since."""
        seen = stamp(self.queue.folder)
        if seen is None or seen == self._seen:
            return
        self._seen = seen
        trials = self._trials()
        # The first look is where a continued study's older trials are seen: a kill may have left their
        # children RUNNING, and the sweeper has ended them by now.
        if not self.checked:  # what an earlier sweep left to be sent may have ended the study's run
            self.queue.put(Entry(self.run, Start(f"study {self.study}", int(time.time() * 1000))))
        self.queue.put(self._entry(trials, check=not self.checked))
        for entry in self._answered(trials):
            if self.checked:
                self.queue.put(entry)
        self.checked = True

    def finish(self, word: str, time: int, *, alone: bool) -> None:
        """Queue the last word: states agree, the best is linked, the run is over.

        Parameters
        ----------
        word : str
            What the sweep said as it ended: ENDED, LEFT, INTERRUPTED, or nothing when it was killed.
        time : int
            When that was, in milliseconds since 1970.
        alone : bool
            Whether no other process works on the study: else that one will end the run.
        """
        if self.study and word == LEFT and stamp(self.queue.folder) == self._earlier_table:
            # The sweeper refused the sweep: with the study nothing has happened.
            entry = Entry(self.run, link_results=True)
            if alone:  # else whoever is at work will end it
                entry.tags, entry.end, entry.undo = {ENDED_BY_TAG: "error"}, End(FAILED, time), True
            self.queue.put(entry)
            return
        trials = self._trials()
        entry = self._entry(trials, check=True)
        entry.files = list(FILES)
        entry.metrics += self._final(time)
        entry.link_results = True
        status, ended_by = self._end(trials, word)
        if alone or ended_by == SweepEnd.TOTAL:
            entry.end = End(status, time)
            entry.tags[ENDED_BY_TAG] = ended_by
        self.queue.put(entry)

    def _end(self, trials: list[Trial], word: str) -> tuple[str, str]:
        """How the run ends, and why: what the sweeper wrote into its results, where it did."""
        results = read_results(self.queue.folder)
        complete = any(trial.state == "complete" for trial in trials)
        ended_by = results.get("ended_by")
        if ended_by is None and "ended_by" in results:
            return KILLED, KILL
        if ended_by is None:  # a sweep over given values
            ended_by = END_OF_WORD.get(word, KILL)
        status = STATUS_OF_END.get(ended_by, KILLED)
        return (FAILED if status == FINISHED and not complete else status), ended_by

    def _final(self, time: int) -> list[tuple[str, float, int, int]]:
        """What the winner reached on the test part; a front has no winner."""
        measured = read_json(self.queue.folder / TEST_FILE)
        if len(measured) != 1:
            return []
        ((number, metrics),) = measured.items()
        return [(f"test_{name}", found["value"], time, int(number)) for name, found in metrics.items()]

    def _trials(self) -> list[Trial]:
        return read_trials(self.queue.folder, self.metrics)

    def _entry(self, trials: list[Trial], *, check: bool) -> Entry:
        """What the trials say: how good, how many, and since when."""
        counts = Counter(trial.state for trial in trials)
        complete = [trial for trial in trials if trial.state == "complete"]
        entry = Entry(self.run, metrics=self._history(complete), n_trials=len(trials))
        if trials:
            step, now = trials[-1].number, _end(trials[-1])
            numbers = {"n_trials": len(trials)} | {f"n_{state}": counts[state] for state in STATES}
            numbers["n_answered"] = sum(trial.answered_from is not None for trial in trials)
            entry.metrics += [(name, value, now, step) for name, value in numbers.items()]
        best = self._best(complete)
        if best is not None:
            entry.best = best.number
            entry.metrics.append(("best_trial", best.number, _end(best), best.number))
            note = f"Best {self.metrics[0]}: {best.values[0]:.10g}, in trial {best.number}."
            entry.tags = {"best_trial": str(best.number), "mlflow.note.content": note}
            entry.tags |= {f"best.{name}": value for name, value in best.params.items()}
        if check:
            entry.trials = [self._plain(trial) for trial in trials]
        return entry

    def _answered(self, trials: list[Trial]) -> Iterator[Entry]:
        """The runs of trials that were answered since the last look: no job tells of them.

        Of several processes at a study, the one that ran the job tells of those that it answers.
        """
        folders = {trial.number: trial.job_dir for trial in trials}
        for trial in trials:
            if trial.answered_from is None or trial.number in self._told_of or trial.state != "complete":
                continue
            self._told_of.add(trial.number)
            source = folders.get(trial.answered_from)
            if source is not None and source.parent == self.queue.folder:
                yield missing(self.run, self._plain(trial), str(source))

    def _history(self, complete: list[Trial]) -> list[tuple[str, float, int, int]]:
        """The best so far after each trial that was not told yet."""
        metrics: list[tuple[str, float, int, int]] = []
        highest = float("-inf")
        for trial in candidates(complete, len(self.directions)):
            highest = max(highest, self._lift(trial))
            if trial.number not in self._told and highest > float("-inf"):
                metrics.append(("best_lift", highest, _end(trial), trial.number))
        if len(self.directions) == 1:  # with several objectives no single trial is the best
            for trial, best in best_so_far(complete, self.directions[0]):
                if trial.number not in self._told:
                    metrics.append(("best_value", best.values[0], _end(trial), trial.number))
        self._told |= {trial.number for trial in complete}
        return metrics

    def _lift(self, trial: Trial) -> float:
        if trial.number not in self._lifts:
            self._lifts[trial.number] = trial.metrics().get(LIFT, float("-inf"))
        return self._lifts[trial.number]

    def _best(self, complete: list[Trial]) -> Trial | None:
        """Return the best trial; None with several objectives."""
        if len(self.directions) != 1:
            return None
        return next(iter(best_trials(complete, self.directions, read_results(self.queue.folder))), None)

    def _plain(self, trial: Trial) -> dict[str, Any]:
        """A trial as the queue keeps it."""
        return {
            "number": trial.number,
            "state": trial.state,
            "params": trial.params,
            "end": _end(trial),
            "job_dir": str(trial.job_dir) if trial.job_dir else None,
            "fail_reason": trial.fail_reason,
            "answered_from": trial.answered_from,
            "study": self.study,
        }


def stamp(folder: Path) -> list[int] | None:
    """What changes whenever the sweeper writes its table; none where there is no table."""
    try:
        status = (folder / TRIALS_FILE).stat()
    except FileNotFoundError:
        return None
    return [status.st_mtime_ns, status.st_ino]


def _end(trial: Trial) -> int:
    """When the trial ended, in milliseconds; the same at every call, so that a metric is recorded once."""
    return int((trial.end or datetime.fromtimestamp(0)).timestamp() * 1000)
