"""The log of the service, without secrets and control characters."""

import copy
from typing import Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

from optuna_sweeper.safe_text import SafeFormatter


class _Default(SafeFormatter, DefaultFormatter):
    """uvicorn's format of its own messages."""


class _Access(SafeFormatter, AccessFormatter):
    """uvicorn's format of requests."""


#: For `logging.config`.
LOG_CONFIG: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
for _name, _formatter in {"default": _Default, "access": _Access}.items():
    # Colors are control characters.
    LOG_CONFIG["formatters"][_name] |= {"()": _formatter, "use_colors": False}
LOG_CONFIG["formatters"]["plain"] = {"()": SafeFormatter, "fmt": "%(levelname)s:     %(message)s"}
LOG_CONFIG["handlers"]["plain"] = {"class": "logging.StreamHandler", "formatter": "plain"}
LOG_CONFIG["root"] = {"handlers": ["plain"], "level": "INFO"}
