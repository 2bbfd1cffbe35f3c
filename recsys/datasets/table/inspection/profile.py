"""ColumnProfile: what the values of a column look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys.datasets.table.connection import identifier, literal
from recsys.datasets.table.layouts.layout import BLANKS, query
from recsys.datasets.table.layouts.one_hot import ABSENT, PRESENT

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

N_EXAMPLES = 3
N_FIRST = 1000  # rows from which the examples are

_DATE = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?[AaPp][Mm])?"
# SQL conditions on a value v, which is text without blanks around it, by the name of the kind.
_KINDS = {
    "flag": f"lower(v) IN {(*ABSENT, *PRESENT)}",
    "integer": "regexp_full_match(v, '[+-]?[0-9]+')",
    "number": "v IS NULL OR try_cast(v AS DOUBLE) IS NOT NULL",
    # As in 1.234,50, of which every separator of thousands is optional.
    "number with a comma": "regexp_full_match(v, '[+-]?[0-9]+([. ][0-9]{3})*(,[0-9]+)?')",
    "time": f"regexp_full_match(v, {literal(f'{_DATE}([ T]+{_CLOCK}.*)?')})",
    "clock": f"regexp_full_match(v, {literal(_CLOCK)})",
}
# Values are lists if this share of the distinct ones has several parts, and not more of these are distinct.
MIN_LISTS, MAX_DISTINCT_PARTS = 0.3, 0.7
_BRACKETS = "regexp_full_match(v, '\\[.*\\]|\\{.*\\}')"
_JOINED = "[,;|\\t]"


@dataclass(frozen=True)
class ColumnProfile:
    """Name, kind and counts of a column.

    Parameters
    ----------
    name : str
    kind : str
        "empty", "flag", "integer", "number", "number with a comma", "time", "clock", "text" or "list".
    n_rows, n_distinct, n_missing : int
        The last two without and with empty cells.
    looks_like_lists : bool
        Whether many values have several parts, which , ; | or tab separates, and the same parts stand in
        several values.
    examples : tuple of str
        The first distinct values.
    """

    name: str
    kind: str
    n_rows: int
    n_distinct: int
    n_missing: int
    looks_like_lists: bool
    examples: tuple[str, ...]


def profile(data: DuckDBPyRelation, names: Sequence[str]) -> list[ColumnProfile]:
    """Return the profiles of some columns of a table."""
    types = dict(zip(data.columns, map(str, data.types), strict=True))
    first = data.limit(N_FIRST).project(", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in names))
    columns = zip(*first.fetchall(), strict=True)
    examples = [dict.fromkeys(text.strip() for text in values if text and text.strip()) for values in columns]
    shown = dict(zip(names, (tuple(values)[:N_EXAMPLES] for values in examples), strict=False))
    return [_profile(data, name, types[name], shown.get(name, ())) for name in names]


def _profile(data: DuckDBPyRelation, name: str, stored: str, examples: tuple[str, ...]) -> ColumnProfile:
    # Grouped before trimmed: distinct values are few.
    raw = f"SELECT CAST({identifier(name)} AS VARCHAR) AS v, count(*) AS n FROM data GROUP BY v"
    grouped = f"SELECT nullif(trim(v, {BLANKS}), '') AS v, sum(n) AS n FROM ({raw}) GROUP BY 1"
    kinds = ", ".join(f"coalesce(bool_and({condition}), false)" for condition in _KINDS.values())
    lists = f"count(*) FILTER (regexp_matches(v, '{_JOINED}')), coalesce(bool_and({_BRACKETS}), false)"
    found = query(
        data,
        f"SELECT sum(n), count(v), coalesce(sum(n) FILTER (v IS NULL), 0), {lists}, {kinds} FROM ({grouped})",
    )
    ((n_rows, n_distinct, n_missing, n_lists, in_brackets, *matches),) = found.fetchall()
    kind = next((kind for kind, matched in zip(_KINDS, matches, strict=True) if matched), "text")
    if stored.endswith("]"):
        kind = "list"
    elif stored.startswith(("TIMESTAMP", "DATE")):
        kind = "time"
    elif not n_distinct:
        kind = "empty"
    is_list = kind == "list" or in_brackets
    if kind == "text" and not is_list and n_lists >= MIN_LISTS * n_distinct:
        parts = query(
            query(data, grouped), f"SELECT unnest(regexp_split_to_array(v, '{_JOINED}')) AS part FROM data"
        )
        ((n_parts, n_distinct_parts),) = parts.aggregate("count(*), count(DISTINCT trim(part))").fetchall()
        is_list = n_distinct_parts <= MAX_DISTINCT_PARTS * n_parts
    return ColumnProfile(name, kind, int(n_rows or 0), n_distinct, int(n_missing), is_list, examples)
