"""Numbers in text: whether a comma or a point separates the decimals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.connection import identifier, literal
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

DECIMALS = (".", ",")
_FORMS = {
    decimal: rf"[+-]?([0-9]{{1,3}}({other}[0-9]{{3}})+|[0-9]+)({point}[0-9]*)?([eE][+-]?[0-9]+)?"
    rf"|[+-]?{point}[0-9]+"
    for decimal, other, point in ((".", ",", "[.]"), (",", "[.]", ","))
}


def number_sql(column: str, decimal: str | None) -> str:
    """Return the SQL of a text column as DOUBLE; NULL where it is no number.

    Without a decimal sign, a value with a comma is none; with one, the other sign may separate thousands.
    """
    if decimal is None:
        return f"TRY_CAST({column} AS DOUBLE)"
    other = DECIMALS[1 - DECIMALS.index(decimal)]
    plain = f"replace(replace({column}, {literal(other)}, ''), ',', '.')"
    return f"CASE WHEN {_is_number(column, decimal)} THEN TRY_CAST({plain} AS DOUBLE) END"


def _is_number(column: str, decimal: str) -> str:
    return f"regexp_full_match(trim({column}), {literal(_FORMS[decimal])})"


def find_decimal(data: DuckDBPyRelation, columns: Mapping[str, str]) -> str | None:
    """Return the decimal sign of some text columns, which is one for all: the one that all values allow.

    `columns` are the names and what errors call them. None if there are no commas, or values that are no
    numbers with either sign. Raise DataFormatError if both signs are possible.
    """
    names = [identifier(name) for name in columns]
    with_comma = [f"min({one}) FILTER (contains({one}, ','))" for one in names]
    fits = [
        f"bool_and({_is_number(one, decimal)}) FILTER (trim({one}) <> '')"
        for decimal in DECIMALS
        for one in names
    ]
    (found,) = data.aggregate(", ".join(with_comma + fits)).fetchall()
    examples = [(name, value) for name, value in zip(columns.values(), found, strict=False) if value]
    if not examples:
        return None
    n = len(names)
    possible = [
        decimal
        for number, decimal in enumerate(DECIMALS, start=1)
        if all(one is not False for one in found[number * n : (number + 1) * n])
    ]
    if len(possible) == 2:
        name, value = examples[0]
        plain = value.strip()
        readings = f"{plain.replace(',', '')} (the comma before thousands) or {plain.replace(',', '.')}"
        cures = " or ".join(typed_override("dataset.decimal", one) for one in DECIMALS)
        raise DataFormatError(
            f"{name}: the number {shown(plain)} may be {readings}, and no value decides. Set {cures}."
        )
    return possible[0] if possible else None
