"""Batches of trials: ask the study for them, launch their jobs, and tell the study their outcomes."""

import logging
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna import Trial
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.errors import SweepError, first_line, is_full
from optuna_sweeper.jobs.fast_launcher.launcher import FastLauncher
from optuna_sweeper.jobs.outcome import Outcome, read_links, read_outcome
from optuna_sweeper.results.notebook_bar import progress_bar
from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.parameter import Parameter, fits
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.search.stratification import assign_choice
from optuna_sweeper.settings import Settings
from optuna_sweeper.study import attributes
from optuna_sweeper.study.deduplication import KnownTrials, key_of
from optuna_sweeper.study.folders import JobFolders
from optuna_sweeper.workers.signals import Interrupt
from optuna_sweeper.workers.trial_allocation import TrialAllocation, discard, enqueue_again

log = logging.getLogger(__name__)

#: With `distinct`: after so many reused trials in a row the search space counts as exhausted.
MAX_REUSED = 100


@dataclass
class BatchRunner:
    """Runs batches of trials; `equivalence` returns equal keys for configs with equal outcomes."""

    settings: Settings
    launcher: Launcher
    space: SearchSpace
    allocation: TrialAllocation
    identity: str
    job_folders: JobFolders
    interrupt: Interrupt
    equivalence: Callable[[DictConfig], Hashable | None]
    stratified: Parameter | None
    ended: list[FrozenTrial] = field(default_factory=list)
    exhausted: bool = False
    _taken: list[int] = field(default_factory=list)
    _reused_in_a_row: int = 0

    def __post_init__(self) -> None:
        self.study, n_trials = self.allocation.study, self.allocation.n_trials
        self._known = KnownTrials(self.study, self.identity)
        self.progress = progress_bar(n_trials, self.allocation.n_finished(), self.settings.progress_bar)

    def run(self, size: int) -> list[tuple[JobReturn, Outcome]]:
        """Run a batch, of which no error leaves a trial running; return its failed jobs."""
        self._taken = []
        failed = []
        full: BaseException | None = None
        try:
            new, repeated = self._deduplicate(self._take(size))
            for trial, job in zip(new, self._launch(new), strict=True):
                outcome = read_outcome(job, len(self.study.directions))
                if is_full(outcome.error):
                    full = outcome.error  # not caused by the parameters; the other trials are told first
                elif self._finish(trial, job, outcome) and outcome.state is TrialState.FAIL:
                    failed.append((job, outcome))
                    log.debug("Trial %d failed", trial.number, exc_info=outcome.error)
            for trial in repeated:
                if not self._reuse(trial):
                    reason = "A trial of the same batch has the same parameters, and did not complete."
                    discard(self.study, self._frozen(trial), "surplus", reason)
            if full is not None:
                raise full
        except BaseException as error:
            self._abandon(error)
            # A signal to the whole group of processes may have ended those of the launcher, too.
            if not self.interrupt or isinstance(error, KeyboardInterrupt):
                raise
            log.warning("The running trials did not finish: %s", first_line(error))
        return failed

    def _take(self, size: int) -> list[Trial]:
        """Create this many trials, or as many as are left, and choose their parameters."""
        trials = []
        # The fixed overrides go where a custom search space may look for them.
        fixed = mask_values(self.space.arguments.fixed)
        noted = {key: text for key, text in fixed.items() if key not in attributes.OWN}
        for _ in range(size):
            trial_id = self.allocation.take(noted | {attributes.IDENTITY: self.identity})
            if trial_id is None:
                break
            self._taken.append(trial_id)
            if self._drop(trial_id):
                continue
            if self.stratified is not None:
                assign_choice(self.stratified, self.study, trial_id)
            trials.append(Trial(self.study, trial_id))
            self._choose(trials[-1])
        return trials

    def _drop(self, trial_id: int) -> bool:
        """Discard a trial that was enqueued with values outside the search space: Optuna would run it."""
        trial = self.study._storage.get_trial(trial_id)
        space = self.space.parameters
        outside = [
            f"{name} must be in {space[name].distribution}. Got {value!r}."
            for name, value in trial.system_attrs.get("fixed_params", {}).items()
            if name in space and not fits(space[name].distribution, value)
        ]
        if outside:
            reason = f"{' '.join(outside)} It was enqueued for another search space."
            discard(self.study, trial, "outside", reason)
            log.warning("Trial %d is dropped: %s", trial.number, reason)
        return bool(outside)

    def _choose(self, trial: Trial) -> None:
        """Choose the trial's parameters, and note the overrides of its job."""
        self.space.suggest(trial)
        twice = ", ".join(sorted(trial.params.keys() & self.space.arguments.fixed.keys()))
        if twice:
            raise SweepError(
                f"hydra.sweeper.custom_search_space suggests what an override has fixed: {twice}."
            )
        overrides = self.space.arguments.overrides(trial.params)
        trial.set_user_attr(attributes.OVERRIDES, mask_values(overrides))
        if self.settings.equivalence is not None:
            key = self.equivalence(self.job_folders.composer.peek(overrides))
            if key is not None:
                trial.set_user_attr(attributes.EQUIVALENCE, repr(key))

    def _deduplicate(self, trials: list[Trial]) -> tuple[list[Trial], list[Trial]]:
        """Complete trials whose values are known; return those to run, and those that repeat one of these."""
        new: list[Trial] = []
        repeated: list[Trial] = []
        for trial in trials:
            if not self._reuse(trial):
                twins = map(key_of, map(self._frozen, new))
                is_new = self.settings.repeat or key_of(self._frozen(trial)) not in twins
                (new if is_new else repeated).append(trial)
        return new, repeated

    def _reuse(self, trial: Trial) -> bool:
        """Complete a trial with the values of a duplicate; return whether there is one."""
        if self.settings.repeat:
            return False
        known = self._known.find(self._frozen(trial))
        if known is None:
            return False
        trial.set_user_attr(attributes.ANSWERED_FROM, known.number)
        self._tell(trial, Outcome(TrialState.COMPLETE, known.values, constraints=known.constraints))
        self._reused_in_a_row += 1
        if self.settings.distinct and self._reused_in_a_row >= MAX_REUSED:
            log.warning("%d trials in a row had parameters that were run before; the sweep ends.", MAX_REUSED)
            self.exhausted = True
        return True

    def _launch(self, trials: Sequence[Trial]) -> list[JobReturn]:
        """Run the jobs of the trials, whose numbers they have.

        A launcher numbers jobs consecutively: each sequence without a gap is a launch of its own.
        """
        jobs: list[JobReturn] = []
        overrides = {trial.number: self.space.arguments.overrides(trial.params) for trial in trials}
        for trial in trials:
            self.job_folders.claim(self._frozen(trial), overrides[trial.number])
        for _, run in groupby(enumerate(overrides), key=lambda pair: pair[1] - pair[0]):
            numbers = [number for _, number in run]
            in_process = isinstance(self.launcher, FastLauncher)
            with nullcontext() if in_process else self.progress.paused():
                batch = [overrides[number] for number in numbers]
                jobs.extend(self.launcher.launch(batch, initial_job_idx=numbers[0]))
        return jobs

    def _finish(self, trial: Trial, job: JobReturn, outcome: Outcome) -> bool:
        """Tell the study the outcome of a job; false if another process considered this one dead."""
        try:
            self._note(trial, job, outcome)
            self._tell(trial, outcome)
        except (UpdateFinishedTrialError, ValueError):
            if not self._frozen(trial).state.is_finished():
                raise
            log.warning("Trial %d was given to another process; its result is dropped.", trial.number)
            return False
        self._reused_in_a_row = 0
        return True

    def _note(self, trial: Trial, job: JobReturn, outcome: Outcome) -> None:
        trial.set_user_attr(attributes.JOB_NUM, trial.number)
        if job.hydra_cfg is not None:
            folder = job.hydra_cfg.hydra.runtime.output_dir
            trial.set_user_attr(attributes.JOB_DIR, folder)
            if links := read_links(Path(folder)):
                trial.set_user_attr(attributes.LINKS, links)
        if outcome.reason is not None:
            trial.set_user_attr(attributes.FAIL_REASON, outcome.reason)

    def _tell(self, trial: Trial, outcome: Outcome) -> None:
        for name, value in outcome.constraints.items():
            trial.set_constraint(name, value)
        try:
            frozen = self.study.tell(trial.number, values=outcome.values, state=outcome.state)
        except RuntimeError:
            # An exhausted sampler calls Study.stop(), which Optuna allows in Study.optimize() only. The
            # values are stored nevertheless.
            frozen = self._frozen(trial)
            if not frozen.state.is_finished():
                raise
            self.exhausted = True
        self.ended.append(frozen)

    def _abandon(self, error: BaseException) -> None:
        """Fail the unfinished trials; those that a signal or a full disk ended are enqueued again."""
        reason = Outcome(TrialState.FAIL, error=error).reason or ""
        no_fault = bool(self.interrupt) or isinstance(error, KeyboardInterrupt) or is_full(error)
        for trial_id in self._taken:
            trial = self.study._storage.get_trial(trial_id)
            if discard(self.study, trial, "interrupted" if no_fault else "broken", reason) and no_fault:
                enqueue_again(self.study, trial)

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self.study._storage.get_trial(trial._trial_id)
