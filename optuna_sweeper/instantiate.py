"""Objects and functions that settings name: samplers, pruners, storages, and hooks of the application."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import hydra.utils
from hydra.errors import HydraException, InstantiationException
from omegaconf import DictConfig

from optuna_sweeper.errors import SweepError, first_line
from optuna_sweeper.quick_import import quick_import

# Hydra 1.4 builds only what a whitelist allows; Hydra 1.3 has none.
_execution_whitelist: Any = getattr(hydra.utils, "execution_whitelist", nullcontext)


def instantiate(config: Any, package: str) -> Any:
    """Build the object that a config describes; raise `ValueError` with the reason in one line.

    Hydra 1.4 may build the callables of `package`, and those that the application allows with the
    ``execution_whitelist`` of ``hydra.main``.
    """
    try:
        with _execution_whitelist(f"{package}.*"):
            return hydra.utils.instantiate(config)
    except Exception as error:  # whatever the constructor raises, which Hydra 1.3 wraps and 1.4 does not
        raise ValueError(_reason(error)) from error.__cause__ or error


def _reason(error: Exception) -> str:
    if not isinstance(error, InstantiationException):
        return first_line(error)
    text = " ".join(str(error).split())
    if "execution whitelist" in text:
        return (
            f"{text} An application allows its own classes where it starts: "
            "@hydra.main(..., execution_whitelist=['my_package.*'])."
        )
    if error.__cause__ is None or isinstance(error.__cause__, ImportError):
        return text.split(", set env var")[0]
    return first_line(error.__cause__)


def load_function(key: str, path: str) -> Any:
    """Return the function of a dotted path, which is set at this key."""
    with suppress(Exception):  # which Hydra raises again, with its own message
        quick_import(path.rpartition(".")[0])
    try:
        return hydra.utils.get_method(path)
    except Exception as error:  # importing it runs the application's code
        raise SweepError(f"{key}={path}: {first_line(error)}") from error


def load_hook(key: str, path: str | None) -> Callable[[DictConfig], Any]:
    """Return a function of the config of a job, whose errors name the key; without a path it returns None."""
    if path is None:
        return lambda config: None
    function = load_function(key, path)

    def hook(config: DictConfig) -> Any:
        try:
            return function(config)
        except HydraException:  # a message for the user already
            raise
        except Exception as error:
            raise SweepError(f"{key}: {type(error).__name__}: {first_line(error)}") from error

    return hook
