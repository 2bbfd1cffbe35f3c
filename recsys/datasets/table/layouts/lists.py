"""Layout list: a row for an order, whose items stand in one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier, literal
from recsys.datasets.table.layouts.item_separator import find_separator
from recsys.datasets.table.layouts.layout import BASKET, BLANKS, ITEM, Layout, count, query, rows_as_orders
from recsys.datasets.table.source import ROW
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

SEPARATOR = "dataset.list_separator"

# What the conversion of a Python list would change: escapes, and texts side by side, without a comma.
_NOT_PLAIN = r"""\\[^'"\\]|['"]\s+['"]"""


@dataclass(frozen=True)
class Lists(Layout):
    """A row for an order, whose items stand in one cell: a list, or text that is one.

    Text is a JSON array, a Python list, items in braces ({tea,cake}), or items joined by `list_separator`,
    which is found where only one of , ; | and tab occurs. All cells have the same form. Without
    `columns.order_id`, each row is an order of its own.
    """

    list_separator: str | None = None

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a row for each item of a list; see `Layout.long`."""
        (name,) = columns.used(("item_id",))
        if name not in data.columns:
            there = ", ".join(shown(one) for one in data.columns if one != ROW)
            raise DataFormatError(
                f"The table has no column {name!r}; it has {there}. "
                "Set dataset.columns.item_id to the one that holds the lists."
            )
        items = self._items(data, name)
        numbered = (
            f"SELECT *, row_number() OVER () AS {BASKET} FROM data WHERE {identifier(name)} IS NOT NULL"
        )
        item = f"nullif(trim(CAST({ITEM} AS VARCHAR), {BLANKS}), '')"
        long = query(data, f"SELECT *, unnest({items}) AS {ITEM} FROM ({numbered})")
        long = query(long, f"SELECT * REPLACE ({item} AS {ITEM}) FROM data WHERE {item} IS NOT NULL")
        return long, rows_as_orders(data, long, columns)

    def _items(self, data: DuckDBPyRelation, name: str) -> str:
        """Return the items of a cell, as an SQL expression of a list."""
        column = identifier(name)
        if data.types[data.columns.index(name)].id == "list":
            return column
        text = f"trim(CAST({column} AS VARCHAR), {BLANKS})"
        if self.list_separator is not None:
            return f"string_split({text}, {literal(self.list_separator)})"
        n_cells = count(data, f"{text} != ''")
        in_brackets = count(data, f"starts_with({text}, '[') AND ends_with({text}, ']')")
        in_braces = count(data, f"starts_with({text}, '{{') AND ends_with({text}, '}}')")
        if n_cells and in_brackets == n_cells:
            return _from_brackets(data, name, text)
        if n_cells and in_braces == n_cells:
            _check_plain(data, name, text)
            return f"CAST('[' || {text}[2:-2] || ']' AS VARCHAR[])"
        if in_brackets or in_braces:
            both = f"{in_brackets + in_braces:,} of {n_cells:,} cells of {name!r} are lists in brackets"
            cure = f"Write all in one form, or set {typed_override(SEPARATOR, ',')} if the brackets are text."
            raise DataFormatError(f"Layout list: {both}, the others are not. {cure}")
        separator = find_separator(data, text, SEPARATOR)
        if separator is None:
            raise DataFormatError(
                f"Layout list: the cells of column {name!r} are no lists: none of , ; | and tab occurs. "
                f"Set {SEPARATOR} to what separates the items or, if a cell is one item, dataset.layout=long."
            )
        return f"string_split({text}, {literal(separator)})"


def _from_brackets(data: DuckDBPyRelation, name: str, text: str) -> str:
    cell = f"nullif({text}, '')"
    if not count(data, f"{text} != '' AND try_cast({text} AS JSON[]) IS NULL"):
        return f"CAST(CAST({cell} AS JSON) AS VARCHAR[])"
    _check_plain(data, name, text)
    if count(data, f"{text} != '' AND try_cast({text} AS VARCHAR[]) IS NULL"):
        raise _cell_error(data, name, f"{text} != '' AND try_cast({text} AS VARCHAR[]) IS NULL")
    return f"CAST({cell} AS VARCHAR[])"


def _check_plain(data: DuckDBPyRelation, name: str, text: str) -> None:
    condition = f"regexp_matches({text}, {literal(_NOT_PLAIN)})"
    if count(data, condition):
        raise _cell_error(data, name, condition)


def _cell_error(data: DuckDBPyRelation, name: str, condition: str) -> DataFormatError:
    """Return the error for the first cell that meets a condition."""
    row = query(data, f"SELECT {identifier(name)}::VARCHAR FROM data WHERE {condition} LIMIT 1")
    ((cell,),) = row.fetchall()
    return DataFormatError(
        f"Layout list, column {name!r}: {shown(cell)} is no list. Write the cell as a JSON array: "
        '["tea", "cake"].'
    )
