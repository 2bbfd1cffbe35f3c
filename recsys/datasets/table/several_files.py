"""Warn of orders whose lines stand in several files: each file may number its orders anew."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.datasets.table.layouts.layout import query
from recsys.datasets.table.source import ROW, ROWS

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)


def warn_of_several_files(data: DuckDBPyRelation, columns: TableColumns, n_files: int, label: str) -> None:
    """Warn if more orders have lines in several files than cutting a table into files could explain.

    Parameters
    ----------
    data : DuckDBPyRelation
        With ROW.
    columns : TableColumns
    n_files : int
    label : str
        The table.
    """
    names = columns.order_id or ()
    if ROW not in data.columns:
        return
    ids = ", ".join(map(identifier, names))
    in_several = f"min({ROW}) // {ROWS} <> max({ROW}) // {ROWS}"
    several = f"SELECT {ids} FROM data GROUP BY {ids} HAVING {in_several} ORDER BY ALL"
    rows = query(data, several).fetchall()
    if len(rows) < n_files:  # an order at the end of each
        return
    log.warning(
        "%s: %s orders have lines in several files, such as %s, and are read as one order each. If each "
        "file numbers its orders anew, add a column, and name both in dataset.columns.order_id.",
        label, f"{len(rows):,}", shown(", ".join(map(str, rows[0]))),
    )  # fmt: skip
