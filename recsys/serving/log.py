"""The log of the service: without secrets, and without control characters."""

from __future__ import annotations

import copy
from typing import Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

from optuna_sweeper.safe_text import SafeFormatter


class _Default(SafeFormatter, DefaultFormatter):
    """uvicorn's format of its own lines."""


class _Access(SafeFormatter, AccessFormatter):
    """uvicorn's format of requests."""


def _config() -> dict[str, Any]:
    config = copy.deepcopy(LOGGING_CONFIG)
    for name, kind in {"default": _Default, "access": _Access}.items():
        config["formatters"][name] |= {"()": kind, "use_colors": False}  # colors are control characters
    config["formatters"]["plain"] = {"()": SafeFormatter, "fmt": "%(levelname)s:     %(message)s"}
    config["handlers"]["plain"] = {"class": "logging.StreamHandler", "formatter": "plain"}
    return config | {"root": {"handlers": ["plain"], "level": "INFO"}}


#: For `logging.config`.
LOG_CONFIG = _config()
