"""A YAML document of text, lists and mappings, and checks of its shape."""

import reprlib
from collections.abc import Sequence
from typing import Any

import yaml

from recsys.errors import DataFormatError

_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxstring = 2, 3, 100


class _Loader(yaml.BaseLoader):
    """Reads scalars as the text that is written, so that 007 and no are names; refuses repeated keys."""


def _mapping(loader: yaml.BaseLoader, node: yaml.MappingNode) -> dict[str, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for row, key in enumerate(keys):
        if not isinstance(key, str):
            raise DataFormatError(f"line {node.start_mark.line + 1}: a key must be text. Got {text_of(key)}.")
        if key in keys[:row]:
            line = node.value[row][0].start_mark.line + 1
            raise DataFormatError(f"line {line}: the key {key!r} is there twice. Put all under one.")
    values = (loader.construct_object(value, deep=True) for _, value in node.value)
    return dict(zip(keys, values, strict=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def yaml_document(content: bytes) -> Any:
    """Return the content of a YAML file, {} if there is none; raises DataFormatError."""
    try:
        text = content.decode("utf-8-sig")
        return yaml.load(text, _Loader) or {}
    except UnicodeDecodeError as error:
        raise DataFormatError(f"it must be UTF-8 ({error.reason} at byte {error.start}).") from error
    except (yaml.YAMLError, RecursionError) as error:
        problem = " ".join(str(error).replace('in "<unicode string>", ', "").split())
        raise DataFormatError(f"it is no YAML: {problem}.") from error


def require_keys(place: str, given: Any, keys: Sequence[str]) -> dict[str, Any]:
    """Return a mapping that has no other keys."""
    names, where = ", ".join(keys), place or "the file"
    if not isinstance(given, dict):
        raise DataFormatError(f"{where} must be a mapping with the keys {names}. Got {text_of(given)}.")
    for key in given:
        if key not in keys:
            raise DataFormatError(f"{where} has no key {key!r}. The keys are {names}.")
    return given


def require_list(place: str, given: Any) -> list[Any]:
    """Return a list; nothing behind the key is an empty one."""
    if given == "":
        return []
    if not isinstance(given, list):
        cure = f" Write [{text_of(given)}]." if isinstance(given, str) else ""
        raise DataFormatError(f"{place} must be a list. Got {text_of(given)}.{cure}")
    return given


def require_text(place: str, given: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(given, str) or not given.strip():
        raise DataFormatError(f"{place} must be text. Got {text_of(given)}.")
    return given


def text_of(given: Any) -> str:
    """Return a value for a message: its beginning, as aliases can make a short file long."""
    return _SHORT.repr(given)
