"""Look at a table of unknown form, and propose the settings that read it."""

from recsys.datasets.table.inspection.inspection import Inspection, inspect

__all__ = ["Inspection", "inspect"]
