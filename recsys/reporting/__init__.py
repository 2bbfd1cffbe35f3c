"""Reports of sweeps: figures, `report.html`, and metrics on the test part."""

from recsys.reporting.final_callback import CompareCallback, FinalCallback
from recsys.reporting.report_callback import ReportCallback

__all__ = ["CompareCallback", "FinalCallback", "ReportCallback"]
