"""The report, made at the end of a sweep."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

log = logging.getLogger(__name__)


class ReportCallback(Callback):
    """Write `report.html` into the folder of a sweep.

    Hydra tells the end of a sweep to the last callback first: it stands after the record in the config, so
    that the record can take the report along.
    """

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write it. A report that cannot be made is told, and no reason for a sweep to fail."""
        # Imported here: --help and single runs must not wait for plotly.
        from recsys.reporting.report import write_report

        try:
            log.info(f"Report: {write_report(Path(config.hydra.sweep.dir).resolve())}")
        except Exception:
            log.exception("The report could not be made; python -m recsys.reporting FOLDER tries again")
