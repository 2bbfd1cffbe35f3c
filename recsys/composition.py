"""Objects of the composed configuration."""

from __future__ import annotations

import logging
import pickle
from contextlib import nullcontext
from dataclasses import fields
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import hydra.utils
from hydra.core.config_store import ConfigStore
from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

if TYPE_CHECKING:
    from recsys.pipeline import Experiment

log = logging.getLogger(__name__)

# What Hydra 1.4 may build from a configuration. Hydra 1.3 has no such list.
EXECUTION_WHITELIST = ("recsys.*",)
_execution_whitelist: Any = getattr(hydra.utils, "execution_whitelist", nullcontext)


def share_config_store() -> None:
    """Have this process keep one store of configs that were registered in Python.

    Hydra copies all of it whenever it looks at a config group, a hundred times for `--help`, which then takes
    two and a half times as long. The store hands out copies of what it holds, so none need be made of it.
    For a program's entry point only: a test that restores Hydra's state wants the copies.
    """
    store = ConfigStore.instance()
    store.__dict__["__deepcopy__"] = partial(_itself, store)


def _itself(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    return store


def build_experiment(cfg: DictConfig) -> Experiment:
    """Make the objects of all groups that decide on a run.

    Raises
    ------
    ParameterError
        If a value breaks its rule; it names the key as typed.
    """
    from recsys.pipeline import Experiment

    _require_no_password(cfg)
    return Experiment(**{field.name: build(cfg, field.name) for field in fields(Experiment)})


def build(cfg: DictConfig, group: str) -> Any:
    """Make the object of a config group.

    Raises
    ------
    ParameterError
        If a value breaks its rule; it names the key as typed.
    """
    # Imported here: --help and --cfg need none of it.
    from recsys.errors import ParameterError

    if not isinstance(cfg[group], DictConfig):
        raise ParameterError(group, "a group of settings, as python -m recsys --cfg job shows", cfg[group])
    try:
        settings = pickle.dumps(OmegaConf.to_container(cfg[group], resolve=True))
    except OmegaConfBaseException:  # as where a key asks for another that is missing
        _require_given(cfg[group])
        raise
    if b"???" in settings:
        _require_given(cfg[group])
    try:
        return _instantiate(settings)
    except InstantiationException as error:
        if isinstance(error.__cause__, ParameterError):
            raise error.__cause__.within(group) from error
        raise


def _require_no_password(cfg: DictConfig) -> None:
    """Raise an error if the address of the feedback holds a password, for it is kept with the model.

    It cannot be masked there: who compares a version or promotes it reads the feedback again.
    """
    if not isinstance(cfg.dataset, DictConfig):
        return
    written = OmegaConf.to_container(cfg.dataset, resolve=False)
    assert isinstance(written, dict)
    # What comes from the environment is kept as written, all else as it is resolved.
    kept = written.get("feedback")
    if isinstance(kept, str) and "${oc.env:" not in kept:
        kept = cfg.dataset.feedback
    if not isinstance(kept, str) or "://" not in kept:
        return
    from recsys.errors import ParameterError
    from recsys.feedback import has_plain_password

    if has_plain_password(kept):
        rule = "without a password, which would be kept with the model"
        cure = "Put the address into the environment: 'dataset.feedback=${oc.env:FEEDBACK}'."
        raise ParameterError("dataset.feedback", rule, kept, cure)


def _require_given(group: DictConfig) -> None:
    """Raise an error if a key of a group is missing."""
    from recsys.errors import ParameterError

    missing = sorted(OmegaConf.missing_keys(group))
    if missing:
        raise ParameterError(missing[0], "given", "???", f"For example {missing[0]}=... on the command line.")


# The trials of a sweep share most of their settings, and making an object of them takes longer than all else
# that is done with it here. The objects are frozen. (JSON would make text of keys that are numbers.)
@lru_cache(maxsize=64)
def _instantiate(settings: bytes) -> Any:
    plain = pickle.loads(settings)
    target = str(plain.get("_target_"))
    if target.startswith("recsys.") and _is_flat(plain):  # a fifth of the time that Hydra takes
        try:
            return get_class(target)(**{key: value for key, value in plain.items() if key != "_target_"})
        except Exception:
            log.debug("Hydra shall say what is wrong with %s", target, exc_info=True)
    try:
        with _execution_whitelist(EXECUTION_WHITELIST):
            return instantiate(plain, _convert_="all")
    except InstantiationException:
        raise
    except Exception as error:  # Hydra 1.3 wraps the error of a constructor, 1.4 does not
        raise InstantiationException(f"Error in call to target '{target}':\n{error!r}") from error


def _is_flat(settings: dict[Any, Any]) -> bool:
    """Whether there is nothing in it for Hydra to do but to call the target."""
    return not any(
        (str(key).startswith("_") and key != "_target_") or isinstance(value, dict | list)
        for key, value in settings.items()
    )
