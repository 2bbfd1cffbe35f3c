"""Interactions: the (user, item) pairs that count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Interactions:
    """The pairs that survive the filters, ordered by user, then item; each pair stands once.

    Parameters
    ----------
    user_id, item_id : ndarray, shape (n_interactions,)
        Ids as the dataset gives them, integers or text.
    timestamp : ndarray of int64, shape (n_interactions,), or None
        Seconds since 1970 of each pair, where the dataset has them.
    """

    user_id: npt.NDArray[Any]
    item_id: npt.NDArray[Any]
    timestamp: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.user_id)
