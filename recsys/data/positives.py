"""Positives: the interactions that count, as likes or purchases."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize, positions
from recsys.data.histories import VALUES, Histories


@dataclass(frozen=True, eq=False)
class Positives:
    """Interactions that count, or may count, in the order of `Interactions`.

    Each (user, item) pair occurs once; with orders, each (user, order, item).

    Parameters
    ----------
    user_id, item_id : ndarray, shape (n_positives,)
        Integers or text.
    timestamp : ndarray of int64, shape (n_positives,), or None
        One for all items of an order.
    rating : ndarray of float64, shape (n_positives,), or None
        Where the likes have yet to be chosen by rating.
    is_candidate : ndarray of bool, shape (n_positives,), or None
        Which may be likes; the others are ratings of what a user has seen. None is all.
    order : ndarray of int64, shape (n_positives,), or None
        Number of the order, ascending in time within a user; None where no user has several orders.
    price, margin : ndarray of float64, shape (n_positives,), or None
        Price of one unit, and the profit in it; NaN where it is not known.
    """

    user_id: npt.NDArray[Any]
    item_id: npt.NDArray[Any]
    timestamp: npt.NDArray[np.int64] | None = None
    rating: npt.NDArray[np.float64] | None = None
    is_candidate: npt.NDArray[np.bool_] | None = None
    order: npt.NDArray[np.int64] | None = None
    price: npt.NDArray[np.float64] | None = None
    margin: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.user_id)

    @property
    def candidates(self) -> npt.NDArray[np.bool_]:
        """Which may be likes, shape (n_positives,)."""
        return np.ones(len(self), dtype=np.bool_) if self.is_candidate is None else self.is_candidate

    def merge(self, other: "Positives") -> "Positives":
        """Return those of both, in order; they have the same columns and nothing in common."""
        both = {name: np.concatenate([kept, getattr(other, name)]) for name, kept in self._columns().items()}
        keys = [both[name] for name in ("item_id", "order", "user_id") if name in both]
        return Positives(**both).select(np.lexsort(keys))

    def select(self, chosen: npt.NDArray[Any]) -> "Positives":
        """Return the chosen ones, in their order."""
        return Positives(**{name: kept[chosen] for name, kept in self._columns().items()})

    def first_of(self, earlier: "Positives") -> "Positives":
        """Return the first entry of each (user, item) pair, without the pairs that stand in `earlier`."""
        if self.order is None:  # no pair occurs twice
            return self
        own, known = self._pairs(earlier)
        by_order = np.argsort(self.order, kind="stable")
        first = by_order[np.unique(own[by_order], return_index=True)[1]]
        return self.select(np.sort(first[~np.isin(own[first], known)]))

    def stand_in(self, others: "Positives") -> npt.NDArray[np.bool_]:
        """Return which entries have a (user, item) pair that stands in `others`, shape (n_positives,)."""
        return np.isin(*self._pairs(others))

    def _pairs(self, others: "Positives") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return a number for each (user, item) pair of both, the same for the same pair."""
        user, item = (
            factorize(np.concatenate([getattr(self, name), getattr(others, name)]))[1]
            for name in ("user_id", "item_id")
        )
        pairs = user * (item.max(initial=0) + np.int64(1)) + item
        return pairs[: len(self)], pairs[len(self) :]

    def histories(self, users: npt.NDArray[Any] | None, items: npt.NDArray[Any]) -> Histories:
        """Return the histories of some users over some items; see `Histories.from_pairs`.

        A step is all of one moment; without times, an order.
        """
        steps = self.order if self.timestamp is None else self.timestamp
        repeats = self.order is not None
        return Histories.from_pairs(self.user_id, self.item_id, steps, users, items, repeats)

    def item_values(self, items: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float64]]:
        """Return the mean price and margin of some items (ids, ascending); see `Histories.item_values`."""
        columns = {name: column for name in VALUES if (column := getattr(self, name)) is not None}
        if not columns:
            return {}
        index, is_known = positions(self.item_id, items)
        return {name: _means(index, is_known, column, len(items)) for name, column in columns.items()}

    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: column for name, column in columns.items() if column is not None}


def _means(
    index: npt.NDArray[np.integer[Any]],
    chosen: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float64],
    n: int,
) -> npt.NDArray[np.float64]:
    """Return the mean of the known values at each index, shape (n,); NaN where there are none."""
    chosen = chosen & np.isfinite(values)
    sums = np.bincount(index[chosen], values[chosen], minlength=n)
    counts = np.bincount(index[chosen], minlength=n)
    means: npt.NDArray[np.float64] = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return means
