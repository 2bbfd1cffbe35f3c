"""Overrides as they must be typed in a shell."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

# What Hydra reads as one plain text, references to other values included. It does not backtrack, which would
# take exponential time for a long path with a blank in it.
_PLAIN = re.compile(r"(?:[A-Za-z_./-][A-Za-z0-9_./-]*+|\$\{[\w.:]+\})++")
KEYWORDS = {"true", "false", "null", "nan", "inf"}


def typed_override(key: str, value: Any) -> str:
    """Return the override that sets a key to a value, quoted as Hydra's grammar and a shell need it.

    The value is text, in which references such as ``${hydra.job.num}`` stay references, a number, a truth
    value, None, or a list or mapping of such values.
    """
    return shlex.quote(f"{key}={_written(value)}")


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if not isinstance(value, str):
        return "null" if value is None else str(value).lower()
    if not _PLAIN.fullmatch(value) or value.lower() in KEYWORDS:
        # Of backslashes, Hydra reads as two for one those before a quote and those at the end.
        value = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + (found[2] and r"\""), value)
        value = f'"{value}"'
    return str(value)
