"""Tables of order lines: a shop's own file, folder, query or database.

    source.py  -->  layouts.py  -->  reading.py  -->  Interactions
    a relation      a long one       columns

DuckDB reads and queries; every value that could be read in two ways is refused with both readings.
"""

from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.dataset import TableDataset

__all__ = ["TableColumns", "TableDataset"]
