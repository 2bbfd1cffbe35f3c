"""The loop of a sweep: ask the study for trials, launch them as jobs, tell the study their outcomes."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from optuna import Trial
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.errors import SweepError, first_line, is_full
from optuna_sweeper.jobs.fast_launcher.launcher import FastLauncher
from optuna_sweeper.jobs.links import read_links
from optuna_sweeper.jobs.outcome import ObjectiveError, Outcome, read_outcome
from optuna_sweeper.results.best_trials import best_trial, own_trials, pareto_front
from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.results.log_lines import best_so_far, summary, trial_line
from optuna_sweeper.results.progress_bar import ProgressBar
from optuna_sweeper.results.schema import RESULTS_FILE, End
from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.search.stratification import Stratification
from optuna_sweeper.settings import Settings
from optuna_sweeper.study.attributes import (
    ANSWERED_FROM,
    EQUIVALENCE,
    FAIL_REASON,
    IDENTITY,
    JOB_DIR,
    JOB_NUM,
    LINKS,
    OVERRIDES,
    OWN,
)
from optuna_sweeper.study.deduplication import find_duplicate, is_duplicate
from optuna_sweeper.study.folders import JobFolders
from optuna_sweeper.workers.signals import Interrupt
from optuna_sweeper.workers.trial_allocation import TrialAllocation, discard, enqueue_again, finished

log = logging.getLogger(__name__)

#: Seconds between looks at the trials of other processes, when this one has no trial to run.
POLL = 0.5

#: With `distinct`: after so many reused trials in a row the search space counts as exhausted.
MAX_REUSED = 100


@dataclass
class Sweep:
    """One call of the sweeper on a study.

    `identity` is that of the study now: trials of another one are neither reused nor the best. `count_trials`
    returns the total number of trials, which may grow: of processes that search a grid together, two may have
    run the same combination at the same time, and another one is left. `outcome_key` returns the
    application's key of equal outcomes, or None, for the overrides of a job. `clock` and `sleep` are in
    seconds.
    """

    settings: Settings
    study: Study
    launcher: Launcher
    space: SearchSpace
    allocation: TrialAllocation
    folder: Path
    identity: str
    job_folders: JobFolders
    interrupt: Interrupt
    progress: ProgressBar
    count_trials: Callable[[], int]
    outcome_key: Callable[[Sequence[str]], str | None] | None = None
    stratification: Stratification | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    outcomes: list[Outcome] = field(default_factory=list)
    exhausted: bool = False
    reused_in_a_row: int = 0
    ended_by: End | None = None

    def __post_init__(self) -> None:
        self.results = ResultsWriter(self.study, self.folder, self.identity)

    def run(self) -> None:
        """Run the trials, batch by batch.

        Raises the error of a job when more than ``max_failure_rate`` of the trials failed, and `SweepError`
        if none completed.
        """
        self.results.write()  # an unwritable folder fails before any trial
        try:
            with self.progress:
                self._run_batches()
            self._check_result()
        except BaseException as error:
            self.ended_by = self._end_of(error)
            raise
        finally:
            self.results.write(self.ended_by)  # with the trials of other processes
        if self._has_result():
            log.info(
                "%s\nResults: %s", summary(self.study, identity=self.identity), self.folder / RESULTS_FILE
            )

    def _run_batches(self) -> None:
        deadline = self.clock() + (math.inf if self.settings.timeout is None else self.settings.timeout)
        self._show_progress()
        while size := self._next_batch(deadline):
            self._run_batch(size)
            self._show_progress()

    def _show_progress(self) -> None:
        if self.progress:
            done = self.allocation.finished()
            self.progress.update(len(done), best_so_far(self.study, self.identity))

    def _check_result(self) -> None:
        if self._has_result() or self.ended_by is End.INTERRUPT:
            return
        if self.ended_by is End.TOTAL:
            self.ended_by = End.FAILURES
        raise SweepError(self._describe_no_result())

    def _end_of(self, error: BaseException) -> End:
        if isinstance(error, KeyboardInterrupt):
            return End.INTERRUPT
        return self.ended_by or End.ERROR

    def _next_batch(self, deadline: float) -> int:
        """Return the size of the next batch; 0 at the end of the sweep, with `ended_by` set.

        Wait for other processes that run the last trials: if one dies, its trials are run here.
        """
        waiting: list[int] = []
        while not self.interrupt:
            if self.clock() >= deadline:
                log.info("hydra.sweeper.timeout=%g: no further trial is started.", self.settings.timeout)
                self.ended_by = End.TIMEOUT
                return 0
            self.allocation.recover()
            if self.exhausted and not self.allocation.enqueued():
                self.ended_by = End.TOTAL if self.allocation.complete() else End.EXHAUSTED
                return 0
            free = self.allocation.free()
            if free > 0:
                return min(self.settings.n_jobs, free)
            others = self.allocation.others()
            if not others:
                total = self.count_trials()
                if total > self.allocation.n_trials:
                    self.allocation.n_trials = total
                    continue
                self.ended_by = End.TOTAL
                return 0
            if others != waiting:
                log.info("Waiting for other processes: trials %s", ", ".join(map(str, others)))
                waiting = others
            self._show_progress()
            self.sleep(POLL)
        self.ended_by = End.TOTAL if self.allocation.complete() else End.INTERRUPT
        return 0

    def _run_batch(self, size: int) -> None:
        """Run a batch of trials; after any error, none of them is left running."""
        taken: list[int] = []
        told: list[FrozenTrial] = []
        failures: list[JobReturn] = []
        full: BaseException | None = None
        try:
            trials = self._take(size, taken)
            new, duplicates = self._deduplicate(trials, told)
            for trial, job in zip(new, self._launch(new), strict=True):
                outcome = read_outcome(job, len(self.study.directions))
                if is_full(outcome.error):
                    full = outcome.error  # not caused by the parameters; the other trials are told first
                    continue
                if not self._finish(trial, job, outcome, told):
                    continue
                if outcome.state is TrialState.FAIL:
                    failures.append(job)
                    log.debug("Trial %d failed", trial.number, exc_info=outcome.error)
            for trial, twin in duplicates:
                self._complete_duplicate(trial, twin, told)
            if full is not None:
                raise full
        except BaseException as error:
            self._abandon(taken, error)
            # A signal to the whole group of processes may have ended those of the launcher, too.
            if not self.interrupt or isinstance(error, KeyboardInterrupt):
                raise
            log.warning("The running trials did not finish: %s", first_line(error))
        finally:
            self.results.write()
        for frozen in told:
            level = logging.WARNING if frozen.state is TrialState.FAIL else logging.INFO
            log.log(level, "%s", trial_line(self.study, frozen, self.identity))
        if failures:
            self._check_failures(failures[0])

    def _take(self, size: int, taken: list[int]) -> list[Trial]:
        """Create this many trials, or as many as are left, and choose their parameters."""
        trials = []
        # The fixed overrides go where a custom search space may look for them.
        fixed = {key: text for key, text in mask_values(self.space.arguments.fixed).items() if key not in OWN}
        attributes = fixed | {IDENTITY: self.identity}
        for _ in range(size):
            trial_id = self.allocation.take(attributes)
            if trial_id is None:
                break
            taken.append(trial_id)
            if self._drop(trial_id):
                continue
            if self.stratification is not None:
                self.stratification.assign(self.study, trial_id)
            trials.append(Trial(self.study, trial_id))
            self._choose(trials[-1])
        return trials

    def _drop(self, trial_id: int) -> bool:
        """Discard a trial that was enqueued with values outside the current search space.

        Optuna would run it with these values, and warn.
        """
        trial = self.study._storage.get_trial(trial_id)
        space = self.space.parameters
        outside = [
            f"{name} must be in {space[name].distribution}. Got {value!r}."
            for name, value in trial.system_attrs.get("fixed_params", {}).items()
            if name in space and not space[name].fits(value)
        ]
        if outside:
            reason = f"{' '.join(outside)} It was enqueued for another search space."
            discard(self.study, trial, "outside", reason)
            log.warning("Trial %d is dropped: %s", trial.number, reason)
        return bool(outside)

    def _deduplicate(
        self, trials: Sequence[Trial], told: list[FrozenTrial]
    ) -> tuple[list[Trial], list[tuple[Trial, Trial]]]:
        """Complete the trials whose values the study has already.

        Returns the trials to run, and duplicates within the batch, each with the trial that is run.
        """
        if self.settings.repeat:
            return list(trials), []
        new: list[Trial] = []
        duplicates: list[tuple[Trial, Trial]] = []
        for trial in trials:
            frozen = self._frozen(trial)
            known = find_duplicate(self.study, frozen, self.identity)
            twin = next((one for one in new if is_duplicate(frozen, self._frozen(one))), None)
            if known is not None:
                self._reuse(trial, known, told)
            elif twin is not None:
                duplicates.append((trial, twin))
            else:
                new.append(trial)
        return new, duplicates

    def _reuse(self, trial: Trial, known: FrozenTrial, told: list[FrozenTrial]) -> None:
        trial.set_user_attr(ANSWERED_FROM, known.number)
        for name, value in known.constraints.items():
            trial.set_constraint(name, value)
        outcome = Outcome(TrialState.COMPLETE, values=known.values)
        told.append(self._tell(trial.number, outcome))
        self.outcomes.append(outcome)
        self.reused_in_a_row += 1
        if self.settings.distinct and self.reused_in_a_row >= MAX_REUSED:
            log.warning("%d trials in a row had parameters that were run before; the sweep ends.", MAX_REUSED)
            self.exhausted = True

    def _complete_duplicate(self, trial: Trial, twin: Trial, told: list[FrozenTrial]) -> None:
        known = self._frozen(twin)
        if known.state is TrialState.COMPLETE:
            self._reuse(trial, known, told)
        else:
            reason = f"Trial {twin.number} of the same batch has the same parameters, and did not complete."
            discard(self.study, self._frozen(trial), "surplus", reason)

    def _finish(self, trial: Trial, job: JobReturn, outcome: Outcome, told: list[FrozenTrial]) -> bool:
        """Tell the study the outcome of a job; false if another process considered this one dead."""
        try:
            self._note(trial, job, outcome)
            for name, value in outcome.constraints.items():
                trial.set_constraint(name, value)
            told.append(self._tell(trial.number, outcome))
        except (UpdateFinishedTrialError, ValueError):
            if not self._frozen(trial).state.is_finished():
                raise
            log.warning("Trial %d was given to another process; its result is dropped.", trial.number)
            return False
        self.outcomes.append(outcome)
        self.reused_in_a_row = 0
        return True

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self.study._storage.get_trial(trial._trial_id)

    def _choose(self, trial: Trial) -> None:
        """Choose the trial's parameters, and note the overrides of its job."""
        self.space.suggest(trial)
        twice = ", ".join(sorted(trial.params.keys() & self.space.arguments.fixed.keys()))
        if twice:
            raise SweepError(
                f"hydra.sweeper.custom_search_space suggests what an override has fixed: {twice}."
            )
        overrides = self.space.overrides(trial.params)
        trial.set_user_attr(OVERRIDES, mask_values(overrides))
        if self.outcome_key is not None:
            key = self.outcome_key(overrides)
            if key is not None:
                trial.set_user_attr(EQUIVALENCE, key)

    def _launch(self, trials: Sequence[Trial]) -> list[JobReturn]:
        """Run the jobs of the trials. The number of a job, which names its folder, is that of its trial.

        A launcher numbers its jobs consecutively. The numbers of trials have gaps if another process works on
        the study, so each sequence without a gap is a launch of its own.
        """
        jobs: list[JobReturn] = []
        for trial in trials:
            self.job_folders.claim(self._frozen(trial))
        for _, run in groupby(enumerate(trials), key=lambda pair: pair[1].number - pair[0]):
            batch = [trial for _, trial in run]
            overrides = [self.space.overrides(trial.params) for trial in batch]
            in_process = isinstance(self.launcher, FastLauncher)
            with nullcontext() if in_process else self.progress.paused():
                jobs.extend(self.launcher.launch(overrides, initial_job_idx=batch[0].number))
        return jobs

    def _note(self, trial: Trial, job: JobReturn, outcome: Outcome) -> None:
        """Write the folder, the links and the failure of a job into its trial."""
        trial.set_user_attr(JOB_NUM, trial.number)
        if job.hydra_cfg is not None:
            folder = job.hydra_cfg.hydra.runtime.output_dir
            trial.set_user_attr(JOB_DIR, folder)
            links = read_links(Path(folder))
            if links:
                trial.set_user_attr(LINKS, links)
        if outcome.reason is not None:
            trial.set_user_attr(FAIL_REASON, outcome.reason)

    def _tell(self, number: int, outcome: Outcome) -> FrozenTrial:
        try:
            return self.study.tell(number, values=outcome.values, state=outcome.state)
        except RuntimeError:
            # An exhausted sampler calls Study.stop(), which Optuna allows in Study.optimize() only. The
            # values are stored nevertheless.
            frozen = self.study.get_trials(deepcopy=False)[number]
            if not frozen.state.is_finished():
                raise
            self.exhausted = True
            return frozen

    def _abandon(self, taken: Sequence[int], error: BaseException) -> None:
        """Fail the unfinished trials of a batch that an error ended.

        Those that the user or a full disk ended are enqueued again when the study is continued.
        """
        reason = Outcome(TrialState.FAIL, error=error).reason or ""
        no_fault = bool(self.interrupt) or isinstance(error, KeyboardInterrupt) or is_full(error)
        for trial_id in taken:
            trial = self.study._storage.get_trial(trial_id)
            if discard(self.study, trial, "interrupted" if no_fault else "broken", reason) and no_fault:
                enqueue_again(self.study, trial)

    def _check_failures(self, failed: JobReturn) -> None:
        failures = [outcome for outcome in self.outcomes if outcome.state is TrialState.FAIL]
        if len(failures) <= self.settings.max_failure_rate * len(self.outcomes):
            return
        self.ended_by = End.FAILURES
        log.error(
            "%d of %d trials failed, more than hydra.sweeper.max_failure_rate=%g allows. Results so far: %s",
            len(failures), len(self.outcomes), self.settings.max_failure_rate, self.folder / RESULTS_FILE,
        )  # fmt: skip
        if isinstance(failures[-1].error, ObjectiveError):
            raise failures[-1].error
        _ = failed.return_value  # raises the job's own error, with its traceback

    def _has_result(self) -> bool:
        """Whether this call has a result; pruned trials are one if the study has a complete trial."""
        if all(outcome.state is TrialState.FAIL for outcome in self.outcomes) and self.outcomes:
            return False
        best = best_trial if len(self.study.directions) == 1 else pareto_front
        return bool(best(self.study, self.identity))

    def _describe_no_result(self) -> str:
        # A call that runs nothing, because the study is finished, describes the trials of the study.
        ends = [(outcome.state, outcome.reason) for outcome in self.outcomes] or [
            (trial.state, trial.user_attrs.get(FAIL_REASON)) for trial in finished(self.study)
        ]
        if not ends:
            return "No trial was run."
        if not own_trials(self.study, self.identity) and own_trials(self.study):
            return (
                f"All complete trials of the study {self.study.study_name} have another identity than now. "
                "Raise hydra.sweeper.n_trials to run more, or name another hydra.sweeper.study_name."
            )
        if any(state is TrialState.COMPLETE for state, _ in ends):
            return f"None of the {len(ends)} trials keeps the constraints."
        failures = [reason for state, reason in ends if state is TrialState.FAIL]
        reason = failures[-1] if failures else ends[-1][1]
        last = f" The last one: {reason}" if reason else ""
        return (
            f"None of the {len(ends)} trials completed: {len(failures)} failed, "
            f"{len(ends) - len(failures)} pruned.{last}"
        )
