"""Recommendations: ranked lists for many users."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

#: Where a recommendation comes from; an index into `SOURCES` in arrays.
Source = Literal["rule", "model", "fallback", "policy"]
SOURCES: tuple[Source, ...] = get_args(Source)
RULE, MODEL, FALLBACK, POLICY = range(4)

#: Stands in `item_indices` and `sources` where a user has fewer than k recommendations.
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Recommendations:
    """The best items of some users, the best first.

    Parameters
    ----------
    item_indices : ndarray, shape (n_users, k), int32
        Item indices, distinct in a row; -1 at the end of rows with fewer items.
    scores : ndarray, shape (n_users, k), float64
        Descending within one source; 0 where there is no item. Scores of two sources do not compare.
    sources : ndarray, shape (n_users, k), int8
        Index into `SOURCES`; -1 where there is no item.
    factors : ndarray, shape (n_items,), optional
        Positive numbers by which the model's score of each item is multiplied when it fills the lists.
    """

    item_indices: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    sources: npt.NDArray[np.int8]
    factors: npt.NDArray[np.float64] | None = None

    @classmethod
    def empty(cls, n_users: int, k: int) -> "Recommendations":
        """Return lists without an item, to be filled."""
        return cls(
            item_indices=np.full((n_users, k), NOTHING, dtype=np.int32),
            scores=np.zeros((n_users, k)),
            sources=np.full((n_users, k), NOTHING, dtype=np.int8),
        )

    def __len__(self) -> int:
        return len(self.item_indices)

    def __getitem__(self, rows: slice) -> "Recommendations":
        """Return the lists of some users, as views."""
        return Recommendations(self.item_indices[rows], self.scores[rows], self.sources[rows], self.factors)

    @property
    def k(self) -> int:
        """Length of the lists."""
        return int(self.item_indices.shape[1])
