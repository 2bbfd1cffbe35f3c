"""Errors of a callback, where they can be seen.

Hydra makes a one-line warning of an exception in a callback, and under `-W error` an end of the sweep. Here
it becomes an error in the log with its traceback, and is remembered for a line at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., None])


def log_exceptions(method: Method) -> Method:
    """Log what a callback's method raises, remember it in the callback's `failures`, and go on."""

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            where = f"{type(self).__name__}.{method.__name__}"
            self.failures.append(f"{where}: {type(error).__name__}: {error}")
            logging.getLogger(method.__module__).exception("%s failed; the run goes on", where)

    return cast(Method, call)


def summary(failures: list[str]) -> str:
    """Say how many errors there were, and the first of them."""
    errors = "an error" if len(failures) == 1 else f"{len(failures)} errors"
    return f"{errors}, see above. The first: {failures[0]}"
