"""From the settings to a sweep: check them, open the study, run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from hydra.plugins.launcher import Launcher
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from optuna import Trial
from optuna.samplers import BruteForceSampler, GridSampler
from optuna.study import Study

from ._arguments import Arguments, read_arguments
from ._errors import SweepError, first_line, refusal
from ._grid import combinations_left, grid
from ._report import study_line
from ._sampler import make_sampler
from ._study import describe_storage, open_study, read_directions
from ._sweep import Sweep

if TYPE_CHECKING:
    from .sweeper import OptunaSweeper

log = logging.getLogger(__name__)


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
    """
    _check(settings)
    arguments = read_arguments(settings.params, command_line)
    if not arguments.parameters and not settings.custom_search_space:
        raise SweepError(
            "There is nothing to search. Give hydra.sweeper.params, or a sweep such as x=interval(0,1)."
        )
    extend = _extension(settings.custom_search_space, config)
    directions = read_directions(settings.direction)
    sampler = make_sampler(settings.sampler, arguments.parameters, len(directions))
    folder = Path(config.hydra.sweep.dir).absolute()
    with _quiet_optuna():
        study = open_study(settings.storage, settings.study_name, directions, sampler)
        n_trials = settings.n_trials
        if not settings.custom_search_space:
            n_trials = _within_grid(n_trials, study, arguments)
        storage = describe_storage(settings.storage)
        log.info("%s", study_line(study, n_trials, settings.n_jobs, storage))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")  # as Hydra's own sweeper does
        try:
            Sweep(
                study,
                launcher,
                arguments,
                extend,
                n_trials,
                settings.n_jobs,
                settings.max_failure_rate,
                folder,
            ).run()
        finally:
            study._storage.remove_session()  # closes the connection of a database


def _check(settings: OptunaSweeper) -> None:
    if settings.search_space is not None:
        raise SweepError("hydra.sweeper.search_space is no longer read. Write it as hydra.sweeper.params.")
    for name in ("n_trials", "n_jobs"):
        if getattr(settings, name) < 1:
            raise refusal(f"hydra.sweeper.{name}", "at least 1", getattr(settings, name))
    if not 0 <= settings.max_failure_rate <= 1:
        raise refusal("hydra.sweeper.max_failure_rate", "between 0 and 1", settings.max_failure_rate)


def _extension(path: str | None, config: DictConfig) -> Callable[[Trial], None]:
    """Return the custom search space as a function of the trial alone."""
    if path is None:
        return lambda trial: None
    try:
        configure: Any = get_method(path)
    except Exception as error:  # importing it runs the application's code
        raise SweepError(f"hydra.sweeper.custom_search_space={path}: {first_line(error)}") from error

    def extend(trial: Trial) -> None:
        configure(config, trial)

    return extend


def _within_grid(n_trials: int, study: Study, arguments: Arguments) -> int:
    """Return the number of trials, not more than are left of a grid: asked for more, it would repeat some."""
    if not isinstance(study.sampler, GridSampler | BruteForceSampler):
        return n_trials
    finished = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    return min(n_trials, combinations_left(grid(arguments.parameters, "the sampler"), finished))


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Keep Optuna from telling each trial beside the sweeper's own line; its warnings stay."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
