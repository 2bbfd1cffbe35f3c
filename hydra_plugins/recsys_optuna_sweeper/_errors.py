"""The error of a sweep that cannot start or that came to nothing."""

from __future__ import annotations

from typing import Any

from hydra.errors import CompactHydraException


class SweepError(CompactHydraException):
    """A message for the user; Hydra prints it without a traceback and exits with 1."""


def refusal(key: str, rule: str, value: Any, cure: str = "") -> SweepError:
    """Return the error for a setting that breaks its rule.

    Parameters
    ----------
    key : str
        The config key as the user types it.
    rule : str
        What the value must be; completes the sentence "<key> must be ...".
    value : object
        The value that came.
    cure : str
        What to do about it, a full sentence; empty when the rule says it all.
    """
    return SweepError(f"{key} must be {rule}. Got {value!r}. {cure}".rstrip())


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type when it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
