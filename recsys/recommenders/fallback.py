"""Popularity: the fallback of all models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.recommenders.recommender import Reason


@dataclass(frozen=True, eq=False)
class Popularity:
    """Number of users who like each item.

    Parameters
    ----------
    counts : ndarray, shape (n_items,), float64
        Number of likes.
    order : ndarray, shape (n_items,), int32
        Positions in the catalogue, the most popular first, equals by position.
    """

    counts: npt.NDArray[np.float64]
    order: npt.NDArray[np.int32]

    @classmethod
    def of(cls, train: Histories) -> Popularity:
        """Count the likes of each item."""
        counts = np.bincount(train.latest.item_indices, minlength=train.n_items).astype(np.float64)
        return cls(counts, np.argsort(-counts, kind="stable").astype(np.int32))

    def reason(self, item: int) -> Reason[int]:
        """Return the one reason for a recommendation by popularity: the count."""
        return Reason((), int(self.counts[item]), None, None, 1.0)
