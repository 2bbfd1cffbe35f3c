"""Find the character that separates the items in a line or a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.connection import literal
from recsys.datasets.table.layouts.layout import count, query
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

SEPARATORS = (",", ";", "|", "\t")


def find_separator(texts: DuckDBPyRelation, text: str, key: str) -> str | None:
    """Return the only separator that occurs in some texts, an SQL expression; None if there is none.

    If several occur, raise DataFormatError with the readings of a text and the values of `key` that choose
    them.
    """
    found = [one for one in SEPARATORS if count(texts, f"contains({text}, {literal(one)})")]
    if len(found) < 2:
        return found[0] if found else None
    several = " + ".join(f"contains({text}, {literal(one)})::INTEGER" for one in found)
    best = query(texts, f"SELECT {text} FROM data ORDER BY {several} DESC, {text} LIMIT 1")
    ((example,),) = best.fetchall()
    readings = " or ".join(
        f"{' and '.join(shown(part.strip()) for part in example.split(one)[:3])} "
        f"({typed_override(key, typed_separator(one))})"
        for one in found
        if one in example
    )
    raise DataFormatError(
        f"The items may be separated by several characters: {shown(example)} may begin with {readings}. "
        "Set one of these."
    )


def typed_separator(separator: str) -> str:
    """Return a separator as it is typed in a shell."""
    return r"\t" if separator == "\t" else separator
