"""Callback that writes the report at the end of a sweep."""

from __future__ import annotations

import atexit
import logging
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recsys.runs.files import SWEEP_CONFIG_FILE
from recsys.runs.log_exceptions import log_exceptions

log = logging.getLogger(__name__)


class ReportCallback(Callback):
    """Write `report.html` into the folder of a sweep.

    Hydra calls the callbacks in reverse order at the end of a sweep: list this one after that of MLflow,
    which records the report.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._earlier: int | None = None  # start of an earlier sweep in the folder

    @log_exceptions
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Register the report of a sweep that fails or is interrupted, at which Hydra calls no callback."""
        folder = Path(config.hydra.sweep.dir).resolve()
        self._earlier = _begun(folder)
        atexit.register(self._write, folder)

    @log_exceptions
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the report."""
        atexit.unregister(self._write)
        self._write(Path(config.hydra.sweep.dir).resolve())

    @log_exceptions
    def _write(self, folder: Path) -> None:
        """Write the report; an error is logged and does not fail the sweep."""
        if _begun(folder) == self._earlier:  # the sweep never started
            return
        try:
            # Imported late: plotly would delay --help and single runs.
            from recsys.reporting.report import write_report

            log.info(f"Report: {write_report(folder)}")
        except Exception:
            log.error("The report could not be made; python -m recsys report FOLDER tries again")
            raise


def _begun(folder: Path) -> int | None:
    """Return the start of the sweep in a folder, when its configuration is written; None if there is none."""
    path = folder / SWEEP_CONFIG_FILE
    return path.stat().st_mtime_ns if path.exists() else None
