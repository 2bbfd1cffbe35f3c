"""The loop of a sweep: run batches of trials until the study has all of them."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hydra.core.utils import JobReturn
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from optuna_sweeper.batch import BatchRunner
from optuna_sweeper.errors import SweepError
from optuna_sweeper.jobs.outcome import ObjectiveError, Outcome
from optuna_sweeper.results.best_trials import count_without_improvement, own_trials
from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.results.log_lines import best_so_far, summary, trial_line
from optuna_sweeper.results.schema import RESULTS_FILE, End
from optuna_sweeper.study.attributes import FAIL_REASON, ONLY_LAST
from optuna_sweeper.workers.trial_allocation import finished

log = logging.getLogger(__name__)
trial_log = log.getChild("trials")

#: Seconds between looks at the trials of other processes, when this one has no trial to run.
POLL = 0.5


@dataclass
class Sweep:
    """One call of the sweeper on a study, with its results in a folder.

    The total that `count_trials` returns grows when two processes have run the same combination of a grid.
    """

    batches: BatchRunner
    folder: Path
    count_trials: Callable[[], int]
    ended_by: End | None = None

    def __post_init__(self) -> None:
        self.study, self.identity = self.batches.study, self.batches.identity
        self.settings, self.allocation = self.batches.settings, self.batches.allocation
        self.results = ResultsWriter(self.study, self.folder, self.identity)

    def run(self) -> None:
        """Run the trials, batch by batch; raise a job's error if more than ``max_failure_rate`` failed."""
        self.results.write()  # an unwritable folder fails before any trial
        try:
            with self.batches.progress:
                self._run_batches()
            if not self._has_result() and self.ended_by is not End.INTERRUPT:
                self.ended_by = End.FAILURES if self.ended_by is End.TOTAL else self.ended_by
                raise SweepError(self._describe_no_result())
        except BaseException as error:
            self.ended_by = (
                End.INTERRUPT if isinstance(error, KeyboardInterrupt) else self.ended_by or End.ERROR
            )
            raise
        finally:
            # With the trials of other processes, and from the study alone: Ctrl-C may have come anywhere.
            ResultsWriter(self.study, self.folder, self.identity).write(self.ended_by)
        if self._has_result():
            table = summary(self.study, identity=self.identity)
            log.info("%s\nResults: %s", table, self.folder / RESULTS_FILE)
            self._check_pruner()

    def _check_pruner(self) -> None:
        """Warn if this call ran trials, none of which the pruner could have ended."""
        pruner = self.study.pruner
        if self.batches.ended and not isinstance(pruner, NopPruner):
            trials = self.study.get_trials(deepcopy=False)
            if all(ONLY_LAST in trial.user_attrs for trial in trials if trial.intermediate_values):
                log.warning(
                    "hydra.sweeper.pruner: %s had no trial to end: none reported a value before its end.",
                    type(pruner).__name__,
                )

    def _run_batches(self) -> None:
        deadline = time.monotonic() + (math.inf if self.settings.timeout is None else self.settings.timeout)
        self._show_progress()
        while size := self._next_batch(deadline):
            n_ended = len(self.batches.ended)
            try:
                failed = self.batches.run(size)
            finally:
                self.results.write()
            for trial in self.batches.ended[n_ended:]:
                level = logging.WARNING if trial.state is TrialState.FAIL else logging.INFO
                trial_log.log(level, "%s", trial_line(trial, self.results.best))
            if failed:
                self._check_failures(*failed[0])
            self._show_progress()

    def _show_progress(self) -> None:
        if self.batches.progress:
            self.batches.progress.update(self.allocation.n_finished(), best_so_far(self.results.best))

    def _next_batch(self, deadline: float) -> int:
        """Return the size of the next batch, after waiting for other processes; 0 ends the sweep."""
        allocation = self.allocation
        waiting: list[int] = []
        while not self.batches.interrupt:
            if time.monotonic() >= deadline:
                log.info("hydra.sweeper.timeout=%g: no further trial is started.", self.settings.timeout)
                self.ended_by = End.TIMEOUT
                return 0
            allocation.recover()
            if self.batches.exhausted and not allocation.enqueued():
                self.ended_by = End.TOTAL if allocation.complete() else End.EXHAUSTED
                return 0
            free, has_converged = allocation.free(), self._has_converged()
            if free > 0 and not has_converged:
                return min(self.settings.n_jobs, free)
            others = allocation.others()
            if not others and free > 0:
                log.info(
                    "hydra.sweeper.stop_after_no_improvement=%d: so many trials without a better one (%s); "
                    "no further trial is started. A larger number continues the study.",
                    self.settings.stop_after_no_improvement, best_so_far(self.results.best),
                )  # fmt: skip
                self.ended_by = End.NO_IMPROVEMENT
                return 0
            if not others:
                total = self.count_trials()
                if total > allocation.n_trials:
                    allocation.n_trials = total
                    continue
                allocation.withdraw()
                self.ended_by = End.TOTAL
                return 0
            if others != waiting:
                log.info("Waiting for other processes: trials %s", ", ".join(map(str, others)))
                waiting = others
            self._show_progress()
            time.sleep(POLL)
        self.ended_by = End.TOTAL if allocation.complete() else End.INTERRUPT
        return 0

    def _has_converged(self) -> bool:
        """Whether the study has had its ``stop_after_no_improvement`` trials, and none is enqueued."""
        maximum = self.settings.stop_after_no_improvement
        if maximum is None or self.allocation.enqueued():
            return False
        return count_without_improvement(self.study, self.allocation.finished(), self.identity) >= maximum

    def _check_failures(self, job: JobReturn, outcome: Outcome) -> None:
        ended = self.batches.ended
        n_failed = sum(trial.state is TrialState.FAIL for trial in ended)
        if n_failed <= self.settings.max_failure_rate * len(ended):
            return
        self.ended_by = End.FAILURES
        log.error(
            "%d of %d trials failed, more than hydra.sweeper.max_failure_rate=%g allows. Results so far: %s",
            n_failed, len(ended), self.settings.max_failure_rate, self.folder / RESULTS_FILE,
        )  # fmt: skip
        if isinstance(outcome.error, ObjectiveError):
            raise outcome.error
        _ = job.return_value  # raises the job's own error, with its traceback

    def _has_result(self) -> bool:
        """Whether this call has a result; pruned trials are one if the study has a complete trial."""
        ended = self.batches.ended
        if ended and all(trial.state is TrialState.FAIL for trial in ended):
            return False
        return bool(self.results.best.read())

    def _describe_no_result(self) -> str:
        # A call that runs nothing, because the study is finished, describes the trials of the study.
        ended = self.batches.ended or finished(self.study)
        if not ended:
            return "No trial was run."
        if not own_trials(self.study, self.identity) and own_trials(self.study):
            return (
                f"All complete trials of the study {self.study.study_name} have another identity than now. "
                "Raise hydra.sweeper.n_trials to run more, or name another hydra.sweeper.study_name."
            )
        if any(trial.state is TrialState.COMPLETE for trial in ended):
            return f"None of the {len(ended)} trials keeps the constraints."
        failures = [trial for trial in ended if trial.state is TrialState.FAIL]
        reason = (failures or ended)[-1].user_attrs.get(FAIL_REASON)
        return (
            f"None of the {len(ended)} trials completed: {len(failures)} failed, "
            f"{len(ended) - len(failures)} pruned.{f' The last one: {reason}' if reason else ''}"
        )
