"""Compose configs in less than half of the time: composition is most of what a short run or sweep costs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from hydra._internal.hydra import Hydra
from omegaconf import DictConfig, ListConfig

from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, is_plain
from recsys.composition import share_config_store

SLOW_COPIES = {kind: kind.__deepcopy__ for kind in (DictConfig, ListConfig)}


def install() -> None:
    """Speed up Hydra in this process: the results are the same."""
    share_config_store()
    yaml.load = _load_once(yaml.load)
    Hydra.get_mode = _mode_once(Hydra.get_mode)  # type: ignore[method-assign]
    for kind, slow in SLOW_COPIES.items():
        kind.__deepcopy__ = _fast_copy(slow)


@contextmanager
def slow_copies() -> Iterator[None]:
    """Copy configs as OmegaConf does: for tests of the copies themselves."""
    fast = {kind: kind.__deepcopy__ for kind in SLOW_COPIES}
    for kind, slow in SLOW_COPIES.items():
        kind.__deepcopy__ = slow
    yield
    for kind, function in fast.items():
        kind.__deepcopy__ = function


def _load_once(load: Callable[..., Any]) -> Callable[..., Any]:
    """Parse equal texts once."""
    known: dict[tuple[Any, str], Any] = {}

    def load_once(stream: Any, Loader: Any) -> Any:  # noqa: N803
        text = stream if isinstance(stream, (str, bytes)) else stream.read()
        key = text, Loader.__qualname__
        if key not in known:
            known[key] = load(text, Loader)
        return copy.deepcopy(known[key])

    return load_once


def _mode_once(get_mode: Callable[..., Any]) -> Callable[..., Any]:
    """Find out once per experiment whether it is a sweep: Hydra composes the whole config for it."""
    known: dict[tuple[Any, ...], Any] = {}

    def mode_once(hydra: Hydra, config_name: str | None, overrides: list[str]) -> Any:
        decisive = [one for one in overrides if one.startswith(("experiment=", "hydra", "+", "~"))]
        key = str(hydra.config_loader.get_search_path()), config_name, *decisive
        if key not in known:
            known[key] = get_mode(hydra, config_name, decisive)
        return known[key]

    return mode_once


def _fast_copy(slow: Callable[..., Any]) -> Callable[..., Any]:
    def fast_copy(config: Any, memo: dict[int, Any]) -> Any:
        if not is_plain(config):
            return slow(config, memo)
        copied = memo[id(config)] = copy_config(config, config.__dict__["_parent"])
        return copied

    return fast_copy
