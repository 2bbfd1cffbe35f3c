"""Read tables of items."""

from __future__ import annotations

from collections.abc import Callable

from recsys.data.items import ItemCatalog
from recsys.datasets.fields import Column, ids_from_text
from recsys.datasets.tables import TextTable
from recsys.errors import DataFormatError

NO_GENRES = "(no genres listed)"


def split_genres(text: str) -> tuple[str, ...]:
    """Split GroupLens' "Drama|War" into its genres."""
    return () if text in ("", NO_GENRES) else tuple(text.split("|"))


def read_items(
    table: TextTable, item_id: Column, title: Column, genres: Callable[[list[str]], tuple[str, ...]]
) -> ItemCatalog:
    """Read a table with one row per item; `genres` returns the genres of a row.

    Raises
    ------
    DataFormatError
        If a column is missing, an id is invalid, or an item occurs twice.
    """
    id_at, title_at = (table.position(column) for column in (item_id, title))
    ids: dict[str, int] = {}
    titles: list[str] = []
    genres_of_items: list[tuple[str, ...]] = []
    for line, row in table.records():
        table.check(item_id, line, row[id_at])
        if row[id_at] in ids:
            raise DataFormatError(
                f"{table.path}, line {line}: item {row[id_at]!r} stands a second time (first on line "
                f"{ids[row[id_at]]}); an item has one row. Remove one of the two."
            )
        ids[row[id_at]] = line
        titles.append(row[title_at].strip())
        genres_of_items.append(genres(row))
    return ItemCatalog(ids_from_text(list(ids)), tuple(titles), tuple(genres_of_items))
