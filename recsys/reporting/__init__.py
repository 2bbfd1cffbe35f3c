"""Looking at results: figures, and the report of a sweep."""

from recsys.reporting.report_callback import ReportCallback

__all__ = ["ReportCallback"]
