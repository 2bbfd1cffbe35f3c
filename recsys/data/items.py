"""ItemCatalog: titles and categories of items, and the words for them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.nouns import Nouns


@dataclass(frozen=True, eq=False)
class ItemCatalog:
    """Titles and categories of items: for each distinct id, a title or "", and categories or ().

    With `levels`, the names of the levels of a hierarchy from coarse to fine ("department", "aisle"), the
    categories of an item are one for each level in that order, or (). Without, they are any number.
    """

    item_id: npt.NDArray[Any]
    title: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    levels: tuple[str, ...] = ()
    nouns: Nouns = field(default_factory=Nouns)

    @classmethod
    def empty(cls) -> "ItemCatalog":
        """Return a catalog without items."""
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

    def categories_of(self, ids: npt.ArrayLike) -> list[tuple[str, ...]]:
        """Return the categories of each id; () where the id is not known."""
        names = map(str, np.asarray(ids).ravel().tolist())
        return [self.categories[self._row[name]] if name in self._row else () for name in names]

    def including(self, ids: npt.ArrayLike) -> "ItemCatalog":
        """Return the catalog with some more items; the title of an item without one is its id."""
        others = [item for item in np.asarray(ids).ravel().tolist() if str(item) not in self._row]
        if not others and all(self.title):
            return self
        own: list[Any] = self.item_id.tolist()
        text = any(isinstance(item, str) for item in [*own, *others])
        return ItemCatalog(
            np.array([*own, *others], dtype=np.str_ if text else np.int64),
            (*self.titles(own), *map(str, others)),
            (*self.categories, *[()] * len(others)),
            self.levels,
            self.nouns,
        )
