"""From a long relation to the columns of interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import ids_from_text
from recsys.datasets.table.columns import IDS, NUMBERS, TableColumns
from recsys.datasets.table.connection import identifier
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Arrays = dict[str, npt.NDArray[Any]]


def read_long(data: DuckDBPyRelation, columns: TableColumns) -> Arrays:
    """Return the ids, numbers and times of a long relation, by their roles; `order_id` may be several."""
    wanted: dict[str, str] = {}
    for role in IDS:
        for position, name in enumerate(columns.used((role,))):
            wanted[f"{role}{position}"] = f"CAST({identifier(name)} AS VARCHAR)"
    for role in NUMBERS:
        if name := getattr(columns, role):
            wanted[role] = f"CAST({identifier(name)} AS DOUBLE)"
    if columns.timestamp:
        wanted["timestamp"] = f"epoch(CAST({identifier(columns.timestamp)} AS TIMESTAMPTZ))"
    table = data.project(", ".join(f"{sql} AS {name}" for name, sql in wanted.items())).to_arrow_table()
    if not table.num_rows:
        raise DataFormatError("the table has no rows")
    return {
        name: ids_from_text(table.column(name).to_pylist())
        if name.rstrip("0123456789") in IDS
        else np.asarray(table.column(name))
        for name in wanted
    }
