"""The report, made at the end of a sweep."""

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

    Hydra tells the end of a sweep to the last callback first: it stands after the record in the config, so
    that the record can take the report along.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._earlier: int | None = None  # when the sweep began that the folder had before

    @log_exceptions
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """See to a sweep that fails or is interrupted: Hydra does not tell its end."""
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
        """Write it. A report that cannot be made is told, and no reason for a sweep to fail."""
        if _begun(folder) == self._earlier:  # refused before it began
            return
        try:
            # Imported here: --help and single runs must not wait for plotly.
            from recsys.reporting.report import write_report

            log.info(f"Report: {write_report(folder)}")
        except Exception:
            log.error("The report could not be made; python -m recsys report FOLDER tries again")
            raise


def _begun(folder: Path) -> int | None:
    """When the sweep of a folder began, which then leaves its configuration there; none where none did."""
    path = folder / SWEEP_CONFIG_FILE
    return path.stat().st_mtime_ns if path.exists() else None
