"""Configs as YAML, as `OmegaConf.to_yaml` writes them but with secrets masked, and with cached lines."""

from contextlib import suppress
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
        self._known: dict[tuple[str, ...], tuple[str, str]] = {}
        self._openings: dict[str, str] = {}  # the lines of keys that have something below them
        self._dumper = get_omega_conf_dumper()

    def text(self, config: Any) -> str:
        """Return the text of a config."""
        with suppress(UnusualError):
            plain = _value(config)
            if isinstance(plain, list) and plain:
                return self._dump(plain)
            if isinstance(plain, dict) and plain:
                return "".join(self._lines((key,), value) for key, value in plain.items())
        return masked_yaml(OmegaConf.to_yaml(config))

    def _lines(self, path: tuple[str, ...], value: Any) -> str:
        text = repr(value)
        known = self._known.get(path)
        if known is None or known[0] != text:
            known = self._known[path] = text, self._write(path, value)
        return known[1]

    def _write(self, path: tuple[str, ...], value: Any) -> str:
        key, depth = path[-1], len(path) - 1
        if type(key) is not str:
            raise UnusualError
        if isinstance(value, dict) and value:
            below = (self._lines((*path, name), child) for name, child in value.items())
            return "".join(["  " * depth, self._opening(key), "\n", *below])
        if not isinstance(value, list) and len(str(value)) + 2 * depth < WIDTH:
            lines = self._dump({key: value})
            if lines.count("\n") == 1 and len(lines) + 2 * depth < WIDTH:
                return "  " * depth + lines
        nested = {key: value}
        for _ in range(depth):
            nested = {"_": nested}
        return self._dump(nested).split("\n", depth)[depth]

    def _opening(self, key: str) -> str:
        if key not in self._openings:
            line = self._dump({key: {"_": 0}}).partition("\n")[0]
            if not line.endswith(":"):  # `? key`, as YAML writes an empty or a very long one
                raise UnusualError
            self._openings[key] = line
        return self._openings[key]

    def _dump(self, what: dict[str, Any] | list[Any]) -> str:
        options: dict[str, Any] = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False}
        return str(yaml.dump(mask_values(what), Dumper=self._dumper, **options))


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
