"""Objects of the composed configuration."""

from __future__ import annotations

import pickle
from dataclasses import fields
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from recsys.pipeline import Experiment


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

    return Experiment(**{field.name: build(cfg, field.name) for field in fields(Experiment)})


def read_experiment(folder: Path) -> Experiment:
    """Make the objects of a run from the configuration that it left in its folder.

    Raises
    ------
    ParameterError
        If a value breaks its rule; it names the key as typed.
    """
    cfg = OmegaConf.load(folder / ".hydra" / "config.yaml")
    assert isinstance(cfg, DictConfig)
    return build_experiment(cfg)


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
    missing = sorted(OmegaConf.missing_keys(cfg[group]))
    if missing:
        raise ParameterError(missing[0], "given", "???", f"For example {missing[0]}=... on the command line.")
    settings = OmegaConf.to_container(cfg[group], resolve=True)
    try:
        return _instantiate(pickle.dumps(settings))
    except InstantiationException as error:
        if isinstance(error.__cause__, ParameterError):
            raise error.__cause__.within(group) from error
        raise


# The trials of a sweep share most of their settings, and making an object of them takes longer than all else
# that is done with it here. The objects are frozen. (JSON would make text of keys that are numbers.)
@lru_cache(maxsize=64)
def _instantiate(settings: bytes) -> Any:
    return instantiate(pickle.loads(settings), _convert_="all")
