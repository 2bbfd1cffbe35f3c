"""Distinct values of a column of text, stored once for several looks at them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from recsys.datasets.table.connection import identifier
from recsys.datasets.table.ids import text_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_numbers = count()


def values_of(data: DuckDBPyRelation, column: str) -> DuckDBPyRelation:
    """Return the distinct texts of a column, without blanks around them, in a column `t`."""
    name = f"recsys_values_{next(_numbers)}"
    data.project(f"{identifier(column)} AS t").distinct().create(name)
    stored = data.query("data", f"SELECT {text_sql('t')} AS t FROM {name}")
    assert stored is not None  # a SELECT
    return stored.filter("t IS NOT NULL")
