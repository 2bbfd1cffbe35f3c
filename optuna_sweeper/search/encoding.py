"""Encode values as text of Hydra overrides, from which Hydra's parser returns an equal value."""

import re

from hydra.core.override_parser.types import Quote, QuotedString

from optuna_sweeper.errors import SweepError
from optuna_sweeper.shell import KEYWORDS

# Text that Hydra's lexer reads as one plain string. Anything else is quoted, which is always correct.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def encode(value: object) -> str:
    """Return the text of a value in Hydra's override grammar.

    Text is quoted when it would be read as something else: ``'1'``, ``'true'``, ``'a, b'``.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value))  # float(): the repr of numpy's floats names their type
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in KEYWORDS:
            return value
        return QuotedString(text=value, quote=Quote.single).with_quotes()
    raise SweepError(
        "The parameters of a job must be text, numbers, booleans or null. "
        f"Got {value!r} of type {type(value).__name__}."
    )
