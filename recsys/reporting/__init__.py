"""Looking at results: figures, the report of a sweep, and what its choice is worth on the test part."""

from recsys.reporting.final_callback import CompareCallback, FinalCallback
from recsys.reporting.report_callback import ReportCallback

__all__ = ["CompareCallback", "FinalCallback", "ReportCallback"]
