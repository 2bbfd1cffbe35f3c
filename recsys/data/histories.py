"""Histories: what each user liked or bought, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data.factorize import factorize, positions
from recsys.data.hierarchy import Hierarchy
from recsys.errors import ParameterError

#: What one unit of an item is worth: names of columns and of `Histories.item_values`.
VALUES = ("price", "margin")


@dataclass(frozen=True, eq=False)
class Histories:
    """Sequences of steps of some users; a step is a set of items.

    A step is all interactions of one moment; without times it is an order, and without either a history is
    one step. The order of items within a step means nothing. Shapes that do not agree raise
    ParameterError.

    Parameters
    ----------
    offsets : ndarray, shape (n_users + 1,), int64
        The entries of user u are offsets[u] to offsets[u + 1] - 1 of `item_indices` and `steps`.
    item_indices : ndarray, shape (n_entries,), int32
        Indices in `items`, the earliest step first, each once in a step.
    items : ndarray, shape (n_items,)
        Id of each item, ascending.
    users : ndarray, shape (n_users,)
        Id of each user, ascending.
    steps : ndarray, shape (n_entries,), int64, optional
        Time or number of the step of each entry, ascending within a user.
    repeats : bool
        Whether an item may stand in several steps of a user.
    item_values : mapping of str to ndarray, shape (n_items,), float64
        The "price" of one unit of each item and the profit in it, the "margin", where the data have them;
        means over the interactions, NaN where none is known.
    hierarchy : Hierarchy, optional
        Categories of the items, where rules may hold them; see `extend`.
    n_categories : int
        The last so many items are categories.
    """

    offsets: npt.NDArray[np.int64]
    item_indices: npt.NDArray[np.int32]
    items: npt.NDArray[Any]
    users: npt.NDArray[Any]
    steps: npt.NDArray[np.int64] | None = None
    repeats: bool = False
    item_values: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    hierarchy: Hierarchy | None = None
    n_categories: int = 0

    def __post_init__(self) -> None:
        if self.offsets.shape != (self.n_users + 1,):
            rule = f"a start for each of the {self.n_users} users and the end"
            raise ParameterError("offsets", rule, self.offsets.shape)
        if self.item_indices.shape != (self.offsets[-1],):
            rule = f"one item for each of the {self.offsets[-1]} entries"
            raise ParameterError("item_indices", rule, self.item_indices.shape)
        if self.steps is not None and self.steps.shape != self.item_indices.shape:
            raise ParameterError("steps", "one for each entry", self.steps.shape)

    @classmethod
    def from_pairs(
        cls,
        user_id: npt.NDArray[Any],
        item_id: npt.NDArray[Any],
        steps: npt.NDArray[np.int64] | None,
        users: npt.NDArray[Any] | None,
        items: npt.NDArray[Any],
        repeats: bool = False,
    ) -> "Histories":
        """Make the histories of some users over some items, from (user, item) pairs in any order.

        Each pair occurs once unless there are `repeats`, which count once in each step. Pairs of other users
        or items are left out; a user without a pair has an empty history. `users` and `items` are ids,
        ascending; None stands for all users.
        """
        column, known = positions(item_id, items)
        if users is None:
            users, row = factorize(user_id)
        else:
            row, known_user = positions(user_id, users)
            known &= known_user
        row, column = row[known], column[known]
        steps = None if steps is None else steps[known]
        keys = (column, row) if steps is None else (column, steps, row)
        order = np.lexsort(keys)
        if repeats:
            order = _distinct(keys, order)
        counts = np.bincount(row[order], minlength=len(users))
        return cls(
            offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            item_indices=column[order].astype(np.int32),
            items=items,
            users=users,
            steps=None if steps is None else steps[order],
            repeats=repeats and steps is not None,
        )

    @classmethod
    def empty(cls, users: npt.NDArray[Any], items: npt.NDArray[Any]) -> "Histories":
        """Make histories without entries."""
        return cls(np.zeros(len(users) + 1, np.int64), np.empty(0, np.int32), items, users)

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, rows: slice) -> "Histories":
        """Return the histories of neighbouring users."""
        start, stop, _ = rows.indices(len(self))
        offsets = self.offsets[start : stop + 1]
        entries = slice(int(offsets[0]), int(offsets[-1]))
        return replace(
            self,
            offsets=offsets - offsets[0],
            item_indices=self.item_indices[entries],
            users=self.users[start:stop],
            steps=None if self.steps is None else self.steps[entries],
        )

    def __repr__(self) -> str:
        n_users, n_items, n_entries = self.n_users, self.n_items, len(self.item_indices)
        return f"Histories(n_users={n_users}, n_items={n_items}, n_entries={n_entries})"

    @property
    def n_users(self) -> int:
        """Number of users, those with an empty history included."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items, those in no history included."""
        return len(self.items)

    @property
    def extended_items(self) -> npt.NDArray[Any]:
        """Id of each item and category of the hierarchy, which rules are over; without one the items."""
        return self.items if self.hierarchy is None else self.hierarchy.ids

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of entries of each user, shape (n_users,)."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Position of the user of each entry, shape (n_entries,)."""
        return np.repeat(np.arange(self.n_users), self.lengths)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """The items of each user as float64 ones, shape (n_users, n_items), columns ascending in each row."""
        return self.latest.matrix_of(np.ones(len(self.latest.item_indices)))

    @cached_property
    def keys(self) -> npt.NDArray[np.int64]:
        """User position × n_items + item index of each entry, ascending, shape (n_entries,)."""
        return np.sort(self.rows * self.n_items + self.item_indices)

    def matrix_of(self, values: npt.NDArray[np.float64]) -> sparse.csr_array:
        """Return a value of each entry as a matrix like `matrix`; no item may be repeated."""
        shape = self.n_users, self.n_items
        matrix = sparse.csr_array((values, self.item_indices.copy(), self.offsets.copy()), shape=shape)
        matrix.sort_indices()
        return matrix

    def sums_of(self, values: npt.NDArray[np.float64]) -> sparse.csr_array:
        """Return the sum of a value of each entry by user and item, as a matrix like `matrix`."""
        shape = self.n_users, self.n_items
        matrix = sparse.csr_array((values, self.item_indices.copy(), self.offsets.copy()), shape=shape)
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def latest(self) -> "Histories":
        """The same histories with each item once per user, in its latest step."""
        if not self.repeats:
            return self
        # Backwards, the latest step of each (user, item) pair comes first.
        keys = (self.rows * self.n_items + self.item_indices)[::-1]
        kept = np.sort(len(keys) - 1 - np.unique(keys, return_index=True)[1])
        return replace(
            self,
            offsets=np.searchsorted(kept, self.offsets),
            item_indices=self.item_indices[kept],
            steps=None if self.steps is None else self.steps[kept],
            repeats=False,
        )

    @cached_property
    def ages(self) -> npt.NDArray[np.int64]:
        """Number of entries of the same user in later steps than that of each entry, shape (n_entries,).

        Categories are not counted: they stand beside items.
        """
        if self.steps is None:
            return np.zeros(len(self.item_indices), dtype=np.int64)
        # Imported here: Numba takes a second, and most programs need no ages.
        from recsys.data._ages_kernel import count_later

        # Compiled, as a request has one short history: each NumPy call would cost more than its work.
        n_counted = self.n_items - self.n_categories
        ages: npt.NDArray[np.int64] = count_later(self.offsets, self.item_indices, self.steps, n_counted)
        return ages

    @cached_property
    def step_ages(self) -> npt.NDArray[np.int64]:
        """Number of later steps of the same user, such as orders, of each entry, shape (n_entries,)."""
        number = np.cumsum(self._starts_step)
        ages: npt.NDArray[np.int64] = number[self.offsets[1:][self.rows] - 1] - number
        return ages

    @cached_property
    def n_steps(self) -> npt.NDArray[np.int64]:
        """Number of steps of each user, shape (n_users,)."""
        return np.bincount(self.rows, weights=self._starts_step, minlength=self.n_users).astype(np.int64)

    @cached_property
    def step_starts(self) -> npt.NDArray[np.int64]:
        """First entry of each step of each user, ascending."""
        return np.flatnonzero(self._starts_step)

    @cached_property
    def _starts_step(self) -> npt.NDArray[np.bool_]:
        """Which entries are the first of a step, shape (n_entries,)."""
        starts = np.ones(len(self.item_indices), dtype=np.bool_)
        starts[1:] = np.diff(self.rows) != 0
        if self.steps is not None:
            starts[1:] |= np.diff(self.steps) != 0
        return starts

    def extend(self, hierarchy: Hierarchy | None) -> "Histories":
        """Return the same histories with the categories of the items, each once in a step.

        They are over the extended items of the hierarchy; without one they are these. Without repeats, a
        category stands in the latest of its steps.
        """
        if hierarchy is None:
            return self
        entry, category = hierarchy.categories_of(self.item_indices)
        column = np.concatenate([self.item_indices, category])
        row = np.concatenate([self.rows, self.rows[entry]])
        steps = None if self.steps is None else np.concatenate([self.steps, self.steps[entry]])
        keys = (column, row) if steps is None else (column, steps, row)
        order = _distinct(keys, np.lexsort(keys))
        extended = Histories(
            offsets=np.searchsorted(row[order], np.arange(self.n_users + 1)),
            item_indices=column[order].astype(np.int32),
            items=hierarchy.ids,
            users=self.users,
            steps=None if steps is None else steps[order],
            repeats=steps is not None,
            n_categories=len(hierarchy.categories),
        )
        return extended if self.repeats else extended.latest

    @property
    def of_steps(self) -> "Histories":
        """Each step, such as an order, as the history of a user of its own, who is known by its position."""
        offsets = np.append(self.step_starts, len(self.item_indices))
        return Histories(offsets, self.item_indices, self.items, np.arange(len(offsets) - 1))

    def without(self, others: "Histories") -> "Histories":
        """Return the entries whose item is not in the history of the same user in `others`."""
        own, other = (one.rows * one.n_items + one.item_indices for one in (self, others))
        kept = np.flatnonzero(~np.isin(own, other))
        return replace(
            self,
            offsets=np.searchsorted(kept, self.offsets),
            item_indices=self.item_indices[kept],
            steps=None if self.steps is None else self.steps[kept],
        )

    def plus(self, others: Sequence[npt.ArrayLike]) -> "Histories":
        """Return the histories without steps, with some more item indices for each user."""
        added = [np.asarray(row, dtype=np.int32) for row in others]
        parts = [part for user, row in enumerate(added) for part in (self.of(user), row)]
        offsets = self.offsets.copy()
        offsets[1:] += np.cumsum(list(map(len, added)), dtype=np.int64)
        indices = np.concatenate([self.item_indices[:0], *parts])
        return Histories(offsets, indices, self.items, self.users)

    def of(self, user: int) -> npt.NDArray[np.int32]:
        """Return the items of the user at a position, the earliest step first."""
        return self.item_indices[self.offsets[user] : self.offsets[user + 1]]

    def steps_of(self, user: int) -> list[npt.NDArray[np.int32]]:
        """Return the steps of the user at a position, the earliest first; none is empty."""
        items = self.of(user)
        if self.steps is None:
            return [items] if len(items) else []
        steps = self.steps[self.offsets[user] : self.offsets[user + 1]]
        return np.split(items, np.flatnonzero(np.diff(steps)) + 1) if len(items) else []


def _distinct(keys: tuple[npt.NDArray[Any], ...], order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the order without the entries whose keys are all those of the entry before."""
    differs = [key[order][1:] != key[order][:-1] for key in keys]
    distinct: npt.NDArray[np.intp] = order[np.append(True, np.logical_or.reduce(differs))[: len(order)]]
    return distinct
