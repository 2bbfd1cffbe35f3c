"""From the settings to a sweep: check them, open the study, run."""

from __future__ import annotations

import datetime
import logging
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import optuna
from hydra.plugins.launcher import Launcher
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler, QMCSampler
from optuna.study import Study
from optuna.trial import BaseTrial

from optuna_sweeper.errors import KEPT, SweepError, first_line, is_full, refusal, unwritable
from optuna_sweeper.jobs import reporting
from optuna_sweeper.jobs.fast_launcher.composer import Composer, is_known_hydra
from optuna_sweeper.results.log_lines import continue_line, study_line
from optuna_sweeper.results.progress_bar import Progress
from optuna_sweeper.results.schema import End
from optuna_sweeper.safe_text import masked_yaml
from optuna_sweeper.search.arguments import Arguments, read_arguments
from optuna_sweeper.search.conditions import check_dropped, read_conditions
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.grid import combinations_left, grid
from optuna_sweeper.search.pruner import make_pruner
from optuna_sweeper.search.sampler import make_sampler
from optuna_sweeper.search.stratification import read_balance
from optuna_sweeper.study.configuration import describe_jobs, load_data_digest, read_ignored_keys
from optuna_sweeper.study.deduplication import load_equivalence, outcome_key
from optuna_sweeper.study.folders import JobFolders, claim_sweep_folder
from optuna_sweeper.study.identity import check_kinds, check_spec, identity_of, make_spec
from optuna_sweeper.study.initial_trials import agree, begin, read_answers, read_questions
from optuna_sweeper.study.retrying_storage import lost_connection
from optuna_sweeper.study.storage import describe_storage, outlives_process
from optuna_sweeper.study.study import open_study, read_directions
from optuna_sweeper.sweep import Sweep
from optuna_sweeper.workers.signals import Interrupt
from optuna_sweeper.workers.trial_allocation import Claims, finished
from optuna_sweeper.workers.worker import Worker

if TYPE_CHECKING:
    from hydra_plugins.recsys_optuna_sweeper.sweeper import OptunaSweeper

log = logging.getLogger(__name__)

SEEDS = 2**32  # NumPy takes smaller ones


def run_sweep(
    settings: OptunaSweeper, config: DictConfig, launcher: Launcher, command_line: Sequence[str]
) -> None:
    """Run a sweep.

    Parameters
    ----------
    settings : OptunaSweeper
        What ``hydra.sweeper`` says.
    config : DictConfig
        The whole config, Hydra's included.
    launcher : Launcher
    command_line : sequence of str
        The application's overrides as typed.

    Raises
    ------
    SystemExit
        With 130 after Ctrl-C, with 143 after SIGTERM.
    """
    with Interrupt() as interrupt:
        try:
            _run(settings, config, launcher, command_line, interrupt)
            if not interrupt:
                return
            if is_known_hydra():  # Hydra 1.4 calls this after every sweep, 1.3 only after one that returns
                assert settings.context is not None
                # A callback may end the program; the exit code is that of the signal.
                with suppress(SystemExit):
                    settings.context.callbacks.on_multirun_end(
                        config=config, config_name=config.hydra.job.config_name
                    )
        except KeyboardInterrupt:
            log.debug("Stopped at once.", exc_info=True)
        except OSError as error:
            if not is_full(error):
                raise
            raise unwritable(error.filename or config.hydra.sweep.dir, error) from error
        except StorageInternalError as error:
            reason = first_line(lost_connection(error) or error.__cause__ or error)
            storage = describe_storage(settings.storage)
            raise SweepError(f"hydra.sweeper.storage failed: {storage}. {reason}. {KEPT}") from error
    raise SystemExit(interrupt.exit_code)


def _run(
    settings: OptunaSweeper,
    config: DictConfig,
    launcher: Launcher,
    command_line: Sequence[str],
    interrupt: Interrupt,
) -> None:
    _check(settings)
    arguments = read_arguments(settings.params, command_line)
    check_dropped(arguments, config)
    if not arguments.parameters and not settings.custom_search_space:
        raise SweepError(
            "There is nothing to search. Give hydra.sweeper.params, or a sweep such as 'x=interval(0,1)'."
        )
    extend = _extension(settings.custom_search_space, config)
    name = settings.study_name or _fresh_name(config.hydra.job.name)
    _tell_jobs(config, name)  # before the first config of a job is composed
    compose = _composer(settings, config, launcher).peek
    outcome_key = _outcome_key(settings, compose)
    directions = read_directions(settings.direction)
    conditions = read_conditions(settings.conditions, arguments, config)
    jobs = describe_jobs(
        arguments,
        conditions,
        config,
        compose,
        read_ignored_keys(settings.ignored_keys),
        load_data_digest(settings.data_digest),
        is_open=bool(settings.custom_search_space),
    )
    spec = make_spec(
        arguments,
        jobs,
        conditions=conditions.described(),
        directions=[direction.name.lower() for direction in directions],
        custom_search_space=settings.custom_search_space,
    )
    questions = read_questions(settings.enqueue, arguments, bool(settings.custom_search_space))
    answers = read_answers(
        settings.warm_start, settings.storage, settings.study_name, arguments, conditions, extend, spec
    )
    sampler = make_sampler(settings.sampler, arguments.parameters, len(directions))
    balance = read_balance(settings.balanced, arguments, sampler)
    pruner = make_pruner(settings.pruner)
    with _quiet_optuna():
        study = open_study(settings.storage, name, directions, sampler, pruner, settings.storage_timeout)
        try:
            if settings.allow_changes:
                check_kinds(study, arguments)
            check_spec(study, spec, settings.allow_changes)
            with Worker(study, settings.heartbeat) as worker:
                folder = claim_sweep_folder(
                    str(config.hydra.sweep.dir), study, worker.id, describe_storage(settings.storage)
                )
                agree(study, worker, spec, settings.allow_changes)
                study.sampler = _own_draws(
                    settings, sampler, worker.draw() + len(answers), arguments, len(directions)
                )
                begin(study, worker, questions, answers)
                count = _counter(settings, study, arguments)
                n_trials = count()
                claims = Claims(study, worker, n_trials, settings.distinct)
                _announce(claims, settings)
                # As Hydra's own sweeper does, but without secrets.
                (folder / "multirun.yaml").write_text(
                    masked_yaml(OmegaConf.to_yaml(config)), encoding="utf-8"
                )
                reporting.running = study
                sweep = Sweep(
                    study,
                    launcher,
                    arguments,
                    extend,
                    conditions,
                    claims,
                    settings.n_jobs,
                    settings.max_failure_rate,
                    folder,
                    settings.timeout,
                    settings.repeat,
                    outcome_key,
                    JobFolders(study, compose, _as_written(config, "hydra.sweep.subdir")),
                    identity_of(spec),
                    balance,
                    interrupt,
                    Progress(n_trials, len(finished(study, settings.distinct)), settings.progress_bar),
                    count,
                )
                try:
                    sweep.run()
                finally:
                    if sweep.ended_by is End.INTERRUPT:
                        _say_goodbye(claims)
        finally:
            reporting.running = None
            study._storage.remove_session()  # closes the connection of a database


def _announce(claims: Claims, settings: OptunaSweeper) -> None:
    """Log what is about to run, and how it can be continued."""
    study, done = claims.study, len(finished(claims.study, claims.distinct))
    storage = describe_storage(settings.storage)
    log.info("%s", study_line(study, claims.n_trials, done, settings.n_jobs, storage))
    if claims.complete():
        log.info(
            "Study %s is finished: it has %d trials of hydra.sweeper.n_trials=%d. Nothing is run.",
            study.study_name, done, settings.n_trials,
        )  # fmt: skip
    elif outlives_process(study._storage):
        log.info("%s", continue_line(sys.orig_argv, study.study_name))


def _say_goodbye(claims: Claims) -> None:
    """Log that the sweep was interrupted, and how it can be continued."""
    study, done = claims.study, len(finished(claims.study, claims.distinct))
    go_on = continue_line(sys.orig_argv, study.study_name)
    if not outlives_process(study._storage):
        go_on = "It cannot be continued, for hydra.sweeper.storage is null."
    log.warning("Interrupted with %d of %d trials finished. %s", done, claims.n_trials, go_on)


def _own_draws(
    settings: OptunaSweeper, sampler: BaseSampler, draw: int, arguments: Arguments, n_objectives: int
) -> BaseSampler:
    """Return the sampler with a seed of its own for each process at the study, which else would ask the same.

    So would a study that takes over the answers of another of the same seed. Grid and QMC share one order
    among all processes, which the seed makes.
    """
    seed = settings.sampler.get("seed")
    if seed is None or isinstance(sampler, GridSampler | QMCSampler):
        return sampler
    if not draw:
        return sampler
    config = OmegaConf.merge(settings.sampler, {"seed": (seed + draw) % SEEDS})
    return make_sampler(config, arguments.parameters, n_objectives)


def _fresh_name(job: str) -> str:
    now = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
    return f"{job}-{now}-{uuid.uuid4().hex[:8]}"


def _tell_jobs(config: DictConfig, study_name: str) -> None:
    """Let the jobs and the callbacks find the name of the study where it would be, had it been given."""
    if _as_written(config, "hydra.sweeper.study_name") == study_name:
        return
    with read_write(config.hydra), open_dict(config.hydra):  # which Hydra 1.4 makes read-only
        config.hydra.sweeper.study_name = study_name
        # The config of a job is composed anew, with these overrides.
        config.hydra.overrides.hydra.append(f"hydra.sweeper.study_name={encode(study_name)}")


def _as_written(config: DictConfig, key: str) -> str:
    """Return a value of the config without its interpolations resolved."""
    parent, _, name = key.rpartition(".")
    written = OmegaConf.to_container(OmegaConf.select(config, parent), resolve=False)
    return str(written[name])  # type: ignore[call-overload, index]


def _check(settings: OptunaSweeper) -> None:
    if settings.search_space is not None:
        raise SweepError("hydra.sweeper.search_space is no longer read. Write it as hydra.sweeper.params.")
    for name in ("n_trials", "n_jobs"):
        if getattr(settings, name) < 1:
            raise refusal(f"hydra.sweeper.{name}", "at least 1", getattr(settings, name))
    if settings.timeout is not None and not (_is_number(settings.timeout) and settings.timeout > 0):
        raise refusal("hydra.sweeper.timeout", "more than 0 seconds, or null", settings.timeout)
    if not (_is_number(settings.storage_timeout) and settings.storage_timeout >= 0):
        raise refusal("hydra.sweeper.storage_timeout", "at least 0 seconds", settings.storage_timeout)
    if not (_is_number(settings.heartbeat) and settings.heartbeat > 0):
        raise refusal("hydra.sweeper.heartbeat", "more than 0 seconds", settings.heartbeat)
    if not (_is_number(settings.max_failure_rate) and 0 <= settings.max_failure_rate <= 1):
        raise refusal("hydra.sweeper.max_failure_rate", "between 0 and 1", settings.max_failure_rate)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _extension(path: str | None, config: DictConfig) -> Callable[[BaseTrial], None]:
    """Return the custom search space as a function of the trial alone."""
    if path is None:
        return lambda trial: None
    try:
        # An example of the official plugin names its function with a dot before it.
        configure: Any = get_method(path.removeprefix("."))
    except Exception as error:  # importing it runs the application's code
        raise SweepError(f"hydra.sweeper.custom_search_space={path}: {first_line(error)}") from error

    def extend(trial: BaseTrial) -> None:
        configure(config, trial)

    return extend


def _composer(settings: OptunaSweeper, config: DictConfig, launcher: Launcher) -> Composer:
    """Return what composes the configs of jobs, which is the launcher's own where it has one."""
    assert settings.context is not None
    known = getattr(launcher, "composer", None)
    return known if isinstance(known, Composer) else Composer(settings.context.config_loader, config)


def _outcome_key(
    settings: OptunaSweeper, compose: Callable[[Sequence[str]], DictConfig]
) -> Callable[[Sequence[str]], str | None] | None:
    """Return the application's equivalence as a function of the overrides of a job."""
    equivalence = load_equivalence(settings.equivalence)
    if equivalence is None:
        return None
    return lambda overrides: outcome_key(equivalence, compose(overrides))


def _counter(settings: OptunaSweeper, study: Study, arguments: Arguments) -> Callable[[], int]:
    """Return what counts the trials that the study is to have, by those that it has."""
    if settings.custom_search_space:
        return lambda: settings.n_trials
    return lambda: _within_grid(settings.n_trials, study, arguments)


def _within_grid(n_trials: int, study: Study, arguments: Arguments) -> int:
    """Return the number of trials, not more than a grid has: asked for more, it would repeat some."""
    if not isinstance(study.sampler, GridSampler | BruteForceSampler):
        return n_trials
    done = finished(study)
    return min(n_trials, len(done) + combinations_left(grid(arguments.parameters, "the sampler"), done))


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Keep Optuna from telling each trial beside the sweeper's own line; its warnings stay."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
