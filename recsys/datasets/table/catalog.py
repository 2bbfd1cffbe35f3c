"""Titles and categories of items, from the table of orders or from one of items."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from recsys.data.items import ItemCatalog
from recsys.datasets.fields import Column, shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.datasets.table.ids import as_text, other_text
from recsys.datasets.table.layouts.layout import BLANKS, query
from recsys.datasets.table.source import ROW
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

log = logging.getLogger(__name__)

# What separates the categories of an item in a single column, as in GroupLens' files.
SEPARATOR = "|"


@dataclass(frozen=True)
class ItemTexts:
    """Title and categories of items, by the text of their ids; those that are not known are missing."""

    titles: dict[str, str] = field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    levels: tuple[str, ...] = ()

    def merge(self, other: ItemTexts) -> ItemTexts:
        """Add what another table has."""
        levels = other.levels if other.categories else self.levels
        return ItemTexts(self.titles | other.titles, self.categories | other.categories, levels)

    def with_numbers(self, rule: str | None) -> ItemTexts:
        """Add the ids that texts of ids may have become, by the rule of `distinct_ids`."""
        titles = {other: text for name, text in self.titles.items() if (other := other_text(name, rule))}
        categories = {
            other: names for name, names in self.categories.items() if (other := other_text(name, rule))
        }
        return ItemTexts(titles | self.titles, categories | self.categories, self.levels)

    def __bool__(self) -> bool:
        return bool(self.titles or self.categories)

    def check_items(self, item_id: npt.NDArray[Any], path: str) -> None:
        """Log how many of some items a table of items lacks; raise DataFormatError if it has none of them."""
        known = self.titles.keys() | self.categories.keys()
        if not known:
            raise DataFormatError(
                f"{path} has no row with the id and a title or category of an item. "
                "Give a table that holds some."
            )
        missing = [name for name in map(str, item_id.tolist()) if name not in known]
        if len(missing) == len(item_id):
            numbers = known | {other_text(name, "integer") for name in known}
            if any((other_text(name, "integer") or name) in numbers for name in missing):
                raise DataFormatError(
                    f"{path} has none of the items, such as {shown(missing[0])}, but ids that are the same "
                    "numbers. Set dataset.ids=integer if they are the same items."
                )
            others = f"only such as {shown(min(known))}"
            raise DataFormatError(
                f"{path} has none of the items, such as {shown(missing[0])}, {others}. "
                "Set dataset.items_columns.item_id to the column of their ids."
            )
        if missing:
            log.warning(
                "%s lacks %s of %s items, such as %s.", path, len(missing), len(item_id), shown(missing[0])
            )

    def catalog(self, item_id: npt.NDArray[Any]) -> ItemCatalog:
        """Return the catalog of some items, shape (n_items,)."""
        names = list(map(str, item_id.tolist()))
        titles = tuple(self.titles.get(name, "") for name in names)
        categories = tuple(self.categories.get(name, ()) for name in names)
        return ItemCatalog(item_id, titles, categories, self.levels)


def read_texts(data: DuckDBPyRelation, columns: TableColumns, key: str, path: str) -> ItemTexts:
    """Return the titles and categories of the items in a table.

    Of several titles of an item the most frequent one is taken, of equally frequent ones the first in
    alphabetical order; likewise of several categories, those of all levels being one. Their number is logged.

    Parameters
    ----------
    data : DuckDBPyRelation
        With one column of items.
    columns : TableColumns
    key, path : str
        Config key of the columns and name of the table, for messages.

    Raise DataFormatError if there is no such column.
    """
    _check_columns(data, columns, key, path)
    title, levels = columns.used(("title",)), columns.categories or ()
    titles = {item: name for item, (name,) in _most_frequent(data, columns, title, f"{key}.title").items()}
    categories = _most_frequent(data, columns, levels, f"{key}.categories")
    if len(levels) == 1 and any(SEPARATOR in name for (name,) in categories.values()):
        several = {item: name.split(SEPARATOR) for item, (name,) in categories.items()}
        stripped = {item: tuple(filter(None, map(str.strip, names))) for item, names in several.items()}
        return ItemTexts(titles, stripped)
    return ItemTexts(titles, categories, levels)


def check_one_row_each(data: DuckDBPyRelation, columns: TableColumns, path: str) -> None:
    """Raise DataFormatError if an item has several rows in a table of items, or a column is not there."""
    _check_columns(data, columns, "dataset.items_columns", path)
    if not columns.used(("title", "categories")):
        raise DataFormatError(
            f"{path} has neither titles nor categories of items. "
            "Set dataset.items_columns.title or dataset.items_columns.categories to a column."
        )
    item = _item(data, columns)
    grouped = f"SELECT {item} AS item FROM data GROUP BY item HAVING item IS NOT NULL AND count(*) > 1"
    for (name,) in query(data, f"{grouped} ORDER BY item LIMIT 1").fetchall():
        raise DataFormatError(
            f"{path}: item {shown(name)} stands in several rows; an item has one row. Remove the others, or "
            "set dataset.items_columns.item_id to another column."
        )


def _check_columns(data: DuckDBPyRelation, columns: TableColumns, key: str, path: str) -> None:
    there = [name for name in data.columns if name != ROW]
    for role in ("item_id", "title", "categories"):
        for name in columns.used((role,)):
            Column(name, "id", f"{key}.{role}").position(there, path)
            kind = str(data.types[data.columns.index(name)])
            if role != "item_id" and as_text(identifier(name), kind) is None:  # a list would become '[A, B]'
                raise DataFormatError(
                    f"{path}, column {shown(name)}: the values are of type {kind} and must be text. Write "
                    f"several categories of an item as 'A|B', or set {key}.{role} to another column."
                )


def _most_frequent(
    data: DuckDBPyRelation, columns: TableColumns, names: Sequence[str], key: str
) -> dict[str, tuple[str, ...]]:
    """Return the most frequent values of some columns for each item that has all of them."""
    if not names:
        return {}
    values = [f"value{number}" for number in range(len(names))]
    texts = ", ".join(f"{_text(name)} AS {value}" for name, value in zip(names, values, strict=True))
    # Grouped before trimmed: distinct values are few.
    raw = ", ".join(map(identifier, dict.fromkeys((*columns.used(("item_id",)), *names))))
    grouped = query(data, f"SELECT {raw}, count(*) AS recsys_n FROM data GROUP BY ALL")
    trimmed = query(grouped, f"SELECT {_item(data, columns)} AS item, {texts}, recsys_n AS n FROM data")
    counted = query(
        trimmed,
        f"SELECT item, {', '.join(values)}, sum(n) AS n FROM data "
        f"WHERE item IS NOT NULL AND {' AND '.join(f'{value} IS NOT NULL' for value in values)} "
        f"GROUP BY ALL ORDER BY item, n DESC, {', '.join(values)}",
    )
    found: dict[str, tuple[str, ...]] = {}
    others: dict[str, tuple[str, ...]] = {}
    for item, *of_item, _ in counted.fetchall():
        (others if item in found else found).setdefault(item, tuple(of_item))
    _warn_of_partial(trimmed, values, key)
    if others:
        item = next(iter(others))
        log.warning(
            "%s: %s of %s items have several values, of which the most frequent is taken: for %s %s, not %s.",
            key, f"{len(others):,}", f"{len(found):,}", shown(item), _joined(found[item]),
            _joined(others[item]),
        )  # fmt: skip
    return found


def _warn_of_partial(trimmed: DuckDBPyRelation, values: Sequence[str], key: str) -> None:
    """Warn of items that have some of several values, never all."""
    if len(values) == 1:
        return
    n_known = f"{len(values)} - " + " - ".join(f"CAST({value} IS NULL AS INTEGER)" for value in values)
    partial = f"SELECT item FROM data GROUP BY item HAVING max({n_known}) BETWEEN 1 AND {len(values) - 1}"
    n, item = query(trimmed, f"SELECT count(item), min(item) FROM ({partial})").fetchall()[0]
    if n:
        log.warning(
            "%s: %s items, such as %s, have some of %d levels and are read as having none.",
            key, f"{n:,}", shown(item), len(values),
        )  # fmt: skip


def _joined(values: Sequence[str]) -> str:
    return " > ".join(map(shown, values))


def _item(data: DuckDBPyRelation, columns: TableColumns) -> str:
    """Return the SQL of the ids of items as text, as in the order lines."""
    (name,) = columns.used(("item_id",))
    kind = str(data.types[data.columns.index(name)])
    return as_text(identifier(name), kind) or "NULL"


def _text(name: str) -> str:
    return f"nullif(trim(CAST({identifier(name)} AS VARCHAR), {BLANKS}), '')"
