"""The report, made at the end of a sweep."""

from __future__ import annotations

import atexit
import logging
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recsys.failures import visible

log = logging.getLogger(__name__)


class ReportCallback(Callback):
    """Write `report.html` into the folder of a sweep.

    Hydra tells the end of a sweep to the last callback first: it stands after the record in the config, so
    that the record can take the report along.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []

    @visible
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """See to a sweep that fails or is interrupted: Hydra does not tell its end."""
        atexit.register(self._write, Path(config.hydra.sweep.dir).resolve())

    @visible
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the report."""
        atexit.unregister(self._write)
        self._write(Path(config.hydra.sweep.dir).resolve())

    @visible
    def _write(self, folder: Path) -> None:
        """Write it. A report that cannot be made is told, and no reason for a sweep to fail."""
        if not (folder / "multirun.yaml").exists():  # refused before it began
            return
        try:
            # Imported here: --help and single runs must not wait for plotly.
            from recsys.reporting.report import write_report

            log.info(f"Report: {write_report(folder)}")
        except Exception:
            log.error("The report could not be made; python -m recsys.reporting FOLDER tries again")
            raise
