"""Composition of the configs of a sweep's jobs, once for all jobs that choose the same files.

`Composer` applies the values of later jobs to a copy of the first composition, after a check that this
reproduces what Hydra composed. In all other cases, any error included, Hydra itself composes.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import hydra
from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import Container, DictConfig, ListConfig, OmegaConf, open_dict, read_write

from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, is_plain, same

FRACTION = re.compile(r"-?(0|[1-9]\d*)\.\d+", re.ASCII)  # a number that Hydra reads as Python does

Files = tuple[str, ...]  # the overrides of a job that choose files
Folder = tuple[str, str]  # `hydra.sweep.dir` and `hydra.sweep.subdir` of a job

# The number of compositions to keep: a sweep over more choices of files gains little from them.
MAX_KEPT = 100


def is_known_hydra() -> bool:
    """Return whether the installed Hydra is version 1.3, whose internals this package depends on."""
    return hydra.__version__.startswith("1.3.")


@dataclass(frozen=True)
class _Request:
    """The overrides of a job: all, those that choose files as text, and those that set values."""

    all: list[Override]
    files: Files
    values: list[Override]


class _Loader(ConfigLoaderImpl):
    """Hydra's loader, which keeps the files that it read and the config before values are set."""

    used: CachingConfigRepository | None = None
    raw: DictConfig | None = None

    def _parse_overrides_and_create_caching_repo(self, config_name: str | None, overrides: list[str]) -> Any:
        parsed, self.used = super()._parse_overrides_and_create_caching_repo(config_name, overrides)
        return parsed, self.used

    def _compose_config_from_defaults_list(self, *args: Any, **kwargs: Any) -> DictConfig:
        config = super()._compose_config_from_defaults_list(*args, **kwargs)
        self.raw = copy_config(config) if is_plain(config) else None
        return config


class OverrideParser:
    """Hydra's parser, which reads the second number of a key, and later ones, faster."""

    def __init__(self, loader: ConfigLoader | None = None) -> None:
        self._parse = lru_cache(1000)(OverridesParser.create(config_loader=loader).parse_override)
        self._numbers: dict[str, Override] = {}  # the first with a number, by what stands before it

    def parse(self, text: str) -> Override:
        """Return an override of a job as an object, which must not be changed."""
        key, _, value = text.partition("=")
        if not FRACTION.fullmatch(value):
            return self._parse(text)
        if key in self._numbers:
            return replace(self._numbers[key], _value=float(value), input_line=text)
        parsed = self._parse(text)
        if type(parsed.value()) is float:
            self._numbers[key] = parsed
        return parsed


class Composer:
    """Compose the configs of the jobs of a sweep; `master` is the config of the sweep."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        known = type(loader) is ConfigLoaderImpl and is_known_hydra()
        self._own: Any = _Loader(loader.get_search_path()) if known else None
        self._loader = self._own or loader
        self._master = master
        self._parse = OverrideParser(loader).parse
        self._group_exists = lru_cache(1000)(CachingConfigRepository.group_exists)
        self._bases: dict[Files, DictConfig | None] = {}
        self._seen: tuple[tuple[str, ...], DictConfig] | None = None
        self._folder: tuple[DictConfig, int, Folder] | None = None

    def peek(self, overrides: Sequence[str]) -> DictConfig:
        """Return the config of a job, read-only, and keep it for the next call of `compose`."""
        config = self.compose(overrides)
        OmegaConf.set_readonly(config, True)
        self._seen = tuple(overrides), config
        return config

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the config of a job, as `ConfigLoader.load_sweep_config` does."""
        seen, self._seen = self._seen, None
        if seen is not None and seen[0] == tuple(overrides):
            OmegaConf.set_readonly(seen[1], None)
            return seen[1]
        with suppress(Exception):  # Hydra composes it, or raises the error again with its own message
            request = self._read(overrides)
            if (base := self._bases.get(request.files)) is not None:
                return self._apply(base, request)
        config = self._loader.load_sweep_config(self._master, list(overrides))
        with suppress(Exception):  # overrides that cannot be applied to a copy
            request = self._read(overrides)
            if request.files not in self._bases and len(self._bases) < MAX_KEPT:
                self._bases[request.files] = None
                self._bases[request.files] = self._base(request, config)
        return config

    def folder(self, config: DictConfig, number: int) -> Folder:
        """Return the folder of the job with this config and number; known for the one of the last call."""
        if self._folder is None or self._folder[0] is not config or self._folder[1] != number:
            self._folder = config, number, _resolve_folder(config, number)
        return self._folder[2]

    def _read(self, overrides: Sequence[str]) -> _Request:
        """Return the parsed overrides; an error if not all of them can be applied to a copy."""
        if self._own is None or self._own.used is None:
            raise ValueError(overrides)
        parsed = [self._parse(text) for text in overrides]
        if any(_is_unusual(override) for override in parsed):
            raise ValueError(overrides)
        # Hydra treats a mapping as a value, even if there is a group of that name.
        files = [
            override
            for override in parsed
            if not isinstance(override.value(), dict)
            and self._group_exists(self._own.used, override.key_or_group)
        ]
        values = [override for override in parsed if override not in files]
        return _Request(parsed, tuple(str(override.input_line) for override in files), values)

    def _base(self, request: _Request, composed: DictConfig) -> DictConfig | None:
        """Return the config before the values of a job are applied; None if it cannot be reproduced."""
        raw, repository = self._own.raw, self._own.used
        if raw is None or _asks_resolver(repository) or not is_plain(composed):
            return None
        # The application's part before any value was set, and Hydra's part, which the application's overrides
        # do not change, as composed.
        base: DictConfig = copy_config(raw)
        OmegaConf.set_struct(base, True)
        base.__dict__["_content"]["hydra"] = copy_config(composed._get_node("hydra"), base)
        if base.hydra.job._get_node("env_copy")._value():
            return None
        base.hydra.overrides.task.clear()
        base.hydra.job.override_dirname = ""
        return base if same(self._apply(base, request), composed) else None

    def _apply(self, base: DictConfig, request: _Request) -> DictConfig:
        """Return a copy of the base with a job's overrides: the second half of Hydra's composition."""
        config: DictConfig = copy_config(base)
        for override in request.values:
            _check_path(config, override)
        ConfigLoaderImpl._apply_overrides_to_config(request.values, config)
        own = config.hydra
        for override in request.all:
            own.overrides.task.append(override.input_line)
        own.runtime.cwd = os.getcwd()  # noqa: PTH109  # a text
        naming = own.job.config.override_dirname
        own.job.override_dirname = config_loader_impl.get_overrides_dirname(request.all, **naming)
        OmegaConf.copy_cache(from_config=self._master, to_config=config)
        return config


def _resolve_folder(config: DictConfig, number: int) -> Folder:
    with read_write(config), open_dict(config):
        job = config.hydra.job
        job.id, job.num = str(number), number
    instance = HydraConfig.instance()
    outside, instance.cfg = instance.cfg, config  # type: ignore[assignment]  # for ${hydra:...} in the name of the folder
    try:
        return str(OmegaConf.select(config, "hydra.sweep.dir")), str(
            OmegaConf.select(config, "hydra.sweep.subdir")
        )
    finally:
        instance.cfg = outside


def _is_unusual(override: Override) -> bool:
    """Whether it sets a key of Hydra's own config, or is a sweep, which is an error here."""
    first = override.key_or_group.replace("/", ".").replace("[", ".").strip(".").split(".")[0]
    return first == "hydra" or override.is_sweep_override()


def _check_path(config: DictConfig, override: Override) -> None:
    """Raise an error if a value is set through an interpolation, which might refer to Hydra's config."""
    node: Any = config
    for key in override.key_or_group.split("."):
        if not isinstance(node, Container):
            return
        node = node._get_node(int(key) if isinstance(node, ListConfig) else key, validate_access=False)
        if node is not None and node._is_interpolation():
            raise ValueError(override.key_or_group)


def _asks_resolver(repository: CachingConfigRepository) -> bool:
    """Whether a defaults list has an interpolation such as ``${oc.env:NAME}``."""
    results = [result for result in repository.cache.values() if result is not None]
    texts = [repr(vars(default)) for result in results for default in result.defaults_list or []]
    return any(re.search(r"\$\{[^}]*:", text) for text in texts)
