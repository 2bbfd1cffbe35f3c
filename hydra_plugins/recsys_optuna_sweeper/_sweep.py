"""The loop: ask the study for trials, launch them as jobs, tell the study what came back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from optuna import Trial
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ._arguments import Arguments
from ._best import best_trial, pareto_front
from ._errors import SweepError
from ._outcome import ObjectiveError, Outcome, judge
from ._report import summary, trial_line
from ._results import FAIL_REASON, JOB_DIR, JOB_NUM, OVERRIDES, RESULTS_FILE, write_results

log = logging.getLogger(__name__)


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
    n_trials, n_jobs, max_failure_rate
        As in the config.
    folder : Path
        Where the results are written.
    """

    study: Study
    launcher: Launcher
    arguments: Arguments
    extend: Callable[[Trial], None]
    n_trials: int
    n_jobs: int
    max_failure_rate: float
    folder: Path
    outcomes: list[Outcome] = field(default_factory=list)
    exhausted: bool = False

    def run(self) -> None:
        """Run the trials, batch by batch.

        Raises
        ------
        Exception
            The error of a job, when more than ``max_failure_rate`` of the trials failed.
        SweepError
            If no trial completed.
        """
        write_results(self.study, self.folder)  # a folder that cannot be written is known before any trial
        while len(self.outcomes) < self.n_trials and not self.exhausted:
            self._run_batch(min(self.n_jobs, self.n_trials - len(self.outcomes)))
        if not self._has_result():
            raise SweepError(self._nothing())
        log.info("%s\nResults: %s", summary(self.study), self.folder / RESULTS_FILE)

    def _run_batch(self, size: int) -> None:
        """Run some trials at once; whatever happens, none is left running."""
        first = len(self.study.get_trials(deepcopy=False))
        trials: list[Trial] = []
        told: list[FrozenTrial] = []
        failures: list[JobReturn] = []
        try:
            for _ in range(size):
                trials.append(self.study.ask())
                self._choose(trials[-1])
            for trial, job in zip(trials, self._launch(trials), strict=True):
                outcome = judge(job, len(self.study.directions))
                self._note(trial, job, outcome)
                told.append(self._tell(trial.number, outcome))
                self.outcomes.append(outcome)
                if outcome.state is TrialState.FAIL:
                    failures.append(job)
                    log.debug("Trial %d failed", trial.number, exc_info=outcome.error)
        except BaseException as error:
            self._abandon(first, {trial.number for trial in trials}, error)
            raise
        finally:
            write_results(self.study, self.folder)
        for frozen in told:
            level = logging.WARNING if frozen.state is TrialState.FAIL else logging.INFO
            log.log(level, "%s", trial_line(self.study, frozen))
        if failures:
            self._check_failures(failures[0])

    def _choose(self, trial: Trial) -> None:
        """Choose the trial's parameters: those of the search space, then those of the custom one."""
        for parameter in self.arguments.parameters.values():
            parameter.suggest(trial)
        for key, text in self.arguments.fixed.items():
            trial.set_user_attr(key, text)  # where a custom search space may look for them
        self.extend(trial)
        twice = ", ".join(sorted(trial.params.keys() & self.arguments.fixed.keys()))
        if twice:
            raise SweepError(
                f"hydra.sweeper.custom_search_space suggests what an override has fixed: {twice}."
            )
        trial.set_user_attr(OVERRIDES, list(self.arguments.overrides(trial.params)))

    def _launch(self, trials: Sequence[Trial]) -> list[JobReturn]:
        """Run the jobs of the trials; the number of a job, which names its folder, is that of its trial.

        Another process that shares the study may have asked in between, so that the numbers have gaps. A
        launcher counts on from the first number, so each unbroken run of numbers is a launch of its own.
        """
        jobs: list[JobReturn] = []
        for _, run in groupby(enumerate(trials), key=lambda pair: pair[1].number - pair[0]):
            batch = [trial for _, trial in run]
            overrides = [trial.user_attrs[OVERRIDES] for trial in batch]
            jobs.extend(self.launcher.launch(overrides, initial_job_idx=batch[0].number))
        return jobs

    def _note(self, trial: Trial, job: JobReturn, outcome: Outcome) -> None:
        """Write into the trial what others may want to know about its job."""
        trial.set_user_attr(JOB_NUM, trial.number)
        if job.hydra_cfg is not None:
            trial.set_user_attr(JOB_DIR, job.hydra_cfg.hydra.runtime.output_dir)
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

    def _abandon(self, first: int, asked: set[int], error: BaseException) -> None:
        """Tell the study that the trials of a broken batch failed."""
        outcome = Outcome(TrialState.FAIL, error=error)
        for frozen in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            # A sampler that fails while the study is asked leaves a trial nobody was handed: new, and bare.
            if frozen.number in asked or (frozen.number >= first and OVERRIDES not in frozen.user_attrs):
                # Not by a Trial: to make one asks the sampler again.
                self.study._storage.set_trial_user_attr(frozen._trial_id, FAIL_REASON, outcome.reason)
                self._tell(frozen.number, outcome)

    def _check_failures(self, failed: JobReturn) -> None:
        failures = [outcome for outcome in self.outcomes if outcome.state is TrialState.FAIL]
        if len(failures) <= self.max_failure_rate * len(self.outcomes):
            return
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
        return bool(best_trial(self.study) if len(self.study.directions) == 1 else pareto_front(self.study))

    def _nothing(self) -> str:
        failures = [outcome for outcome in self.outcomes if outcome.state is TrialState.FAIL]
        last = f" The last one: {failures[-1].reason}" if failures else ""
        return (
            f"None of the {len(self.outcomes)} trials completed: {len(failures)} failed, "
            f"{len(self.outcomes) - len(failures)} pruned.{last}"
        )
