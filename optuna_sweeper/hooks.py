"""Functions of the application that settings name by their dotted path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hydra.errors import HydraException
from hydra.utils import get_method
from omegaconf import DictConfig

from optuna_sweeper.errors import SweepError, first_line


def load_function(key: str, path: str) -> Any:
    """Return the function of a dotted path, which is set at this key."""
    try:
        return get_method(path)
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
