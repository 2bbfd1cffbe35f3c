"""Layout: how a table holds orders, turned into the long one, a row for an item of an order."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)

# Columns of the long relation that layouts add; not names that a file would have.
BASKET, ITEM, COUNT = "recsys_basket", "recsys_item", "recsys_count"
# What is not part of an item's name where it stands around it.
BLANKS = "' \t\r\n\u00a0\ufeff'"


@dataclass(frozen=True)
class Layout:
    """How a table holds orders; the fields of a layout are the settings of the dataset of the same names.

    `reads_lines` asks the source for whole lines instead of columns: the relation then has the columns `line`
    (number of the line) and `text`. `item_columns` says that items stand in several columns, or are the names
    of columns.
    """

    reads_lines: ClassVar[bool] = False
    item_columns: ClassVar[bool] = False

    @classmethod
    def of(cls, settings: Any) -> Self:
        """Return the layout with the settings of a dataset."""
        return cls(**{one.name: getattr(settings, one.name) for one in fields(cls)})

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a long relation and the roles of its columns, in SQL, so that nothing is held in Python.

        If the relation has a column `source.ROW`, it is passed on: errors name the row by it. Raise
        DataFormatError if the table has another layout, or may be read in two ways.
        """
        raise NotImplementedError


class Long(Layout):
    """A row for an item of an order."""

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return the table as it is."""
        return data, columns


def rows_as_orders(data: DuckDBPyRelation, long: DuckDBPyRelation, columns: TableColumns) -> TableColumns:
    """Return the roles of a long relation, made of a table in which each row is an order numbered BASKET.

    Log how many rows have no items. Raise DataFormatError if rows without times are of the same customer:
    which of his orders came first is not known.
    """
    user = columns.user_id
    if columns.order_id is None and columns.timestamp is None and user in data.columns:
        name = identifier(str(user))
        repeated = f"SELECT {name} FROM data WHERE {name} IS NOT NULL GROUP BY 1 HAVING count(*) > 1 LIMIT 1"
        for (customer,) in query(data, repeated).fetchall():
            raise DataFormatError(
                f"Customer {shown(str(customer))} has several rows, and which order came first is not known. "
                "Set dataset.columns.timestamp to the column of the times, dataset.columns.order_id to "
                "integers that ascend in time, or, to do without customers, dataset.columns.user_id=null."
            )
    ((n_rows,),) = data.aggregate("count(*)").fetchall()
    ((n_orders,),) = long.aggregate(f"count(DISTINCT {BASKET})").fetchall()
    if n_orders < n_rows:
        log.info("%s of %s rows have no items, and are no orders", f"{n_rows - n_orders:,}", f"{n_rows:,}")
    return columns._replace(item_id=ITEM, order_id=columns.order_id or (BASKET,))


def query(data: DuckDBPyRelation, sql: str) -> DuckDBPyRelation:
    """Return the result of a query over a relation, which is called `data` in it."""
    result = data.query("data", sql)
    assert result is not None  # a SELECT
    return result


def count(data: DuckDBPyRelation, condition: str) -> int:
    """Return the number of rows that meet a condition."""
    (found,) = data.aggregate(f"count(*) FILTER ({condition})").fetchall()
    return int(found[0])
