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

DECIMALS = ("point", "comma")
_SIGNS = {"point": (".", ","), "comma": (",", ".")}  # before the decimals, and between thousands
_FORMS = {
    decimal: rf"[+-]?([0-9]{{1,3}}([{other}][0-9]{{3}})+|[0-9]+)([{sign}][0-9]*)?([eE][+-]?[0-9]+)?"
    rf"|[+-]?[{sign}][0-9]+"
    for decimal, (sign, other) in _SIGNS.items()
}


def number_sql(column: str, decimal: str | None) -> str:
    """Return the SQL of a text column as DOUBLE; NULL where it is no number.

    Without a decimal sign, a value with a comma is none; with one, the other sign may separate thousands.
    """
    if decimal is None:
        return f"TRY_CAST({column} AS DOUBLE)"
    plain = f"replace(replace({column}, {literal(_SIGNS[decimal][1])}, ''), ',', '.')"
    return f"CASE WHEN {_is_number(column, decimal)} THEN TRY_CAST({plain} AS DOUBLE) END"


def _is_number(column: str, decimal: str) -> str:
    return f"regexp_full_match(trim({column}), {literal(_FORMS[decimal])})"


def find_decimal(data: DuckDBPyRelation, columns: Mapping[str, str]) -> str | None:
    """Return the decimal sign of some text columns, which is one for all: the one that most values allow.

    `columns` are the names and what errors call them. None if there are no commas. Raise DataFormatError if
    all values allow both signs.
    """
    names = [identifier(name) for name in columns]
    allow_both = [" AND ".join(_is_number(one, decimal) for decimal in DECIMALS) for one in names]
    unclear = [
        f"min({one}) FILTER (contains({one}, ',') AND {both})"
        for one, both in zip(names, allow_both, strict=True)
    ]
    fits = [f"count(*) FILTER ({_is_number(one, decimal)})" for decimal in DECIMALS for one in names]
    (found,) = data.aggregate(", ".join(unclear + fits)).fetchall()
    examples = [(name, value) for name, value in zip(columns.values(), found, strict=False) if value]
    n = len(names)
    n_points, n_commas = sum(found[n : 2 * n]), sum(found[2 * n :])
    if n_points != n_commas:
        return "point" if n_points > n_commas else "comma"
    if not examples:
        return None
    name, value = examples[0]
    plain = value.strip()
    readings = f"{plain.replace(',', '')} (the comma before thousands) or {plain.replace(',', '.')}"
    cures = " or ".join(typed_override("dataset.decimal", one) for one in DECIMALS)
    raise DataFormatError(
        f"{name}: the number {shown(plain)} may be {readings}, and no value decides. Set {cures}."
    )
