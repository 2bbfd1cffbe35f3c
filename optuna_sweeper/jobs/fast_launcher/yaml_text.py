"""Configs as YAML text, as `OmegaConf.to_yaml` writes them, but with secrets masked.

The configs of a sweep's jobs differ in a few lines, and YAML in pure Python is slow: lines are cached from
one config to the next.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf._utils import get_omega_conf_dumper

from optuna_sweeper.jobs.fast_launcher.config_copy import VALUES
from optuna_sweeper.safe_text import mask_values, masked_yaml

SCALARS = {str, int, float, bool, type(None)}
WIDTH = 80  # where YAML breaks lines, depending on the indentation


class UnusualError(Exception):
    """A value that OmegaConf has to write: an object, or a key that is not text."""


class YamlWriter:
    """Write configs that are similar to each other."""

    def __init__(self) -> None:
        # The last value of each key, by its path, and its lines.
        self._lines: dict[tuple[str, ...], tuple[str, str]] = {}
        self._dumper = get_omega_conf_dumper()

    def text(self, config: Any) -> str:
        """Return the text of a config."""
        content = config.__dict__["_content"]
        try:
            if type(content) is dict and content:
                return "".join(self._mapping(content, ()))
            if type(content) is list and content:
                return "".join(self._list(content))
        except UnusualError:
            pass
        return masked_yaml(OmegaConf.to_yaml(config))

    def _mapping(self, content: dict[Any, Any], path: tuple[str, ...]) -> Iterator[str]:
        for key, node in content.items():
            if type(key) is not str:
                raise UnusualError
            where = (*path, key)
            if type(node) is DictConfig and type(node.__dict__["_content"]) is dict and len(node):
                line, end, _ = self._cached_lines(where, "{", {key: {"_": 0}}).partition("\n")
                if not line.endswith(":"):  # `? key`, as YAML writes an empty or a very long one
                    raise UnusualError
                yield line + end
                yield from self._mapping(node.__dict__["_content"], where)
            else:
                value = _value(node)
                yield self._cached_lines(where, repr(value), {key: value})

    def _list(self, content: list[Any]) -> Iterator[str]:
        """Write a list of scalars, such as a job's overrides."""
        for i, node in enumerate(content):
            value = _value(node)
            if type(value) not in SCALARS:
                raise UnusualError
            yield self._cached_lines((f"- {i}",), repr(value), [value])

    def _cached_lines(self, path: tuple[str, ...], value: str, what: dict[str, Any] | list[Any]) -> str:
        """Return the lines of a mapping at this path, or of a list."""
        last = self._lines.get(path)
        if last is not None and last[0] == value:
            return last[1]
        depth = len(path) - 1
        lines = self._dump(what)
        if depth and lines.count("\n") == 1 and len(lines) + 2 * depth < WIDTH:
            lines = "  " * depth + lines
        elif depth:
            nested = what
            for _ in range(depth):
                nested = {"_": nested}
            lines = self._dump(nested).split("\n", depth)[depth]
        self._lines[path] = (value, lines)
        return lines

    def _dump(self, what: dict[str, Any] | list[Any]) -> str:
        text: str = yaml.dump(
            mask_values(what),
            default_flow_style=False,
            allow_unicode=True,
            sort_keys=False,
            Dumper=self._dumper,
        )
        return text


def _value(node: Any) -> Any:
    """Return a node as `OmegaConf.to_container` does, without resolving interpolations."""
    if type(node) in VALUES:
        value = node._val
        value = value.name if isinstance(value, Enum) else value
        if type(value) not in SCALARS:
            raise UnusualError
        return value
    if type(node) not in (DictConfig, ListConfig):
        raise UnusualError
    content = node.__dict__["_content"]
    if type(content) is dict:
        if any(type(key) not in SCALARS for key in content):
            raise UnusualError
        return {key: _value(child) for key, child in content.items()}
    if type(content) is list:
        return [_value(child) for child in content]
    return content  # nothing, missing, or an interpolation
