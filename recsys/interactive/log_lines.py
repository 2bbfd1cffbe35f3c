"""Log lines of a call from Python: messages alone, on the standard output, and `recsys.log` in the folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna_sweeper.safe_text import SafeFormatter

SHOWN = ("recsys", "optuna_sweeper")  # loggers whose lines are for the user
LOG_FILE = "recsys.log"
FILE_FORMAT = "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"  # Hydra's


@contextmanager
def show_log_lines() -> Iterator[None]:
    """Show the messages of recsys and of its sweeper, which are not passed on to the handlers of the root."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(SafeFormatter("%(message)s"))
    with _handled_by(handler, propagate=False):
        yield


@contextmanager
def write_log_file(folder: Path) -> Iterator[None]:
    """Write the lines of a job into its folder, too, as `python -m recsys` does."""
    handler = logging.FileHandler(folder / LOG_FILE, encoding="utf-8", delay=True)
    handler.setFormatter(SafeFormatter(FILE_FORMAT))
    with _handled_by(handler):
        yield
    handler.close()


@contextmanager
def _handled_by(handler: logging.Handler, propagate: bool = True) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in SHOWN]
    saved = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate &= propagate
    try:
        yield
    finally:
        for logger, level, passes_on in saved:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = passes_on
