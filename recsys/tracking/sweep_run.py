"""The run of a sweep: what its trials say about it, as entries for the queue."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import Any

from recsys.tracking.entry import FAILED, FINISHED, KILLED, End, Entry, Start
from recsys.tracking.queue import Queue
from recsys.trials import RESULTS_FILE, TRIALS_FILE, Trial, best_so_far, read_results, read_trials

REPORT_FILE = "report.html"
LIFT = "max_lift"
STATES = ("complete", "pruned", "fail", "running")


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
    """

    def __init__(self, queue: Queue, run: str, study: str, metrics: list[str], directions: list[str]) -> None:
        self.queue, self.run, self.study = queue, run, study
        self.metrics, self.directions = tuple(metrics), directions
        self._table = queue.folder / TRIALS_FILE
        self._seen: tuple[int, int] | None = None
        self._told: set[int] = set()
        self._lifts: dict[int, float] = {}
        self.checked = False

    def update(self) -> None:
        """Queue what is new since the last time, if the sweeper has written anything since."""
        seen = self._stamp()
        if seen is None or seen == self._seen:
            return
        self._seen = seen
        trials = self._trials()
        # The first look is where a continued study's older trials are seen: a kill may have left their
        # children RUNNING, and the sweeper has ended them by now.
        entry = self._entry(trials, check=not self.checked)
        if not self.checked:  # what an earlier sweep left to be sent may have ended the study's run
            entry.start = Start(f"study {self.study}", int(time.time() * 1000))
        self.queue.put(entry)
        self.checked = True

    def finish(self, *, ended: bool) -> None:
        """Queue the last word: states agree, the best is linked, the run is over.

        `ended` says that the sweep came to its end; it did not when it was interrupted, killed, or given up.
        """
        trials = self._trials()
        entry = self._entry(trials, check=True)
        entry.files = [RESULTS_FILE, TRIALS_FILE, REPORT_FILE]
        entry.link_results = True
        entry.end = End(_status(trials, ended), int(time.time() * 1000))
        self.queue.put(entry)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._table.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _trials(self) -> list[Trial]:
        return read_trials(self.queue.folder, self.metrics)

    def _entry(self, trials: list[Trial], *, check: bool) -> Entry:
        """What the trials say: how good, how many, and since when."""
        counts = Counter(trial.state for trial in trials)
        complete = [trial for trial in trials if trial.state == "complete"]
        entry = Entry(self.run, metrics=self._history(complete))
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

    def _history(self, complete: list[Trial]) -> list[tuple[str, float, int, int]]:
        """The best so far after each trial that was not told yet."""
        metrics: list[tuple[str, float, int, int]] = []
        highest = float("-inf")
        for trial in complete:
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
        """The best trial: the sweeper's word where there is one, for it knows of constraints."""
        if len(self.directions) != 1:
            return None
        results = read_results(self.queue.folder)
        if "best_trial" in results:
            return next((trial for trial in complete if trial.number == results["best_trial"]), None)
        pairs = best_so_far(complete, self.directions[0])
        return pairs[-1][1] if pairs else None

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


def _status(trials: list[Trial], ended: bool) -> str:
    """How a sweep's run ends: something came of it, nothing did, or it was cut short."""
    if ended:
        return FINISHED if any(trial.state == "complete" for trial in trials) else FAILED
    given_up = bool(trials) and trials[-1].state == "fail"
    interrupted = given_up and (trials[-1].fail_reason or "").startswith("KeyboardInterrupt")
    return FAILED if given_up and not interrupted else KILLED


def _end(trial: Trial) -> int:
    """When the trial ended, in milliseconds; the same at every call, so that a metric is recorded once."""
    return int((trial.end or datetime.fromtimestamp(0)).timestamp() * 1000)
