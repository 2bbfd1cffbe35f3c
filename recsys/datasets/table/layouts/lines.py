"""Layout lines: an order per line, its items separated by one character, as in arules' groceries.csv."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import literal
from recsys.datasets.table.layouts.item_separator import find_separator
from recsys.datasets.table.layouts.layout import BASKET, BLANKS, ITEM, Layout, count, query
from recsys.datasets.table.names import guess_roles
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

POSITION = "recsys_position"  # of a field in its line, from 1
LINES_LOOKED_AT = 1000
MIN_LINES = 10  # from which texts that differ on all lines are suspicious


@dataclass(frozen=True)
class Lines(Layout):
    """An order per line; its id is the number of the line, or its first field if `line_ids`.

    The separator is found where only one of , ; | and tab occurs. Items may be enclosed in quotes. Lines
    without items are no orders. A first line that may be a header is refused where `header` is None, and
    first fields that may be ids where `line_ids` is None.
    """

    separator: str | None = None
    quoted: bool | None = None
    header: bool | None = None
    line_ids: bool | None = None
    reads_lines: ClassVar[bool] = True

    def long(self, data: DuckDBPyRelation, columns: TableColumns) -> tuple[DuckDBPyRelation, TableColumns]:
        """Return a row for each item of a line; see `Layout.long`."""
        separator = self.separator or find_separator(data, "text", "dataset.separator") or ","
        long = _split(data, separator, quoted=self.quoted is not False)
        if not self.line_ids:
            _check_counts(long)
        if self.header is not False:
            ((first,),) = data.aggregate("min(line)").fetchall()
            if self.header is None:
                _check_first_line(data.filter(f"line = {first}"), long, first, separator)
            else:
                long = long.filter(f"line > {first}")
        if self.line_ids is None:
            _check_first_fields(long)
        if not self.line_ids:
            return long, TableColumns(order_id=("line",), item_id=ITEM)
        first_field = f"max({ITEM}) FILTER ({POSITION} = 1) OVER (PARTITION BY line) AS {BASKET}"
        with_ids = query(long, f"SELECT *, {first_field} FROM data").filter(f"{POSITION} > 1")
        return with_ids, TableColumns(order_id=(BASKET,), item_id=ITEM)


def _split(data: DuckDBPyRelation, separator: str, *, quoted: bool) -> DuckDBPyRelation:
    """Return a row for each field that is not blank, with the columns `line`, POSITION and ITEM."""
    fields = f"string_split(text, {literal(separator)})"
    item = f"nullif(trim({ITEM}, {BLANKS}), '')"
    if quoted and count(data, "contains(text, '\"')"):
        _check_quotes(data, separator)
        fields = f"regexp_extract_all(text, {literal(f'(?:^|{_escaped(separator)})' + _field(separator))})"
        bare = f"trim(regexp_replace({ITEM}, {literal('^' + _escaped(separator))}, ''), {BLANKS})"
        inner = f"replace({bare}[2:-2], '\"\"', '\"')"
        item = f"nullif(trim(CASE WHEN starts_with({bare}, '\"') THEN {inner} ELSE {bare} END, {BLANKS}), '')"
    position = f"generate_subscripts({fields}, 1) AS {POSITION}"
    unnested = f"SELECT * EXCLUDE (text), unnest({fields}) AS {ITEM}, {position} FROM data"
    sql = f"SELECT * REPLACE ({item} AS {ITEM}) FROM ({unnested})"
    # Stored for several looks.
    query(data, sql).filter(f"{ITEM} IS NOT NULL").create("recsys_fields")
    return query(data, "FROM recsys_fields")


def _escaped(separator: str) -> str:
    return re.escape(separator)


def _field(separator: str) -> str:
    """Return a regular expression of a field, in quotes or not."""
    return rf'\s*(?:"(?:[^"]|"")*"\s*|[^"{_escaped(separator)}]*)'


def _check_quotes(data: DuckDBPyRelation, separator: str) -> None:
    field = _field(separator)
    whole = literal(f"{field}(?:{_escaped(separator)}{field})*")
    wrong = data.filter(f"NOT regexp_full_match(text, {whole})").project("line, text").order("line")
    for line, text in wrong.limit(1).fetchall():
        raise DataFormatError(
            f"Line {line}: a quote in {shown(text)} does not enclose a whole item. Correct the line; in an "
            "item in quotes, a quote of the text is written twice. Set dataset.quoted=false if all "
            "quotes belong to the text."
        )


def _check_first_fields(long: DuckDBPyRelation) -> None:
    """Raise DataFormatError if the first fields may be ids: they differ, and stand nowhere else."""
    first = f"{POSITION} = 1"
    look = (
        f"count(*) FILTER ({first}), count(DISTINCT {ITEM}) FILTER ({first}), count(*) FILTER (NOT {first}), "
        f"coalesce(bool_and(regexp_full_match({ITEM}, '[0-9]+')) FILTER ({first}), false), "
        f"min({ITEM}) FILTER ({first})"
    )
    ((n_lines, n_distinct, n_others, are_numbers, example),) = long.aggregate(look).fetchall()
    if not n_others or n_distinct < n_lines or n_lines < (2 if are_numbers else MIN_LINES):
        return
    elsewhere = (
        f"SELECT 1 FROM data WHERE NOT {first} AND {ITEM} IN (SELECT {ITEM} FROM data WHERE {first}) LIMIT 1"
    )
    if not query(long, elsewhere).fetchall():
        raise DataFormatError(
            f"Layout lines: the first field of each line, such as {shown(example)}, stands nowhere else: it "
            "may be the id of the order, or an item. Set dataset.line_ids=true if it is an id, "
            "dataset.line_ids=false if it is an item."
        )


def _check_counts(long: DuckDBPyRelation) -> None:
    """Raise DataFormatError if the first field of each line tells how many items follow it."""
    is_count = f"max({ITEM}) FILTER ({POSITION} = 1) = CAST(count(*) - 1 AS VARCHAR)"
    lines = (
        f"SELECT line, {is_count} AS is_count FROM data GROUP BY line ORDER BY line LIMIT {LINES_LOOKED_AT}"
    )
    (_, is_first), *others = query(long, lines).fetchall() or [(0, None)]
    if len(others) < 2 or not all(is_count for _, is_count in others):
        return
    trouble = "Layout lines: the first field of each line is no item, but the number of items behind it."
    if is_first:
        raise DataFormatError(f"{trouble} Remove it from the lines.")
    raise DataFormatError(
        f"{trouble} Set dataset.layout=wide dataset.header=true to read the columns that line 1 names."
    )


def _check_first_line(first: DuckDBPyRelation, long: DuckDBPyRelation, line: int, separator: str) -> None:
    """Raise DataFormatError if the first line may be a header: none of its items is on another line."""
    names = [name for (name,) in long.filter(f"line = {line}").project(ITEM).fetchall()]
    some = ", ".join(map(literal, names))
    if not names or count(long, f"line > {line} AND {ITEM} IN ({some})"):
        return
    if len(names) > 1 and not any(0 in guess_roles(name).values() for name in names):
        return
    shown_names = ", ".join(map(shown, names[:5]))
    raise DataFormatError(
        f"Layout lines: line {line} ({shown_names}) may be a header or an order; its items stand on no "
        "other line. Set dataset.header=true if it is a header, dataset.header=false if it is an order."
    )
