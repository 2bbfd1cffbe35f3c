"""Positives: the (user, item) pairs that count."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Positives:
    """The pairs that are likes, or may be, ordered by user, then item; each pair stands once.

    Parameters
    ----------
    user_id, item_id : ndarray, shape (n_positives,)
        Ids as the dataset gives them, integers or text.
    timestamp : ndarray of int64, shape (n_positives,), or None
        Seconds since 1970 of each pair, where the dataset has them.
    rating : ndarray of float64, shape (n_positives,), or None
        Rating of each pair, where the likes are yet to be chosen by them.
    is_candidate : ndarray of bool, shape (n_positives,), or None
        Which pairs may be likes, where others are kept to count the ratings of a movie; None is all.
    """

    user_id: npt.NDArray[Any]
    item_id: npt.NDArray[Any]
    timestamp: npt.NDArray[np.int64] | None = None
    rating: npt.NDArray[np.float64] | None = None
    is_candidate: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.user_id)

    @property
    def candidates(self) -> npt.NDArray[np.bool_]:
        """Which pairs may be likes, shape (n_positives,)."""
        return np.ones(len(self), dtype=np.bool_) if self.is_candidate is None else self.is_candidate

    def merge(self, other: Positives) -> Positives:
        """Return the pairs of both, in order; they have the same columns and no pair in common."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        both = {
            name: np.concatenate([kept, getattr(other, name)])
            for name, kept in columns.items()
            if kept is not None
        }
        return Positives(**both).select(np.lexsort((both["item_id"], both["user_id"])))

    def select(self, chosen: npt.NDArray[Any]) -> Positives:
        """Return the chosen pairs, in their order."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return Positives(**{name: kept[chosen] for name, kept in columns.items() if kept is not None})
