"""Log lines of a call from Python: messages alone, on the standard output, and `recsys.log` in the folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna_sweeper.results.notebook_bar import NotebookBar
from optuna_sweeper.safe_text import SafeFormatter

SHOWN = ("recsys", "optuna_sweeper")  # loggers whose lines are for the user
TRIALS = "optuna_sweeper.sweep.trials"  # logger of the line at the end of a trial
LOG_FILE = "recsys.log"
FILE_FORMAT = "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"  # Hydra's


class LogLines(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows messages on the standard output, of the jobs of a sweep only warnings.

    The lines of the trials are left out, too, where the progress bar of a notebook shows the best one.
    """

    in_job = False

    def __init__(self, quiet_jobs: bool) -> None:
        super().__init__(sys.stdout)
        self._quiet_jobs = quiet_jobs
        self.setFormatter(SafeFormatter("%(message)s"))

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        quiet = (self._quiet_jobs and LogLines.in_job) or (record.name == TRIALS and NotebookBar.is_shown)
        return bool(super().filter(record)) and (not quiet or record.levelno >= logging.WARNING)


@contextmanager
def show_log_lines(quiet_jobs: bool) -> Iterator[None]:
    """Show the messages of recsys and of its sweeper, which are not passed on to the handlers of the root."""
    with _handled_by(LogLines(quiet_jobs), propagate=False):
        yield


@contextmanager
def write_log_file(folder: Path) -> Iterator[None]:
    """Write the lines of a job into its folder, too, as `python -m recsys` does."""
    handler = logging.FileHandler(folder / LOG_FILE, encoding="utf-8", delay=True)
    handler.setFormatter(SafeFormatter(FILE_FORMAT))
    LogLines.in_job = True
    try:
        with _handled_by(handler):
            yield
    finally:
        LogLines.in_job = False
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
