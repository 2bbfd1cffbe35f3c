"""Rules that drop interactions by counts: orders of an item, items of an order or of a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.data.factorize import factorize

Counts = npt.NDArray[np.intp]


@dataclass(frozen=True)
class CountRule:
    """Keep the interactions with a count within limits.

    Parameters
    ----------
    counts : callable
        From positives to the count of each, shape (n_positives,).
    min_key : str
        The config key of the minimum.
    minimum : int
    max_key : str, optional
        The config key of the maximum.
    maximum : int or None
        None: no maximum.
    """

    counts: Callable[[Positives], Counts]
    min_key: str
    minimum: int
    max_key: str | None = None
    maximum: int | None = None

    @property
    def typed(self) -> str:
        """The rule as typed."""
        minimum = f"{self.min_key}={self.minimum}"
        return minimum if self.max_key is None else f"{minimum}, {self.max_key}={self.maximum}"

    @property
    def is_active(self) -> bool:
        """Whether the rule can drop anything."""
        return self.minimum > 1 or self.maximum is not None

    def passed(self, counts: Counts) -> npt.NDArray[np.bool_]:
        """Return which counts are within the limits."""
        passed = counts >= self.minimum
        return passed if self.maximum is None else passed & (counts <= self.maximum)

    def cure(self, counts: Counts) -> str:
        """Return the closest limit that keeps some of the counts, of which none has passed."""
        low = counts[counts < self.minimum]
        if len(low):
            return f"Set preprocessing.{self.min_key}={low.max()}."
        return f"Set preprocessing.{self.max_key}={counts.min()}."


def orders_of_item(positives: Positives) -> Counts:
    """Return in how many orders the item of each entry stands; without orders, in how many users' likes."""
    return occurrences(positives.item_id)  # each (user, order, item) occurs once


def items_of_order(positives: Positives) -> Counts:
    """Return the number of items in the order of each entry; without orders, in its user's likes."""
    return occurrences(positives.user_id if positives.order is None else positives.order)


def occurrences(ids: npt.NDArray[Any]) -> Counts:
    """Return how often each id occurs, shape (n_ids,)."""
    _, position = factorize(ids)
    occurrences: Counts = np.bincount(position)[position]
    return occurrences
