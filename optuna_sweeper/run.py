"""Run a sweep: from the settings to a study, and from the study to its trials."""

import datetime
import logging
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import optuna
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler, GridSampler, QMCSampler
from optuna.study import Study

from optuna_sweeper.batch import BatchRunner
from optuna_sweeper.errors import KEPT, SweepError, first_line, is_full, refusal, unwritable
from optuna_sweeper.instantiate import load_hook
from optuna_sweeper.jobs import reporting
from optuna_sweeper.jobs.fast_launcher.composer import Composer, is_known_hydra
from optuna_sweeper.results.log_lines import continue_line
from optuna_sweeper.results.schema import End
from optuna_sweeper.safe_text import masked_yaml
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.grid import check_grid_study, combinations_left, grid, is_grid
from optuna_sweeper.search.sampler import make_pruner, make_sampler
from optuna_sweeper.search.search_space import SearchSpace, read_search_space
from optuna_sweeper.search.stratification import read_stratification
from optuna_sweeper.settings import Settings
from optuna_sweeper.study.configuration import describe_jobs
from optuna_sweeper.study.folders import JobFolders, claim_sweep_folder
from optuna_sweeper.study.identity import check_kinds, check_spec, identity_of, write_spec
from optuna_sweeper.study.initial_trials import add_initial_trials, read_enqueued, read_warm_start
from optuna_sweeper.study.retrying_storage import lost_connection
from optuna_sweeper.study.sqlite_storage import SqliteStorage
from optuna_sweeper.study.storage import describe_storage, open_study, outlives_process, write_ahead
from optuna_sweeper.sweep import Sweep
from optuna_sweeper.workers.signals import Interrupt
from optuna_sweeper.workers.trial_allocation import TrialAllocation, finished
from optuna_sweeper.workers.worker import Worker

log = logging.getLogger(__name__)


def run_sweep(
    settings: Settings,
    context: HydraContext,
    config: DictConfig,
    launcher: Launcher,
    command_line: Sequence[str],
) -> None:
    """Run a sweep; after Ctrl-C or SIGTERM, exit with 130 or 143."""
    with Interrupt() as interrupt:
        try:
            _run(settings, context, config, launcher, command_line, interrupt)
            if not interrupt:
                return
            if is_known_hydra():  # Hydra 1.4 calls this after every sweep, 1.3 only after one that returns
                # A callback may end the program; the exit code is that of the signal.
                with suppress(SystemExit):
                    context.callbacks.on_multirun_end(config=config, config_name=config.hydra.job.config_name)
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
    settings: Settings,
    context: HydraContext,
    config: DictConfig,
    launcher: Launcher,
    command_line: Sequence[str],
    interrupt: Interrupt,
) -> None:
    settings.validate()
    space = read_search_space(settings, config, command_line)
    name = settings.study_name or _new_name(config.hydra.job.name)
    _set_study_name(config, name)  # for jobs, whose configs are composed below, and callbacks
    known = getattr(launcher, "composer", None)
    composer = known if isinstance(known, Composer) else Composer(context.config_loader, config)
    equivalence = load_hook("hydra.sweeper.equivalence", settings.equivalence)
    digest = load_hook("hydra.sweeper.data_digest", settings.data_digest)
    spec = {
        "params": {name: repr(found.distribution) for name, found in sorted(space.parameters.items())},
        "conditions": space.required,
        "directions": settings.directions,
        "custom_search_space": settings.custom_search_space,
        **describe_jobs(space, config, composer.peek, settings.ignored_keys, digest),
    }
    identity = identity_of(spec)
    enqueued = read_enqueued(settings.enqueue, space)
    past_trials = read_warm_start(settings, space, spec)
    sampler = make_sampler(settings.sampler, space.parameters, len(settings.directions))
    stratified = read_stratification(settings.stratify, space, sampler)
    with _open_study(settings, name, sampler) as study:
        if settings.allow_changes:
            check_kinds(study, space)
        check_spec(study, spec, settings.allow_changes)
        if is_grid(sampler):
            check_grid_study(study, identity)
        worker = Worker(study, settings.heartbeat)
        storage = describe_storage(settings.storage)
        _check_hosts(study, worker, storage)
        with worker:
            # Again: of two that start at the same moment, one at least finds the other's record.
            _check_hosts(study, worker, storage)
            write_ahead(study, settings.storage)
            folder = claim_sweep_folder(str(config.hydra.sweep.dir), study, worker.id, storage)
            write_spec(study, worker, spec, settings.allow_changes)
            study.sampler = _reseed(sampler, settings, space, worker.seed_offset() + len(past_trials))
            add_initial_trials(study, worker, enqueued, past_trials)
            count_trials = partial(_count_trials, settings, study, space)
            allocation = TrialAllocation(study, worker, count_trials(), settings.distinct)
            _log_start(allocation, settings)
            # As Hydra's own sweeper does, but without secrets.
            text = masked_yaml(OmegaConf.to_yaml(config))
            (folder / "multirun.yaml").write_text(text, encoding="utf-8")
            subdir = str(config.hydra.sweep._get_node("subdir")._value())  # as written
            folders = JobFolders(study, composer, subdir)
            batches = BatchRunner(
                settings, launcher, space, allocation, identity, folders, interrupt, equivalence, stratified
            )
            sweep = Sweep(batches, folder, count_trials)
            try:
                sweep.run()
            finally:
                if sweep.ended_by is End.INTERRUPT:
                    _log_interrupt(allocation)


def _check_hosts(study: Study, worker: Worker, storage: str) -> None:
    """Refuse a file of SQLite that another machine uses: they would not see each other's changes."""
    if isinstance(study._storage, SqliteStorage) and (hosts := worker.other_hosts()):
        rule = "a server, such as postgresql+psycopg://user@host/db, for processes on several machines"
        raise refusal("hydra.sweeper.storage", rule, storage, f"It is in use on {', '.join(hosts)}.")


def _new_name(job: str) -> str:
    now = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
    return f"{job}-{now}-{uuid.uuid4().hex[:8]}"


def _set_study_name(config: DictConfig, name: str) -> None:
    if config.hydra.sweeper._get_node("study_name")._value() == name:  # as written
        return
    with read_write(config.hydra), open_dict(config.hydra):  # which Hydra 1.4 makes read-only
        config.hydra.sweeper.study_name = name
        # The configs of jobs are composed again, with these overrides.
        config.hydra.overrides.hydra.append(f"hydra.sweeper.study_name={encode(name)}")


@contextmanager
def _open_study(settings: Settings, name: str, sampler: BaseSampler) -> Iterator[Study]:
    """Open the study, for this module and for the jobs of this process."""
    verbosity = optuna.logging.get_verbosity()
    # Optuna's line for each trial is not needed, since the sweeper has its own; warnings stay.
    optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
    try:
        pruner, timeout = make_pruner(settings.pruner), settings.storage_timeout
        study = open_study(settings.storage, name, settings.directions, sampler, pruner, timeout)
        reporting.running = study
        try:
            yield study
        finally:
            reporting.running = None
            study._storage.remove_session()  # closes the connection of a database
    finally:
        optuna.logging.set_verbosity(verbosity)


def _reseed(sampler: BaseSampler, settings: Settings, space: SearchSpace, offset: int) -> BaseSampler:
    """Return the sampler with another seed for each process and each continuation of the study.

    Only grids and QMC share one sequence, which the seed defines, among all processes.
    """
    seed = settings.sampler.get("seed")
    if seed is None or not offset or isinstance(sampler, GridSampler | QMCSampler):
        return sampler
    config = OmegaConf.merge(settings.sampler, {"seed": (seed + offset) % 2**32})  # NumPy takes smaller ones
    return make_sampler(config, space.parameters, len(settings.directions))


def _count_trials(settings: Settings, study: Study, space: SearchSpace) -> int:
    """Return the total number of trials: at most the combinations of a grid."""
    if space.custom is not None or not is_grid(study.sampler):
        return settings.n_trials
    done = finished(study)
    return min(settings.n_trials, len(done) + combinations_left(grid(space.parameters, "the sampler"), done))


def _log_start(allocation: TrialAllocation, settings: Settings) -> None:
    study, done = allocation.study, allocation.n_finished()
    log.info(
        "Study %s: %s, %s, %d trials%s in batches of %d, storage: %s",
        study.study_name, type(study.sampler).__name__, ", ".join(settings.directions),
        allocation.n_trials, f" ({done} of them finished)" if done else "", settings.n_jobs,
        describe_storage(settings.storage),
    )  # fmt: skip
    if allocation.complete():
        log.info(
            "Study %s is finished: it has %d trials of hydra.sweeper.n_trials=%d. Nothing is run.",
            study.study_name, done, settings.n_trials,
        )  # fmt: skip
    elif outlives_process(study._storage):
        log.info("%s", continue_line(sys.orig_argv, study.study_name))


def _log_interrupt(allocation: TrialAllocation) -> None:
    study = allocation.study
    cure = continue_line(sys.orig_argv, study.study_name)
    if not outlives_process(study._storage):
        cure = "It cannot be continued, for hydra.sweeper.storage is null."
    done = len(allocation.finished())  # counted afresh: Ctrl-C may have come anywhere
    log.warning("Interrupted with %d of %d trials finished. %s", done, allocation.n_trials, cure)
