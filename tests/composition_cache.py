"""Compose configs in less than half of the time: composition is most of what a short run or sweep costs."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra import version
from hydra._internal import config_loader_impl, utils
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import IConfigRepository
from hydra._internal.defaults_list import DefaultsList, Overrides
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.default_element import ResultDefault
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigSource
from omegaconf import DictConfig, ListConfig, OmegaConf

from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, is_plain
from recsys.composition import share_config_store
from recsys.runs.stored_config import CONF

SLOW_COPIES = {kind: kind.__deepcopy__ for kind in (DictConfig, ListConfig)}


def install() -> None:
    """Speed up Hydra in this process: the results are the same."""
    share_config_store()
    yaml.load = _load_once(yaml.load)
    OmegaConf.load = staticmethod(_config_once(OmegaConf.load))  # type: ignore[method-assign, assignment]
    utils.is_under_debugger = _is_under_debugger
    if "parsed_overrides" not in inspect.signature(Hydra.get_mode).parameters:  # as in Hydra 1.4
        Hydra.get_mode = _mode_once(Hydra.get_mode)  # type: ignore[method-assign]
    config_loader_impl.create_defaults_list = _list_once(config_loader_impl.create_defaults_list)
    merge = ConfigLoaderImpl._compose_config_from_defaults_list
    ConfigLoaderImpl._compose_config_from_defaults_list = _merge_once(merge)  # type: ignore[method-assign]
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


def _config_once(load: Callable[..., Any]) -> Callable[..., Any]:
    """Make configs of equal texts once."""
    known: dict[str, Any] = {}

    def config_once(file: Any) -> Any:
        if isinstance(file, (str, Path)):
            with Path(file).open(encoding="utf-8") as opened:
                return config_once(opened)
        start = file.tell()
        text = file.read()
        if text not in known:
            file.seek(start)
            known[text] = load(file)
        return copy.deepcopy(known[text])

    return config_once


def _is_under_debugger() -> bool:
    """Answer as Hydra, which reads the sources of all frames for it."""
    frame, files = sys._getframe(1), []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back  # type: ignore[assignment]
    return files[-3:][0].endswith(("/pdb.py", "/pydevd.py")) or sys.gettrace() is not None


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


def _list_once(create: Callable[..., DefaultsList]) -> Callable[..., DefaultsList]:
    """Make the defaults list once per choice of config groups: other overrides do not change it."""
    known: dict[Hashable, DefaultsList] = {}

    def list_once(
        repo: IConfigRepository,
        config_name: str | None,
        overrides_list: list[Override],
        prepend_hydra: bool,
        skip_missing: bool,
    ) -> DefaultsList:
        sources = _fingerprint(repo)
        given = Overrides(repo, overrides_list)
        choices = repr((given.override_choices, given.append_group_defaults, given.deletions))
        key = sources, config_name, prepend_hydra, skip_missing, choices
        if key not in known:
            known[key] = create(repo, config_name, overrides_list, prepend_hydra, skip_missing)
        made = known[key]
        return DefaultsList(made.defaults, made.defaults_tree, given.config_overrides, made.overrides)

    return list_once


def _merge_once(merge: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    """Merge the configs of equal defaults lists once."""
    known: dict[Hashable, DictConfig] = {}

    def merge_once(
        loader: ConfigLoaderImpl, defaults: list[ResultDefault], repo: IConfigRepository
    ) -> DictConfig:
        if DictConfig.__deepcopy__ is SLOW_COPIES[DictConfig]:
            return merge(loader, defaults, repo)
        key = _fingerprint(repo), repr(defaults)
        if key not in known:
            known[key] = merge(loader, defaults, repo)
        return copy.deepcopy(known[key])

    return merge_once


def _fingerprint(repo: IConfigRepository) -> Hashable:
    """Return what a composition depends on besides its overrides."""
    sources = [
        (source.scheme(), source.provider, source.path if source.path == str(CONF) else _texts(source))
        for source in repo.get_sources()
    ]
    return version.getbase(), *sources, *_registered(ConfigStore.instance().repo)


def _texts(source: ConfigSource) -> Hashable:
    """Return the configs of a folder, which a test may have written a moment ago, wherever it is."""
    if source.scheme() != "file":
        return source.path
    folder = Path(source.path)
    return tuple(
        (str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*.yaml"))
    )


def _registered(group: dict[str, Any]) -> Iterator[int]:
    """Yield what identifies the configs that were registered in Python."""
    for one in group.values():
        if isinstance(one, ConfigNode):
            yield id(one)
        else:
            yield from _registered(one)


def _fast_copy(slow: Callable[..., Any]) -> Callable[..., Any]:
    def fast_copy(config: Any, memo: dict[int, Any]) -> Any:
        if not is_plain(config):
            return slow(config, memo)
        copied = memo[id(config)] = copy_config(config, config.__dict__["_parent"])
        return copied

    return fast_copy
