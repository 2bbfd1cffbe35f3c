"""`hydra.utils.instantiate` for samplers, pruners and storages, on Hydra 1.3 and 1.4."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException

from optuna_sweeper.errors import first_line

# Hydra 1.4 builds only what a whitelist allows; Hydra 1.3 has none.
_execution_whitelist: Any = getattr(hydra.utils, "execution_whitelist", nullcontext)


def instantiate(config: Any, package: str) -> Any:
    """Build the object that a config with a ``_target_`` describes.

    Hydra 1.4 may build the callables of `package`, and those that the application allows with the
    ``execution_whitelist`` of ``hydra.main``. Raises `ValueError` with the reason in one line.
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
