"""Reports of sweeps: figures, `report.html`, and metrics on the test part."""

from recsys.reporting.callbacks import CompareCallback, FinalCallback, ReportCallback

__all__ = ["CompareCallback", "FinalCallback", "ReportCallback"]
