"""The SQL of each column to fetch, by its role and its type."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys.datasets.fields import Column, Kind, shown
from recsys.datasets.table.columns import IDS, NUMBERS, TableColumns
from recsys.datasets.table.connection import identifier
from recsys.datasets.table.fetch import Field
from recsys.datasets.table.ids import INTEGERS, as_integer, as_text
from recsys.datasets.table.numbers import find_decimal, number_sql
from recsys.datasets.table.source import ROW
from recsys.datasets.table.times import find_form, given_form
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)

_ROWS_LOOKED_AT = 1000


def role_column(role: str, name: str) -> Column:
    """Return the column of a role, for its errors."""
    kind: Kind = "id" if role in IDS else "time" if role == "timestamp" else "number"
    return Column(name, kind, f"dataset.columns.{role}")


@dataclass(frozen=True, eq=False)
class Plan:
    """What to fetch from a long relation.

    Parameters
    ----------
    data : DuckDBPyRelation
    columns : TableColumns
    label : str
        The table, for errors.
    decimal : {"point", "comma"} or None
    timestamp_format : str or None
    """

    data: DuckDBPyRelation
    columns: TableColumns
    label: str
    decimal: str | None = None
    timestamp_format: str | None = None

    def fields(self) -> dict[str, Field]:
        """Return the ids to fetch, by their names, and the numbers and times, by their roles.

        Raise DataFormatError if a column is missing, has a type that is not suitable, or times that can be
        read in two ways.
        """
        kinds = dict(zip(self.data.columns, map(str, self.data.types), strict=True))
        there = [name for name in kinds if name != ROW]
        if not self.columns.used(("order_id", "user_id")):
            raise DataFormatError(
                f"{self.label} has the columns {', '.join(map(shown, there))}, and none that tells orders "
                "apart. Set dataset.columns.order_id, dataset.columns.user_id, or both."
            )
        for role in (*IDS, *NUMBERS, "timestamp"):
            for name in self.columns.used((role,)):
                role_column(role, name).position(there, self.label)
        names = self.columns.used(IDS)
        plain = self._plain_integers([name for name in names if kinds[name] == "VARCHAR"])
        fields = {name: self._id(name, kinds[name], name in plain) for name in names}
        numbers = {role: name for role in NUMBERS if (name := getattr(self.columns, role))}
        texts = [name for name in numbers.values() if kinds[name] == "VARCHAR"]
        fields |= {role: self._number(name, kinds[name], texts) for role, name in numbers.items()}
        if self.columns.timestamp:
            fields["timestamp"] = self._time(self.columns.timestamp, kinds[self.columns.timestamp])
        return fields

    def _plain_integers(self, names: list[str]) -> set[str]:
        """Return the text columns that seem to hold plain integers."""
        if not names:
            return set()
        checks = [f"bool_and({as_integer(identifier(name), 'VARCHAR')} IS NOT NULL)" for name in names]
        (found,) = self.data.limit(_ROWS_LOOKED_AT).aggregate(", ".join(checks)).fetchall()
        return {name for name, is_plain in zip(names, found, strict=True) if is_plain}

    def _id(self, name: str, kind: str, is_plain: bool) -> Field:
        text, integer = as_text(identifier(name), kind), as_integer(identifier(name), kind)
        if text is None:
            raise role_column("item_id", name).type_error(self.label, kind)
        if integer and (kind in INTEGERS or is_plain):
            return Field(integer, "integer", (lambda: Field(text, "text")) if is_plain else None)
        return Field(text, "text")

    def _number(self, name: str, kind: str, texts: list[str]) -> Field:
        if kind != "VARCHAR":
            return Field(f"TRY_CAST({identifier(name)} AS DOUBLE)", "number")
        text = identifier(name)

        def with_decimal() -> Field:
            columns = {one: f"{self.label}, column {one!r}" for one in texts}
            decimal = find_decimal(self.data, columns)
            return Field(
                number_sql(text, decimal), "number", form=f"a number with a decimal {decimal or 'point'}"
            )

        if self.decimal:
            return Field(
                number_sql(text, self.decimal), "number", form=f"a number with a decimal {self.decimal}"
            )
        return Field(number_sql(text, None), "number", with_decimal)

    def _time(self, name: str, kind: str) -> Field:
        column = identifier(name)
        if kind in INTEGERS:
            return Field(f"CAST({column} AS BIGINT)", "integer")
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            return Field(f"epoch_us(CAST({column} AS TIMESTAMP)) // 1000000", "integer")
        if kind != "VARCHAR":
            raise role_column("timestamp", name).type_error(self.label, kind)
        if self.timestamp_format:
            form = given_form(self.timestamp_format)
        else:
            form = find_form(self.data, name, self.label)
            log.info("%s, column %r: times are read as %s", self.label, name, form)
        return Field(form.seconds(f"trim({column})"), "integer", form=str(form))


def _form(decimal: str) -> str:
    return f"a number with a decimal {decimal}"
