"""From the composed configuration to objects."""

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

from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError

if TYPE_CHECKING:
    from recsys.pipeline import Experiment

log = logging.getLogger(__name__)

# Hydra 1.3 requires the version whose defaults are used; Hydra 1.4 deprecates it and has a whitelist.
VERSION_BASE = None if hasattr(hydra.utils, "execution_whitelist") else "1.3"
# Classes that Hydra 1.4 may instantiate, that of log lines among them.
EXECUTION_WHITELIST = ("recsys.*", "optuna_sweeper.safe_text.SafeFormatter")
execution_whitelist: Any = getattr(hydra.utils, "execution_whitelist", nullcontext)


def share_config_store() -> None:
    """Keep Hydra from copying its store of registered configs, which takes more than half of `--help`.

    The store returns copies of its entries anyway. Only for a program's entry point: tests that restore
    Hydra's state need the copies.
    """
    store = ConfigStore.instance()
    store.__dict__["__deepcopy__"] = partial(_itself, store)


def _itself(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    return store


def plain_value(value: Any) -> Any:
    """Return a part of a configuration as plain values, with its references resolved."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def build_experiment(cfg: DictConfig) -> "Experiment":
    """Instantiate all groups of an experiment; raises ParameterError as `build`."""
    from recsys.pipeline import Experiment

    _require_no_password(cfg)
    return Experiment(**{field.name: build(cfg, field.name) for field in fields(Experiment)})


def build(cfg: DictConfig, group: str) -> Any:
    """Instantiate a config group; a ParameterError of an invalid value names the key as typed."""
    if not isinstance(cfg[group], DictConfig):
        raise ParameterError(group, "a group of settings, as python -m recsys --cfg job shows", cfg[group])
    try:
        settings = pickle.dumps(OmegaConf.to_container(cfg[group], resolve=True, throw_on_missing=True))
    except OmegaConfBaseException as error:  # a key is missing, or refers to a missing one
        if missing := sorted(OmegaConf.missing_keys(cfg[group])):
            cure = f"For example {missing[0]}=... on the command line."
            raise ParameterError(missing[0], "given", "???", cure) from error
        raise
    try:
        return _instantiate(settings)
    except InstantiationException as error:
        if isinstance(error.__cause__, ParameterError):
            raise error.__cause__.within(group) from error
        raise


def _require_no_password(cfg: DictConfig) -> None:
    """Refuse a password in the address of a database: the registry needs it unmasked, with the model."""
    if not isinstance(cfg.dataset, DictConfig):
        return
    written: Any = OmegaConf.to_container(cfg.dataset, resolve=False)
    for key in ("feedback", "database"):
        address = written.get(key)
        # References to the environment are stored as references, other values resolved.
        if isinstance(address, str) and "${oc.env:" not in address:
            address = cfg.dataset[key]
        if isinstance(address, str) and "://" in address and masked(address) != address:
            rule = "without a password, which would be kept with the model"
            cure = f"Put the address into the environment: 'dataset.{key}=${{oc.env:{key.upper()}}}'."
            raise ParameterError(f"dataset.{key}", rule, address, cure)


# Trials of a sweep share most of their settings, and instantiation is the slowest step here. The objects are
# frozen. (Pickle, because JSON would turn keys that are numbers into text.)
@lru_cache(maxsize=64)
def _instantiate(settings: bytes) -> Any:
    plain = pickle.loads(settings)
    target = str(plain.get("_target_"))
    if target.startswith("recsys.") and _is_flat(plain):  # five times as fast as Hydra
        try:
            return get_class(target)(**{key: value for key, value in plain.items() if key != "_target_"})
        except Exception:
            log.debug("Hydra reports what is wrong with %s", target, exc_info=True)
    try:
        with execution_whitelist(EXECUTION_WHITELIST):
            return instantiate(plain, _convert_="all")
    except InstantiationException:
        raise
    except Exception as error:  # Hydra 1.3 wraps the error of a constructor, 1.4 does not
        raise InstantiationException(f"Error in call to target '{target}':\n{error!r}") from error


def _is_flat(settings: dict[Any, Any]) -> bool:
    """Whether Hydra would only call the target."""
    return not any(
        (str(key).startswith("_") and key != "_target_") or isinstance(value, dict | list)
        for key, value in settings.items()
    )
