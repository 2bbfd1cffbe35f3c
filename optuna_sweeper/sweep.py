"""The loop: ask the study for trials, launch them as jobs, tell the study what came back."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from optuna import Trial
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.errors import SweepError, first_line, is_full
from optuna_sweeper.jobs.fast_launcher.launcher import QuickLauncher
from optuna_sweeper.jobs.links import read_links
from optuna_sweeper.jobs.outcome import ObjectiveError, Outcome, judge
from optuna_sweeper.results.best_trials import best_trial, own_trials, pareto_front
from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.results.log_lines import best_so_far, summary, trial_line
from optuna_sweeper.results.progress_bar import Progress
from optuna_sweeper.results.schema import RESULTS_FILE, End
from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.arguments import Arguments
from optuna_sweeper.search.conditions import Conditions
from optuna_sweeper.search.stratification import Balance
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
from optuna_sweeper.study.deduplication import known_answer, same_question
from optuna_sweeper.study.folders import JobFolders
from optuna_sweeper.workers.signals import Interrupt
from optuna_sweeper.workers.trial_allocation import Claims, ask_again, discard, finished

log = logging.getLogger(__name__)

#: Seconds between looks at the trials of other processes, when there is nothing else to do.
POLL = 0.5

#: With `distinct`: so many answers from the study in a row, and there is nothing new to ask.
PATIENCE = 100


@dataclass
class Sweep:
    """One call of the sweeper on a study.

    Attributes
    ----------
    study : Study
    launcher : Launcher
        Hydra's launcher, basic or parallel.
    arguments : Arguments
        The fixed overrides and the parameters to choose.
    extend : callable
        The custom search space, given a trial.
    conditions : Conditions
        Which parameters exist for a trial.
    claims : Claims
        The places of the study that are left.
    n_jobs, max_failure_rate, timeout, repeat
        As in the config.
    folder : Path
        Where the results are written.
    outcome_key : callable, optional
        What the application knows of equal outcomes: a text for the overrides of a job, or None.
    job_folders : JobFolders, optional
        Gives each trial a folder of its own.
    identity : str, optional
        The identity of the study: trials of another one are neither answers nor the best.
    balance : Balance, optional
        The parameter whose choices get the same number of trials.
    interrupt : Interrupt
        Whether the user wants the sweep to end; entered.
    progress : Progress
        The bar.
    count : callable
        Counts anew how many places there are: of processes that went through a grid together, two may have
        asked the same at the same time, and a combination is left.
    clock, sleep : callable
        Time, in seconds.
    """

    study: Study
    launcher: Launcher
    arguments: Arguments
    extend: Callable[[Trial], None]
    conditions: Conditions
    claims: Claims
    n_jobs: int
    max_failure_rate: float
    folder: Path
    timeout: float | None = None
    repeat: bool = True
    outcome_key: Callable[[Sequence[str]], str | None] | None = None
    job_folders: JobFolders | None = None
    identity: str | None = None
    balance: Balance | None = None
    interrupt: Interrupt = field(default_factory=Interrupt)
    progress: Progress = field(default_factory=lambda: Progress(0, wanted=False))
    count: Callable[[], int] = int  # which is 0: no more than there are
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    outcomes: list[Outcome] = field(default_factory=list)
    exhausted: bool = False
    answered_in_a_row: int = 0
    ended_by: End | None = None

    def __post_init__(self) -> None:
        self.results = ResultsWriter(self.study, self.folder, self.identity)

    def run(self) -> None:
        """Run the trials, batch by batch.

        Raises
        ------
        Exception
            The error of a job, when more than ``max_failure_rate`` of the trials failed.
        SweepError
            If no trial completed.
        """
        self.results.write()  # a folder that cannot be written is known before any trial
        try:
            with self.progress:
                self._run_batches()
            self._check_result()
        except BaseException as error:
            self.ended_by = self._end_of(error)
            raise
        finally:
            self.results.write(self.ended_by)  # with what other processes did meanwhile
        if self._has_result():
            log.info(
                "%s\nResults: %s", summary(self.study, identity=self.identity), self.folder / RESULTS_FILE
            )

    def _run_batches(self) -> None:
        deadline = self.clock() + (math.inf if self.timeout is None else self.timeout)
        self._show_progress()
        while size := self._next_batch(deadline):
            self._run_batch(size)
            self._show_progress()

    def _show_progress(self) -> None:
        if self.progress:
            done = finished(self.study, self.claims.distinct)
            self.progress.update(len(done), best_so_far(self.study, self.identity))

    def _check_result(self) -> None:
        if self._has_result() or self.ended_by is End.INTERRUPT:
            return
        if self.ended_by is End.TOTAL:
            self.ended_by = End.FAILURES
        raise SweepError(self._nothing())

    def _end_of(self, error: BaseException) -> End:
        """How the sweep ended, when an error ended it."""
        if isinstance(error, KeyboardInterrupt):
            return End.INTERRUPT
        return self.ended_by or End.ERROR

    def _next_batch(self, deadline: float) -> int:
        """Return how many trials to run next; none when the sweep is over, and then note why.

        When other processes hold the last places, wait for them: should one die, its trials are run here.
        """
        waiting: list[int] = []
        while not self.interrupt:
            if self.clock() >= deadline:
                log.info("hydra.sweeper.timeout=%g: no further trial is started.", self.timeout)
                self.ended_by = End.TIMEOUT
                return 0
            self.claims.recover()
            if self.exhausted and not self.claims.enqueued():
                self.ended_by = End.TOTAL if self.claims.complete() else End.EXHAUSTED
                return 0
            free = self.claims.free()
            if free > 0:
                return min(self.n_jobs, free)
            others = self.claims.others()
            if not others:
                places = self.count()
                if places > self.claims.n_trials:
                    self.claims.n_trials = places
                    continue
                self.ended_by = End.TOTAL
                return 0
            if others != waiting:
                log.info("Waiting for other processes: trials %s", ", ".join(map(str, others)))
                waiting = others
            self._show_progress()
            self.sleep(POLL)
        self.ended_by = End.TOTAL if self.claims.complete() else End.INTERRUPT
        return 0

    def _run_batch(self, size: int) -> None:
        """Run some trials at once; whatever happens, none is left running."""
        taken: list[int] = []
        told: list[FrozenTrial] = []
        failures: list[JobReturn] = []
        full: BaseException | None = None
        try:
            trials = self._take(size, taken)
            new, same = self._part(trials, told)
            for trial, job in zip(new, self._launch(new), strict=True):
                outcome = judge(job, len(self.study.directions))
                if is_full(outcome.error):
                    full = outcome.error  # says nothing about the parameters; the others are told first
                    continue
                if not self._finish(trial, job, outcome, told):
                    continue
                if outcome.state is TrialState.FAIL:
                    failures.append(job)
                    log.debug("Trial %d failed", trial.number, exc_info=outcome.error)
            for trial, first in same:
                self._follow(trial, first, told)
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
        """Take so many places, or as many as are left, and choose the parameters."""
        trials = []
        # The fixed overrides go where a custom search space may look for them.
        fixed = {key: text for key, text in mask_values(self.arguments.fixed).items() if key not in OWN}
        attributes = fixed if self.identity is None else fixed | {IDENTITY: self.identity}
        for _ in range(size):
            trial_id = self.claims.take(attributes)
            if trial_id is None:
                break
            taken.append(trial_id)
            if self._drop(trial_id):
                continue
            if self.balance is not None:
                self.balance.decide(self.study, trial_id)
            trials.append(Trial(self.study, trial_id))
            self._choose(trials[-1])
        return trials

    def _drop(self, trial_id: int) -> bool:
        """Discard a trial that was enqueued with values that the search space has not, or no longer.

        It is Optuna's way to ask such a question as it is, with a warning.
        """
        trial = self.study._storage.get_trial(trial_id)
        space = self.arguments.parameters
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

    def _part(
        self, trials: Sequence[Trial], told: list[FrozenTrial]
    ) -> tuple[list[Trial], list[tuple[Trial, Trial]]]:
        """Answer what the study knows; return what is new, and what asks the same as another of the batch."""
        new: list[Trial] = []
        same: list[tuple[Trial, Trial]] = []
        for trial in trials:
            frozen = self._frozen(trial)
            answer = None if self.repeat else known_answer(self.study, frozen, self.identity)
            twins = [] if self.repeat else [one for one in new if same_question(frozen, self._frozen(one))]
            if answer is not None:
                self._answer(trial, answer, told)
            elif twins:
                same.append((trial, twins[0]))
            else:
                new.append(trial)
        return new, same

    def _answer(self, trial: Trial, answer: FrozenTrial, told: list[FrozenTrial]) -> None:
        trial.set_user_attr(ANSWERED_FROM, answer.number)
        for name, value in answer.constraints.items():
            trial.set_constraint(name, value)
        outcome = Outcome(TrialState.COMPLETE, values=answer.values)
        told.append(self._tell(trial.number, outcome))
        self.outcomes.append(outcome)
        self.answered_in_a_row += 1
        if self.claims.distinct and self.answered_in_a_row >= PATIENCE:
            log.warning("Nothing new was asked in %d trials; the sweep ends.", PATIENCE)
            self.exhausted = True

    def _follow(self, trial: Trial, first: Trial, told: list[FrozenTrial]) -> None:
        answer = self._frozen(first)
        if answer.state is TrialState.COMPLETE:
            self._answer(trial, answer, told)
        else:
            reason = f"Trial {first.number} of the same batch asks the same, and did not complete."
            discard(self.study, self._frozen(trial), "surplus", reason)

    def _finish(self, trial: Trial, job: JobReturn, outcome: Outcome, told: list[FrozenTrial]) -> bool:
        """Tell the study how a job ended; false if another process had taken this one for dead."""
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
        self.answered_in_a_row = 0
        return True

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self.study._storage.get_trial(trial._trial_id)

    def _choose(self, trial: Trial) -> None:
        """Choose the trial's parameters: those of the search space, then those of the custom one."""
        self.conditions.suggest(trial)
        self.extend(trial)
        twice = ", ".join(sorted(trial.params.keys() & self.arguments.fixed.keys()))
        if twice:
            raise SweepError(
                f"hydra.sweeper.custom_search_space suggests what an override has fixed: {twice}."
            )
        params: dict[str, Any] = trial.params
        overrides = list(self.arguments.overrides(params))
        trial.set_user_attr(OVERRIDES, mask_values(overrides))
        if self.outcome_key is not None:
            key = self.outcome_key(overrides)
            if key is not None:
                trial.set_user_attr(EQUIVALENCE, key)

    def _launch(self, trials: Sequence[Trial]) -> list[JobReturn]:
        """Run the jobs of the trials; the number of a job, which names its folder, is that of its trial.

        Another process that shares the study may have asked in between, so that the numbers have gaps. A
        launcher counts on from the first number, so each unbroken run of numbers is a launch of its own.
        """
        jobs: list[JobReturn] = []
        if self.job_folders is not None:
            for trial in trials:
                self.job_folders.claim(self._frozen(trial))
        for _, run in groupby(enumerate(trials), key=lambda pair: pair[1].number - pair[0]):
            batch = [trial for _, trial in run]
            overrides = [list(self.arguments.overrides(trial.params)) for trial in batch]
            here = isinstance(self.launcher, QuickLauncher)
            with nullcontext() if here else self.progress.parked():
                jobs.extend(self.launcher.launch(overrides, initial_job_idx=batch[0].number))
        return jobs

    def _note(self, trial: Trial, job: JobReturn, outcome: Outcome) -> None:
        """Write into the trial what others may want to know about its job."""
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
            # Samplers that come to an end call Study.stop(), which Optuna allows in Study.optimize() only.
            # The trial is told nevertheless.
            frozen = self.study.get_trials(deepcopy=False)[number]
            if not frozen.state.is_finished():
                raise
            self.exhausted = True
            return frozen

    def _abandon(self, taken: Sequence[int], error: BaseException) -> None:
        """Tell the study that the trials of a broken batch failed; finished ones stay as they are.

        What the user broke off, or a full disk, is asked again when the study is continued.
        """
        reason = Outcome(TrialState.FAIL, error=error).reason or ""
        no_fault = bool(self.interrupt) or isinstance(error, KeyboardInterrupt) or is_full(error)
        for trial_id in taken:
            trial = self.study._storage.get_trial(trial_id)
            if discard(self.study, trial, "interrupted" if no_fault else "broken", reason) and no_fault:
                ask_again(self.study, trial)

    def _check_failures(self, failed: JobReturn) -> None:
        failures = [outcome for outcome in self.outcomes if outcome.state is TrialState.FAIL]
        if len(failures) <= self.max_failure_rate * len(self.outcomes):
            return
        self.ended_by = End.FAILURES
        log.error(
            "%d of %d trials failed, more than hydra.sweeper.max_failure_rate=%g allows. Results so far: %s",
            len(failures), len(self.outcomes), self.max_failure_rate, self.folder / RESULTS_FILE,
        )  # fmt: skip
        if isinstance(failures[-1].error, ObjectiveError):
            raise failures[-1].error
        _ = failed.return_value  # raises the job's own error, with its traceback

    def _has_result(self) -> bool:
        """Whether something came of this call; pruned trials count when the study knows a complete one."""
        if all(outcome.state is TrialState.FAIL for outcome in self.outcomes) and self.outcomes:
            return False
        best = best_trial if len(self.study.directions) == 1 else pareto_front
        return bool(best(self.study, self.identity))

    def _nothing(self) -> str:
        # A finished study runs nothing: then it is what the study knows.
        ends = [(outcome.state, outcome.reason) for outcome in self.outcomes] or [
            (trial.state, trial.user_attrs.get(FAIL_REASON)) for trial in finished(self.study)
        ]
        if not ends:
            return "No trial was run."
        if not own_trials(self.study, self.identity) and own_trials(self.study):
            return (
                f"All complete trials of the study {self.study.study_name} answer another question than now. "
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
