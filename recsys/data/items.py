"""ItemCatalog: titles and genres of items."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ItemCatalog:
    """Titles and genres of items: for each distinct id, a title or "", and genres or ()."""

    item_id: npt.NDArray[Any]
    title: tuple[str, ...]
    genres: tuple[tuple[str, ...], ...]

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

    def genres_of(self, ids: npt.ArrayLike) -> list[tuple[str, ...]]:
        """Return the genres of each id; () where the id is not known."""
        names = map(str, np.asarray(ids).ravel().tolist())
        return [self.genres[self._row[name]] if name in self._row else () for name in names]
