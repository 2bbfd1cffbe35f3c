"""SQL of the user: one SELECT, or one condition, over columns with the types of their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys.datasets.table.connection import identifier
from recsys.datasets.table.ids import PLAIN_INTEGER, text_sql
from recsys.datasets.table.numbers import find_decimal, number_sql
from recsys.datasets.table.times import find_form, given_form
from recsys.datasets.table.values import values_of
from recsys.errors import DataError, ParameterError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_SELECT = "one SELECT over the named tables, which reads nothing else"
_CONDITION = "one condition on the rows, in SQL"
_CAST = (
    "A column of a text file is text (VARCHAR) unless all its values are numbers or times; "
    "try_cast(price as double) is the number in a column price, and NULL where there is none. "
)


def check_query(sql: str, key: str = "query") -> None:
    """Raise ParameterError unless a text is a single SELECT statement."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise ParameterError(key, _SELECT, sql, reason(error)) from None
    if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
        kinds = ", ".join(one.type.name for one in statements) or "nothing"
        raise ParameterError(key, _SELECT, sql, f"It has {kinds}.")


def check_where(condition: str) -> None:
    """Raise ParameterError unless a text is a single SQL expression."""
    import duckdb

    try:
        duckdb.SQLExpression(condition)
    except duckdb.Error as error:
        raise ParameterError("where", _CONDITION, condition, reason(error)) from None


def reason(error: Exception) -> str:
    """Return the first line of an error of DuckDB, as a sentence."""
    first = " ".join(str(error).split("\n\n")[0].partition("Candidate functions:")[0].split())
    return f"{first.rstrip('.')}."


@contextmanager
def sql_errors(label: str, key: str | None = None) -> Iterator[None]:
    """Convert errors of DuckDB into errors that name the setting with the SQL, or the table."""
    import duckdb

    try:
        yield
    except duckdb.PermissionException as error:
        raise DataError(
            f"dataset.{key or 'path'}: {reason(error)} Only the named files can be read, and nothing written."
        ) from error
    except duckdb.Error as error:
        if key is None:
            raise DataError(f"{label} cannot be read: {reason(error)}") from error
        cast = _CAST if isinstance(error, duckdb.BinderException) and "VARCHAR" in str(error) else ""
        raise DataError(f"dataset.{key}: {reason(error)} {cast}The tables are those of {label}.") from error


@dataclass(frozen=True)
class Typing:
    """How text columns get types for SQL of the user.

    Parameters
    ----------
    decimal : str, optional
    timestamp_format : str, optional
    timestamp : str, optional
        The column with this format.
    """

    decimal: str | None = None
    timestamp_format: str | None = None
    timestamp: str | None = None

    def columns(self, data: DuckDBPyRelation, sql: str, label: str) -> dict[str, str]:
        """Return SQL with the type of its values for each text column that occurs in some SQL.

        A column is of integers, numbers or times if all its values are, and text otherwise. Numbers and times
        that can be read in two ways raise DataFormatError.
        """
        kinds = zip(data.columns, map(str, data.types), strict=True)
        texts = [name for name, kind in kinds if kind == "VARCHAR" and _occurs(name, sql)]
        found = {name: self._typed(data, name, label) for name in texts}
        return {name: typed for name, typed in found.items() if typed}

    def _typed(self, data: DuckDBPyRelation, name: str, label: str) -> str:
        text, values = text_sql(identifier(name)), values_of(data, name)
        n, n_integers, n_numbers, n_commas = _counts(
            values,
            f"regexp_full_match(t, '{PLAIN_INTEGER}')",
            "isfinite(TRY_CAST(t AS DOUBLE))",
            "contains(t, ',')",
        )
        if n in (0, n_integers):
            return f"CAST({text} AS BIGINT)" if n else ""
        if name == self.timestamp and self.timestamp_format:
            return given_form(self.timestamp_format).timestamp(text)
        if n_numbers == n:
            return f"CAST({text} AS DOUBLE)"
        if n_commas:
            decimal = self.decimal or find_decimal(values, {"t": f"{label}, column {name!r}"})
            if decimal and _counts(values, f"{number_sql('t', decimal)} IS NOT NULL")[1] == n:
                return number_sql(text, decimal)
        if any(text[:1].isdigit() for (text,) in values.limit(100).fetchall()):
            form = find_form(data, name, label)
            if _counts(values, f"{form.seconds('t')} IS NOT NULL")[1] == n:
                return form.timestamp(text)
        return ""


def filtered(data: DuckDBPyRelation, where: str, typed: dict[str, str]) -> DuckDBPyRelation:
    """Return the rows for which a condition holds, in which some columns are typed; they remain text."""
    import duckdb

    kept = {name: f"recsys_text_{number}" for number, name in enumerate(typed)}
    both = [f"{typed[name]} AS {identifier(name)}, {identifier(name)} AS {kept[name]}" for name in typed]
    rest = [identifier(name) for name in data.columns if name not in typed]
    chosen = data.project(", ".join([*rest, *both])).filter(duckdb.SQLExpression(where))
    names = [
        f"{kept[name]} AS {identifier(name)}" if name in kept else identifier(name) for name in data.columns
    ]
    return chosen.project(", ".join(names))


def _occurs(name: str, sql: str) -> bool:
    """Whether a column is named in SQL, but not to be compared as text."""
    place = rf"(?<!\w){re.escape(name)}(?!\w)"
    as_text = rf'{place}"?\s+(?:not\s+)?(?:i?like|similar\s+to|glob)\b'
    return re.search(place, sql, re.IGNORECASE) is not None and not re.search(as_text, sql, re.IGNORECASE)


def _counts(data: DuckDBPyRelation, *conditions: str) -> list[int]:
    """Return the number of rows, and of those for which each condition holds."""
    counts = [f"count(*) FILTER ({one}) AS c{number}" for number, one in enumerate(conditions)]
    (found,) = data.aggregate(", ".join(["count(*) AS n", *counts])).fetchall()
    return list(found)
