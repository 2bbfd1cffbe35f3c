"""Layout wide: a row for an order, an item in each of several columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.datasets.table.layouts.item_columns import (
    chosen_columns,
    numbered,
    pattern_of,
    typed_items,
    without_role,
)
from recsys.datasets.table.layouts.layout import BASKET, BLANKS, ITEM, Layout, query, rows_as_orders
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True)
class Wide(Layout):
    """A row for an order, an item in each of several columns; an empty cell is no item.

    The columns are those that `columns.item_id` names, or the only numbered ones: item_1, item_2, ... Without
    `columns.order_id`, each row is an order of its own.
    """

    item_columns: ClassVar[bool] = True

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a row for each item; see `Layout.long`."""
        chosen = chosen_columns(data.columns, columns)
        items = _numbered_columns(data.columns, columns) if chosen is None else chosen
        long = unpivot(data, items, "recsys_name")
        item = f"nullif(trim({ITEM}, {BLANKS}), '')"
        long = query(long, f"SELECT * REPLACE ({item} AS {ITEM}) FROM data WHERE {item} IS NOT NULL")
        return long, rows_as_orders(data, long, columns)


def unpivot(
    data: DuckDBPyRelation, items: Sequence[str], name: str, nulls: str = "EXCLUDE NULLS"
) -> DuckDBPyRelation:
    """Return a row for each cell in some columns: ITEM is its value as text, `name` that of its column.

    The other columns are kept; BASKET numbers the rows of the table.
    """
    names = ", ".join(map(identifier, items))
    text = ", ".join(f"CAST({identifier(item)} AS VARCHAR) AS {identifier(item)}" for item in items)
    numbered = f"SELECT * REPLACE ({text}), row_number() OVER () AS {BASKET} FROM data"
    return query(data, f"FROM ({numbered}) UNPIVOT {nulls} ({ITEM} FOR {name} IN ({names}))")


def _numbered_columns(names: Sequence[str], columns: TableColumns) -> list[str]:
    """Return the only series of numbered columns; raise DataFormatError if there are several, or none."""
    series = numbered(without_role(names, columns))
    if len(series) == 1:
        return series[0]
    there = ", ".join(map(shown, names))
    if not series:
        raise DataFormatError(
            f"Layout wide: no columns are numbered as item_1, item_2, ...; there are {there}. "
            f"Set dataset.columns.item_id to a list of the columns of items, or to a pattern: "
            f"{typed_items(['*'])} for all without another role."
        )
    readings = " or ".join(
        f"{shown(one[0])} to {shown(one[-1])} ({typed_items(pattern_of(one, names))})" for one in series
    )
    raise DataFormatError(f"Layout wide: the items may stand in {readings}. Set one of these.")
