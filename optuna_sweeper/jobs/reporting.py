"""Intermediate values and pruning: `report`, `prune` and `prunes`, which a job calls."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from optuna_sweeper.study.attributes import ONLY_LAST

if TYPE_CHECKING:
    from optuna.study import Study

log = logging.getLogger(__name__)

# The package of the sweeper's class, which Hydra instantiates.
_PLUGIN = "hydra_plugins.recsys_optuna_sweeper"

#: The study of the sweep in this process, for jobs in the same process.
running: Study | None = None


def report(value: float, step: int, *, is_last: bool = False) -> None:
    """Report an intermediate value of the objective, from step 0; the pruner may end the job.

    Of two reports for one step the first counts, and NaN is not reported. With `is_last`, when nothing is
    left to do, the value is stored for the pruner, and the job is not ended. Reports have no effect outside a
    sweep with Optuna, with several objectives, and in another process if the study is in memory.

    Raises `optuna.TrialPruned` to end the job, which should not catch it.
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
    if is_last and not trial.intermediate_values:
        storage.set_trial_user_attr(trial_id, ONLY_LAST, True)
    if step not in trial.intermediate_values:
        storage.set_trial_intermediate_value(trial_id, step, float(value))
        trial = storage.get_trial(trial_id)
    if not is_last and study.pruner.prune(study, trial):
        raise TrialPruned(f"at step {step}, with {value:g}")


def prunes() -> bool:
    """Return whether a report may end the job, so that computing an intermediate value is worthwhile.

    False outside a sweep with Optuna, with several objectives, and with ``hydra/sweeper/pruner=nop``.
    """
    config = _job_of_sweep()
    if config is None:
        return False
    direction, pruner = config.sweeper.direction, config.sweeper.pruner
    several = OmegaConf.is_list(direction) and len(direction) > 1
    return not several and pruner is not None and "NopPruner" not in str(pruner.get("_target_"))


def prune(reason: str) -> None:
    """End a job whose trial is not worth finishing: it is pruned, not failed, and logged with the reason.

    Raises `optuna.TrialPruned`, which the job should not catch; without effect outside a sweep with Optuna.
    """
    if _job_of_sweep() is None:
        return
    from optuna import TrialPruned

    raise TrialPruned(reason)


def _job_of_sweep() -> Any:
    """Return Hydra's config if this is a job of a sweep of this sweeper, otherwise None."""
    if not HydraConfig.initialized():
        return None
    config = HydraConfig.get()
    if OmegaConf.is_missing(config.job, "num") or _PLUGIN not in str(config.sweeper.get("_target_")):
        return None  # a single run, or another sweeper
    return config


def _open_study(config: Any) -> Study | None:
    settings = config.sweeper
    if settings.storage is None:
        _warn_once()
        return None
    values = {}
    for name in ("storage", "study_name", "pruner", "storage_timeout"):
        value = settings[name]
        values[name] = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    return _study(OmegaConf.to_yaml(values), config.runtime.cwd)


@functools.lru_cache(maxsize=1)
def _study(text: str, folder: str) -> Study:
    """Return the study of some settings, as YAML: configs cannot be hashed."""
    import optuna

    from optuna_sweeper.search.sampler import make_pruner
    from optuna_sweeper.study.storage import make_storage

    settings = OmegaConf.create(text)
    storage = make_storage(settings.storage, Path(folder), settings.storage_timeout)
    return optuna.load_study(
        study_name=settings.study_name, storage=storage, pruner=make_pruner(settings.pruner)
    )


@functools.cache
def _warn_once() -> None:
    log.warning(
        "hydra.sweeper.storage is null: the study is in the memory of another process, and reports of this "
        "job have no effect. Set a storage, such as journal:study.log, to have trials pruned."
    )
