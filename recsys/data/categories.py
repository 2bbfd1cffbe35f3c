"""CategoryIndex: items by category."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

MAX_SIMILAR = 8


@dataclass(frozen=True, eq=False)
class CategoryIndex:
    """The categories of some items, and the items of each category; "" is no category.

    Parameters
    ----------
    of_items : sequence of tuple of str
        The categories of each item.
    members : dict of str to ndarray of int
        Positions of the items of each category, ascending; the names in alphabetical order.
    """

    of_items: Sequence[tuple[str, ...]]
    members: dict[str, npt.NDArray[np.int64]]

    @classmethod
    def of(cls, categories: Sequence[Sequence[str]]) -> "CategoryIndex":
        """Make the index of the categories of each item."""
        of_items = [tuple(name for name in dict.fromkeys(names) if name) for names in categories]
        members: dict[str, list[int]] = defaultdict(list)
        for item, names in enumerate(of_items):
            for name in names:
                members[name].append(item)
        return cls(of_items, {name: np.array(members[name]) for name in sorted(members)})

    def named(self, name: str) -> str | None:
        """Return the category of this name; None if there is none, or none but several in other case."""
        if name in self.members:
            return name
        alike = [one for one in self.members if one.casefold() == name.casefold()]
        return alike[0] if len(alike) == 1 else None

    def similar(self, name: str) -> list[str]:
        """Return the names of categories like another, or some if none is."""
        by_key = {one.casefold(): one for one in self.members}
        near = get_close_matches(name.casefold(), by_key, n=MAX_SIMILAR, cutoff=0.6)
        return [by_key[key] for key in near] or list(self.members)[:MAX_SIMILAR]

    def mask(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which items have any of some categories, shape (n_items,)."""
        chosen = np.zeros(len(self.of_items), dtype=np.bool_)
        for name in names:
            chosen[self.members[name]] = True
        return chosen
