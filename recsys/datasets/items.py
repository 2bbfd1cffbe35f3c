"""ItemCatalog: what the items are called, and how a table of them is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import Column, ids_from_text
from recsys.datasets.tables import TextTable
from recsys.errors import DataFormatError

NO_GENRES = "(no genres listed)"


@dataclass(frozen=True, eq=False)
class ItemCatalog:
    """Titles and genres of items.

    Parameters
    ----------
    item_id : ndarray, shape (n,)
        Ids, each once, integers or text.
    title : tuple of str, length n
        Titles as the data has them; empty where it has none.
    genres : tuple of tuple of str, length n
        Genres of each item; () where the data has none.
    """

    item_id: npt.NDArray[Any]
    title: tuple[str, ...]
    genres: tuple[tuple[str, ...], ...]

    @classmethod
    def empty(cls) -> ItemCatalog:
        """Return the catalogue that knows no item."""
        return cls(np.empty(0, dtype=np.int64), (), ())

    def __len__(self) -> int:
        return len(self.item_id)

    @cached_property
    def _row(self) -> dict[str, int]:
        # By text, so that the id 7 of one file is the "7" of another in which some ids are text.
        return {str(item): row for row, item in enumerate(self.item_id.tolist())}

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each id, or the id itself as text where there is no title."""
        title, row = self.title, self._row
        names = map(str, np.asarray(ids).ravel().tolist())
        return [(title[row[name]] if name in row else "") or name for name in names]

    def genres_of(self, ids: npt.ArrayLike) -> list[tuple[str, ...]]:
        """Return the genres of each id; () where the id is not known."""
        names = map(str, np.asarray(ids).ravel().tolist())
        return [self.genres[self._row[name]] if name in self._row else () for name in names]


def split_genres(text: str) -> tuple[str, ...]:
    """Split GroupLens' "Drama|War" into its genres."""
    return () if text in ("", NO_GENRES) else tuple(text.split("|"))


def read_items(
    table: TextTable, item_id: Column, title: Column, genres: Callable[[list[str]], tuple[str, ...]]
) -> ItemCatalog:
    """Read a table of items.

    Parameters
    ----------
    table : TextTable
        A row an item.
    item_id, title : Column
        Where the id and the title stand.
    genres : callable
        Gives the genres of a row, from all its fields.

    Raises
    ------
    DataFormatError
        If a column is missing, an id is not what it should be, or an item stands twice.
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
