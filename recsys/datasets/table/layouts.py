"""Layouts of tables, each turned into the long one: a row for an item of an order.

A layout is a frozen object; its choice in `LAYOUTS` is the value of `dataset.layout`. `reads_lines` asks the
source for whole lines instead of columns: the relation then has the columns `line` (number of the line in its
file) and `text`. `long` gets the relation and the columns as configured, and returns a long relation with the
columns to read from it, in SQL, so that nothing is held in Python. If the relation has a column
`source.ROW`, it must be passed on: errors name the row by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from recsys.datasets.table.columns import TableColumns

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


class Layout(Protocol):
    """How a table holds orders."""

    @property
    def reads_lines(self) -> bool:
        """Whether the source gives lines instead of columns."""

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a long relation and the roles of its columns."""
        ...


@dataclass(frozen=True)
class Long:
    """A row for an item of an order."""

    reads_lines: bool = False

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return the table as it is."""
        return data, columns


LAYOUTS: dict[str, Layout] = {"long": Long()}
