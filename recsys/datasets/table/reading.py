"""LongReader: order lines of a table, each value checked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.catalog import ItemTexts, read_texts
from recsys.datasets.table.columns import IDS, TableColumns
from recsys.datasets.table.connection import count, identifier, literal
from recsys.datasets.table.fetch import Fetched, Field, fetch
from recsys.datasets.table.ids import distinct_ids
from recsys.datasets.table.layouts import LAYOUTS, Layout
from recsys.datasets.table.odd_ids import warn_of_odd_ids
from recsys.datasets.table.plan import Plan, role_column
from recsys.datasets.table.several_files import warn_of_several_files
from recsys.datasets.table.source import ROW, OpenTable, Source
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)

MISSING = ("error", "drop", "guest")
ROWS_SHOWN = 3
# Conditions on numbers, in SQL and in words.
_CONDITIONS = {"quantity": ("> 0", "above 0"), "price": (">= 0", "at least 0")}


@dataclass(eq=False)
class OrderLines:
    """Order lines, with the names of their columns.

    `order_id` holds the columns that tell orders apart, and may be empty. `is_guest` tells which lines have
    no customer; None if all have. `texts` are the titles and categories of the items.
    """

    columns: TableColumns
    order_id: tuple[npt.NDArray[Any], ...]
    user_id: npt.NDArray[Any] | None
    item_id: npt.NDArray[Any]
    timestamp: npt.NDArray[np.int64] | None
    numbers: dict[str, npt.NDArray[np.float64]]
    is_guest: npt.NDArray[np.bool_] | None = None
    texts: ItemTexts = field(default_factory=ItemTexts)

    def release(self) -> None:
        """Forget the columns, of which others hold those that they need."""
        self.order_id, self.item_id, self.numbers = (), np.empty(0), {}
        self.user_id = self.timestamp = self.is_guest = None


@dataclass(frozen=True)
class LongReader:
    """Reader of order lines.

    Parameters
    ----------
    source : Source
    layout : Layout
    columns : TableColumns
    ids : {"text", "integer"} or None
        See `distinct_ids`.
    missing : {"error", "drop", "guest"}
        What to do with rows without an id; with "guest" they may lack the customer.
    decimal : {"point", "comma"} or None
    timestamp_format : str or None
    """

    source: Source
    layout: Layout
    columns: TableColumns
    ids: str | None = None
    missing: str = "error"
    decimal: str | None = None
    timestamp_format: str | None = None

    def read(self) -> OrderLines:
        """Return the order lines; raise DataFormatError, which names the place, where a value is wrong."""
        with self.source.open(self.columns.used(), lines=self.layout.reads_lines) as table:
            return self.read_open(table)

    def read_open(self, table: OpenTable) -> OrderLines:
        """Return the order lines of a table that has been opened, as `read`."""
        data, columns = self.layout.long(table.relation, self.columns)
        plan = Plan(data, columns, self.source.label, self.decimal, self.timestamp_format)
        fetched, fields = fetch(data, plan.fields(), table.n_rows)
        n_rows = len(next(iter(fetched.values())).values)
        if table.check_count is not None:
            table.check_count(n_rows if data is table.relation else count(table.relation))
        elif data is table.relation and n_rows < table.n_rows:
            log.info("dataset.where keeps %s of %s rows", f"{n_rows:,}", f"{table.n_rows:,}")
        if table.n_files > 1 and columns.order_id and not columns.timestamp:
            warn_of_several_files(data, columns, table.n_files, self.source.label)
        lines = _Checks(self, data, columns, fields, fetched, table.place).lines()
        return replace(lines, texts=read_texts(data, columns, "dataset.columns", self.source.label))


@dataclass(frozen=True, eq=False)
class _Checks:
    """What has been fetched, and where it is from."""

    reader: LongReader
    data: DuckDBPyRelation
    columns: TableColumns
    fields: dict[str, Field]
    fetched: dict[str, Fetched]
    place: Callable[[int], str]

    @property
    def label(self) -> str:
        return self.reader.source.label

    def lines(self) -> OrderLines:
        """Return the order lines, and release what has been fetched."""
        columns, names = self.columns, self.columns.used(IDS)
        self.check_repeated_header(names)
        kept = self.rows_with_ids()
        fetched = {name: _select(self.fetched.pop(name), kept) for name in list(self.fetched)}
        for role in fetched.keys() - names:
            self.check_values(role, getattr(columns, role), fetched[role])
        guests = fetched[columns.user_id].missing if columns.user_id else None
        ids = {name: self.ids(name, fetched.pop(name)) for name in names}
        values = {role: fetched.pop(role).values for role in list(fetched)}
        return OrderLines(
            columns,
            tuple(ids[name] for name in columns.order_id or ()),
            None if columns.user_id is None else ids[columns.user_id],
            ids[str(columns.item_id)],
            values.pop("timestamp", None),
            values,
            guests if guests is not None and guests.any() else None,
        )

    def check_repeated_header(self, names: Sequence[str]) -> None:
        """Raise DataFormatError if a row holds the names of the columns."""
        if not all(name in self.fetched[name].texts for name in names):
            return
        again = " AND ".join(f"trim({self.fields[name].sql}) = {literal(name)}" for name in names)
        if places := self.places(names[0], again):
            item, where = str(self.columns.item_id), self.reader.source.where
            condition = f"{identifier(item)} is distinct from {literal(item)}"
            cure = typed_override("dataset.where", f"({where}) and {condition}" if where else condition)
            raise DataFormatError(
                f"{places[0][0]}: the names of the columns stand there again, as where tables were joined. "
                f"Set {cure} to leave such lines out."
            )

    def rows_with_ids(self) -> npt.NDArray[np.bool_] | None:
        """Return which rows have all ids, None if all have; log the others, or raise DataFormatError."""
        missing = self.reader.missing
        names = [
            name for name in self.columns.used(IDS) if missing != "guest" or name != self.columns.user_id
        ]
        if not len(self.fetched[names[0]].values):
            if where := self.reader.source.where:
                raise DataFormatError(
                    f"{self.label} has no rows for which dataset.where={where} holds. Set it to another "
                    "condition, or dataset.where=null for all rows."
                )
            raise DataFormatError(f"{self.label} has no rows. Give a table that holds some.")
        flags = {name: one for name in names if (one := self.fetched[name].missing) is not None}
        if not flags:
            return None
        found = []
        for name, flag in flags.items():
            places = [place for place, _ in self.places(name, self.fields[name].is_missing)]
            shown_places = (
                f" ({'; '.join(places)}{'; ...' if flag.sum() > len(places) else ''})" if places else ""
            )
            found.append(f"{int(flag.sum()):,} rows without a value in {name!r}{shown_places}")
        if missing != "drop":
            guest = (
                f" or {typed_override('dataset.missing', 'guest')} (orders without a customer are their own)"
            )
            is_user = list(flags) == [self.columns.user_id] and self.columns.order_id
            raise DataFormatError(
                f"{self.label} has {' and '.join(found)}. Correct the table, or set dataset.missing=drop"
                f"{guest if is_user else ''}."
            )
        kept: npt.NDArray[np.bool_] = ~np.logical_or.reduce(list(flags.values()))
        n_dropped = f"{len(kept) - int(kept.sum()):,}"
        log.warning("dataset.missing=drop: %s rows are left out: %s", n_dropped, " and ".join(found))
        if not kept.any():
            raise DataFormatError(f"{self.label} has no row with all ids. Set dataset.columns to others.")
        return kept

    def ids(self, name: str, one: Fetched) -> npt.NDArray[Any]:
        """Return a column of ids."""
        if one.values.dtype == np.int64:
            return one.values
        # Texts of lines that are left out, or that stand for no value, are no ids.
        present = one.values if one.missing is None else one.values[~one.missing]
        used = np.flatnonzero(np.bincount(present, minlength=len(one.texts)))
        texts = [one.texts[position] for position in used.tolist()]
        is_long = isinstance(self.reader.layout, LAYOUTS["long"])
        warn_of_odd_ids(texts, name, self.label, self.reader.source.where, is_long)
        distinct = distinct_ids(texts, self.reader.ids, f"{self.label}, column {name!r}")
        ids = np.zeros(len(one.texts), dtype=distinct.dtype)
        ids[used] = distinct
        return np.take(ids, one.values)

    def check_values(self, role: str, name: str, one: Fetched) -> None:
        """Raise DataFormatError if a number or time is missing or not finite, or a number too small."""
        fetched, column = self.fields[role], role_column(role, name)
        if (one.missing is not None and one.missing.any()) or not np.isfinite(one.values).all():
            finite = f" OR NOT isfinite({fetched.sql})" if fetched.kind == "number" else ""
            place, value = self.first(name, f"(({fetched.sql}) IS NULL{finite})")
            trouble = column.problem(value)
            if value.strip() and fetched.form:
                example = self.first(name, f"({fetched.sql}) IS NOT NULL")[1]
                others = f", as {shown(example)} and others are" if example else ""
                trouble = f"is not written as {fetched.form}{others}"
                setting = "timestamp_format" if role == "timestamp" else "decimal"
                if not example and getattr(self.reader, setting):
                    raise DataFormatError(
                        f"{place}, column {name!r}: the value {shown(value)} {trouble}, and no other one is. "
                        f"Set dataset.{setting}=null to find how they are written."
                    )
            noun = "line" if ", line " in place else "row"
            without = ", or to null to do without" if fetched.kind == "number" else ""
            raise DataFormatError(
                f"{place}, column {name!r}: the value {shown(value)} {trouble}. {column.cure(noun)}{without}."
            )
        if role in ("price", "margin") and not one.values.any():
            log.warning("%s, column %r: all values of this %s are 0.", self.label, name, role)
        if role not in _CONDITIONS:
            return
        condition, words = _CONDITIONS[role]
        n_wrong = int(np.count_nonzero(one.values <= 0 if role == "quantity" else one.values < 0))
        if n_wrong:
            place, value = self.first(name, f"NOT ({fetched.sql}) {condition}")
            cure = typed_override("dataset.where", f"{_bare(name)} {condition}")
            raise DataFormatError(
                f"{place}, column {name!r}: {n_wrong:,} values, such as {shown(value)}, are not {words}; "
                f"they may be returns or corrections. Set {cure} to leave them out."
            )

    def first(self, name: str, condition: str) -> tuple[str, str]:
        """Return place and value of the first row with all ids for which a condition holds."""
        has_ids = " AND ".join(f"NOT ({self.fields[one].is_missing})" for one in self.columns.used(IDS))
        found = self.places(name, f"{has_ids} AND {condition}")
        return found[0] if found else (self.label, "")

    def places(self, name: str, condition: str) -> list[tuple[str, str]]:
        """Return place and value of the first rows for which a condition holds, if the layout keeps ROW."""
        if ROW not in self.data.columns:
            return []
        value = f"CAST({identifier(name)} AS VARCHAR)"
        rows = self.data.filter(condition).project(f"{ROW}, {value}").limit(ROWS_SHOWN).fetchall()
        return [(self.place(row), value or "") for row, value in sorted(rows)]


def _select(one: Fetched, kept: npt.NDArray[np.bool_] | None) -> Fetched:
    if kept is None:
        return one
    return Fetched(one.values[kept], one.texts, None if one.missing is None else one.missing[kept])


def _bare(name: str) -> str:
    """Return a name as SQL needs it, without quotes where it can do without."""
    return name if name.isidentifier() else identifier(name)
