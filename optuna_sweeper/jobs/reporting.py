"""What a job may tell its sweep while it runs."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from optuna.study import Study

log = logging.getLogger(__name__)

# The package of the sweeper's class, which Hydra instantiates.
_PLUGIN = "hydra_plugins.recsys_optuna_sweeper"

#: The study of the sweep that this process runs, for jobs that run in it, too.
running: Study | None = None


def report(value: float, step: int, *, is_last: bool = False) -> None:
    """Tell the sweep how far a job has come; the pruner may end the job.

    A job may call it under any launcher. A job in another process than the sweep finds the study by its
    storage; when that is memory, it says so once, and goes on without being heard. Outside a sweep with
    Optuna, and with several objectives, where nothing is pruned, a report has no effect.

    Parameters
    ----------
    value : float
        The objective so far; NaN is not reported.
    step : int
        How far: the first step is 0. Of two reports for a step the first counts.
    is_last : bool
        Nothing is left to do: the pruner hears it, for the trials to come, and does not end the job.

    Raises
    ------
    optuna.TrialPruned
        If the pruner of the sweep ends the trial, which the job should let pass.
    """
    config = _job_of_sweep()
    if config is None:
        return
    study = running if running is not None else _open_study(config)
    if study is None or len(study.directions) > 1 or value != value:
        return
    from optuna import TrialPruned

    storage = study._storage
    trial_id = storage.get_trial_id_from_study_id_trial_number(study._study_id, config.job.num)
    trial = storage.get_trial(trial_id)
    if step not in trial.intermediate_values:
        storage.set_trial_intermediate_value(trial_id, step, float(value))
        trial = storage.get_trial(trial_id)
    if not is_last and study.pruner.prune(study, trial):
        raise TrialPruned(f"at step {step}, with {value:g}")


def prunes() -> bool:
    """Return whether a report may end the job: whether it is worth while to find out what to report.

    False outside a sweep with Optuna, with several objectives, and with ``hydra/sweeper/pruner=nop``.
    """
    config = _job_of_sweep()
    if config is None:
        return False
    direction, pruner = config.sweeper.direction, config.sweeper.pruner
    several = OmegaConf.is_list(direction) and len(direction) > 1
    return not several and pruner is not None and "NopPruner" not in str(pruner.get("_target_"))


def prune(reason: str) -> None:
    """End a job whose trial is not worth finishing; it counts as pruned, not as failed.

    Outside a sweep with Optuna it has no effect: there the job goes on.

    Parameters
    ----------
    reason : str
        Is told in the log.

    Raises
    ------
    optuna.TrialPruned
        In a sweep with Optuna, which the job should let pass.
    """
    if _job_of_sweep() is None:
        return
    from optuna import TrialPruned

    raise TrialPruned(reason)


def _job_of_sweep() -> Any:
    """Return Hydra's config if this is a job of a sweep of ours."""
    if not HydraConfig.initialized():
        return None
    config = HydraConfig.get()
    if OmegaConf.is_missing(config.job, "num") or _PLUGIN not in str(config.sweeper.get("_target_")):
        return None  # a single run, or the sweep of another sweeper
    return config


def _open_study(config: Any) -> Study | None:
    """Return the study of the sweep that runs in another process."""
    settings = config.sweeper
    if settings.storage is None:
        _warn_once()
        return None
    pruner = OmegaConf.to_yaml(settings.pruner, resolve=True) if settings.pruner else ""
    storage = settings.storage
    text = storage if isinstance(storage, str) else OmegaConf.to_yaml(storage, resolve=True)
    wait, folder = settings.storage_timeout, config.runtime.cwd
    return _study(text, isinstance(storage, str), settings.study_name, pruner, folder, wait)


@functools.lru_cache(maxsize=1)
def _study(storage: str, is_text: bool, name: str, pruner: str, folder: str, patience: float) -> Study:
    import optuna

    from optuna_sweeper.search.pruner import make_pruner
    from optuna_sweeper.study.storage import make_storage

    made = make_storage(storage if is_text else OmegaConf.create(storage), Path(folder), patience)
    settings = OmegaConf.create(pruner) if pruner else None
    return optuna.load_study(study_name=name, storage=made, pruner=make_pruner(settings))


@functools.cache
def _warn_once() -> None:
    log.warning(
        "hydra.sweeper.storage is null, so the study is in the memory of another process and does not hear "
        "the reports of this job. Set a storage, such as journal:study.log, to have trials pruned."
    )
