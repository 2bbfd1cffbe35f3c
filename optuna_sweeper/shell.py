"""Overrides as they must be typed in a shell."""

import re
import shlex

# What Hydra reads as one plain text, references to other values included. It does not backtrack, which would
# take exponential time for a long path with a blank in it.
_PLAIN = re.compile(r"(?:[A-Za-z_./-][A-Za-z0-9_./-]*+|\$\{[\w.:]+\})++")
KEYWORDS = {"true", "false", "null", "nan", "inf"}


def typed_override(key: str, value: str) -> str:
    """Return the override that sets a key to a text, quoted as Hydra's grammar and a shell need it.

    References in the text, such as ``${hydra.job.num}``, stay references.
    """
    if not _PLAIN.fullmatch(value) or value.lower() in KEYWORDS:
        # Of backslashes, Hydra reads as two for one those before a quote and those at the end.
        value = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + (found[2] and r"\""), value)
        value = f'"{value}"'
    return shlex.quote(f"{key}={value}")
