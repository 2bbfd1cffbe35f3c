"""Configs as YAML text, as `OmegaConf.to_yaml` writes them.

The configs of a sweep's jobs differ in a few lines, and YAML in pure Python is slow: lines are remembered
from one config to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf._utils import get_omega_conf_dumper

SCALARS = {str, int, float, bool, type(None)}


class UnusualError(Exception):
    """Something that is better left to OmegaConf: an object, a key that is not a text."""


class YamlWriter:
    """Writes configs that resemble each other."""

    def __init__(self) -> None:
        # The last value of each key, by its path, and its lines.
        self._lines: dict[tuple[str, ...], tuple[str, str]] = {}
        self._dumper = get_omega_conf_dumper()

    def text(self, config: Any) -> str:
        """Return the text of a config.

        Parameters
        ----------
        config : DictConfig or ListConfig
        """
        container = OmegaConf.to_container(config, enum_to_str=True)
        if type(container) is not dict or not container:
            return OmegaConf.to_yaml(config)
        try:
            return "".join(self._mapping(container, ()))
        except UnusualError:
            return OmegaConf.to_yaml(config)

    def _mapping(self, mapping: dict[Any, Any], path: tuple[str, ...]) -> Iterator[str]:
        for key, value in mapping.items():
            if type(key) is not str:
                raise UnusualError
            where = (*path, key)
            if type(value) is dict and value:
                line, end, _ = self._remembered(where, "{", {key: {"_": 0}}).partition("\n")
                if not line.endswith(":"):  # `? key`, as YAML writes an empty or a very long one
                    raise UnusualError
                yield line + end
                yield from self._mapping(value, where)
            else:
                _check(value)
                yield self._remembered(where, repr(value), {key: value})

    def _remembered(self, path: tuple[str, ...], value: str, mapping: dict[str, Any]) -> str:
        """Return the lines of a mapping at this path; they depend on its indentation, hence the nesting."""
        last = self._lines.get(path)
        if last is not None and last[0] == value:
            return last[1]
        depth = len(path) - 1
        nested = mapping
        for _ in range(depth):
            nested = {"_": nested}
        text: str = yaml.dump(
            nested, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=self._dumper
        )
        lines = text.split("\n", depth)[depth]
        self._lines[path] = (value, lines)
        return lines


def _check(value: Any) -> None:
    if type(value) is list:
        for one in value:
            _check(one)
    elif type(value) is dict:
        for key, one in value.items():
            _check(key)
            _check(one)
    elif type(value) not in SCALARS:
        raise UnusualError
