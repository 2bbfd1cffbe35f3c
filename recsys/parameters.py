"""Checks of parameter values, made where a user passes them and nowhere else. Booleans are not numbers."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

from recsys.errors import ParameterError


def require_number(parameter: str, value: Any) -> float:
    """Return a finite number as a float, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ParameterError(parameter, "a finite number", value)
    return float(value)


def require_at_least(parameter: str, value: Any, minimum: float) -> float:
    """Return a finite number >= minimum as a float, or raise ParameterError."""
    number = require_number(parameter, value)
    if number < minimum:
        raise ParameterError(parameter, f"a number of at least {minimum}", value)
    return number


def require_positive(parameter: str, value: Any) -> float:
    """Return a finite number > 0 as a float, or raise ParameterError."""
    number = require_number(parameter, value)
    if number <= 0:
        raise ParameterError(parameter, "a number above 0", value)
    return number


def require_fraction(parameter: str, value: Any) -> float:
    """Return a number in (0, 1] as a float, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) <= 1:
        raise ParameterError(parameter, "a number in (0, 1]", value)
    return float(value)


def require_ratio(parameter: str, value: Any) -> float:
    """Return a number in [0, 1] as a float, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ParameterError(parameter, "a number from 0 to 1", value)
    return float(value)


def require_share(parameter: str, value: Any) -> float:
    """Return a number in (0, 1) as a float, or raise ParameterError."""
    rule = "a number between 0 and 1, neither of them"
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ParameterError(parameter, rule, value)
    return float(value)


def require_integer(parameter: str, value: Any, minimum: int) -> int:
    """Return an integer >= minimum as an int, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise ParameterError(parameter, f"an integer of at least {minimum}", value)
    return int(value)


def require_choice(parameter: str, value: Any, choices: Collection[str]) -> str:
    """Return one of the choices, or raise ParameterError, which names them."""
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(parameter, f"one of {', '.join(choices)}", value)
    return str(value)


def require_text(parameter: str, value: Any, rule: str = "text, or null", *, optional: bool = True) -> None:
    """Raise ParameterError, stating the rule, unless `value` is text, not empty; or None if optional."""
    if not (isinstance(value, str) and value) and not (optional and value is None):
        raise ParameterError(parameter, rule, value)


def require_path(parameter: str, value: Any) -> Path:
    """Return text or a path as a path, or raise ParameterError."""
    if not isinstance(value, str | PathLike) or not str(value):
        raise ParameterError(parameter, "a path", type(value))
    return Path(value)
