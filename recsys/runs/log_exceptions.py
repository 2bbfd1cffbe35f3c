"""Log the exceptions of callbacks.

Hydra turns an exception in a callback into a one-line warning, which under `-W error` ends the sweep.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., None])


def log_exceptions(method: Method) -> Method:
    """Decorate a callback's method: log its exceptions with the traceback, and append them to `failures`."""

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
    """Return the number of errors and the first of them, as part of a sentence."""
    errors = "an error" if len(failures) == 1 else f"{len(failures)} errors"
    return f"{errors}, see above. The first: {failures[0]}"
