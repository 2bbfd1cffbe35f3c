"""Layout one_hot: a row for an order, a column for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import literal
from recsys.datasets.table.layouts.item_columns import chosen_columns, typed_items, without_role
from recsys.datasets.table.layouts.layout import BLANKS, COUNT, ITEM, Layout, query, rows_as_orders
from recsys.datasets.table.layouts.wide import unpivot
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

ABSENT = ("0", "0.0", "false", "f", "no", "n")
PRESENT = ("1", "1.0", "true", "t", "yes", "y", "x")

_VALUE = f"lower(trim(coalesce({ITEM}, ''), {BLANKS}))"
_COLUMN = "recsys_column"


@dataclass(frozen=True)
class OneHot(Layout):
    """A row for an order, a column for each item, which holds whether the item is in the order.

    Values are 0 and 1, true and false, yes and no, or, where all columns hold something, an empty cell and a
    mark. Numbers above 1 are counts, if `columns.item_id` chooses the columns; otherwise they are refused,
    because the column may not be one of an item. Without `columns.order_id`, each row is an order of its own.
    """

    item_columns: ClassVar[bool] = True

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a row for each item of an order; see `Layout.long`."""
        chosen = chosen_columns(data.columns, columns)
        items = without_role(data.columns, columns) if chosen is None else chosen
        cells = unpivot(data, items, _COLUMN, nulls="INCLUDE NULLS")
        absent, counts = _check_values(cells, items, has_chosen=chosen is not None)
        is_absent = f"{ITEM} IN ({', '.join(map(literal, absent)) or 'NULL'})"
        count = f"CASE WHEN {_VALUE} IN {PRESENT} THEN 1.0 ELSE try_cast({ITEM} AS DOUBLE) END"
        long = query(
            cells.filter(f"NOT coalesce({is_absent}, {ITEM} IS NULL)"),
            f"SELECT * EXCLUDE ({_COLUMN}) REPLACE (trim({_COLUMN}, {BLANKS}) AS {ITEM}), {count} AS {COUNT} "
            "FROM data",
        )
        roles = rows_as_orders(data, long, columns)
        return long, roles._replace(quantity=COUNT) if counts and not columns.quantity else roles


def _check_values(cells: DuckDBPyRelation, items: Sequence[str], has_chosen: bool) -> tuple[list[str], bool]:
    """Return the texts that say that there is no item, as they are written, and whether there are counts.

    Raise DataFormatError if a column may hold something else.
    """
    number = f"try_cast({_VALUE} AS DOUBLE)"
    is_count = f"coalesce({number} >= 0 AND {number} = floor({number}) AND isfinite({number}), false)"
    # Grouped before looked at: distinct values are few.
    grouped = query(cells, f"SELECT {_COLUMN}, {ITEM}, count(*) AS n FROM data GROUP BY ALL")
    looked_at = query(
        grouped,
        f"SELECT {_COLUMN}, coalesce(sum(n) FILTER ({_VALUE} = ''), 0)::BIGINT, "
        f"list({ITEM}) FILTER ({_VALUE} IN {ABSENT} OR ({_VALUE} = '' AND {ITEM} IS NOT NULL) "
        f"OR ({_VALUE} NOT IN {PRESENT} AND {number} = 0)), "
        f"bool_or({_VALUE} != '' AND ({_VALUE} IN {ABSENT} OR coalesce({number} = 0, false))), "
        f"max({number}) FILTER (isfinite({number})), "
        f"min(trim({ITEM}, {BLANKS})) FILTER ({_VALUE} NOT IN {('', *ABSENT, *PRESENT)} AND NOT {is_count}) "
        f"FROM data GROUP BY ALL",
    )
    rows = {name: values for name, *values in looked_at.fetchall()}
    found = {name: rows[name] for name in items if name in rows}
    if others := {name: shown(other) for name, (*_, other) in found.items() if other is not None}:
        raise _refused("are neither 0 nor 1, and no counts", others, items)
    above = {name: f"up to {most:g}" for name, (*_, most, _) in found.items() if most and most > 1}
    if above and not has_chosen:
        raise _refused(
            "are above 1", above, items, f"To read them as counts of items: {typed_items(['*'])}. "
        )
    empty = {name: f"{blank:,} empty" for name, (blank, *_) in found.items() if blank}
    if empty and any(has_absent for _, _, has_absent, *_ in found.values()):
        raise _refused("are empty, while others are 0", empty, items)
    return sorted({text for _, texts, *_ in found.values() for text in texts or ()}), bool(above)


def _refused(
    trouble: str,
    values: Mapping[str, str],
    items: Sequence[str],
    cure: str = "",
) -> DataFormatError:
    """Return the error for columns with other values; its cure leaves them out."""
    some = ", ".join(f"{shown(name)} ({value})" for name, value in list(values.items())[:5])
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    if len(values) < len(items):
        cure += (
            "If they are no items, name their role (dataset.columns.order_id=...), or leave them out: "
            f"{typed_items(['*', *(f'!{name}' for name in values)])}."
        )
    else:
        cure += "Set dataset.layout to that of the table."
    return DataFormatError(f"Layout one_hot: values of the columns {some}{more} {trouble}. {cure}")
