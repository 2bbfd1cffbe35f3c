"""Histories: what each user liked, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Histories:
    """The likes of some users over a catalogue of items, a ragged array with a row a user.

    Parameters
    ----------
    offsets : ndarray, shape (n_users + 1,), int64
        The likes of user u are the entries offsets[u] to offsets[u + 1] - 1 of `item_indices`.
    item_indices : ndarray, shape (n_likes,), int32
        Positions in `items`, each once a user, the earliest like first.
    items : ndarray, shape (n_items,)
        Id of each item of the catalogue, ascending.
    users : ndarray, shape (n_users,)
        Id of each user, ascending.
    timestamps : ndarray, shape (n_likes,), int64, optional
        Seconds since 1970 of each like, ascending within a user; None where the data has no times.

    Raises
    ------
    ParameterError
        If the shapes do not agree.
    """

    offsets: npt.NDArray[np.int64]
    item_indices: npt.NDArray[np.int32]
    items: npt.NDArray[Any]
    users: npt.NDArray[Any]
    timestamps: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.offsets.shape != (self.n_users + 1,):
            rule = f"a start for each of the {self.n_users} users and the end"
            raise ParameterError("offsets", rule, self.offsets.shape)
        if self.item_indices.shape != (self.offsets[-1],):
            rule = f"one item for each of the {self.offsets[-1]} likes"
            raise ParameterError("item_indices", rule, self.item_indices.shape)
        if self.timestamps is not None and self.timestamps.shape != self.item_indices.shape:
            raise ParameterError("timestamps", "one for each like", self.timestamps.shape)

    @classmethod
    def from_pairs(
        cls,
        user_id: npt.NDArray[Any],
        item_id: npt.NDArray[Any],
        timestamp: npt.NDArray[np.int64] | None,
        users: npt.NDArray[Any],
        items: npt.NDArray[Any],
    ) -> Histories:
        """Make the histories of some users from (user, item) pairs in any order.

        Pairs of other users or other items are left out; a user without a pair has an empty history. Likes
        of one moment, and all likes where there are no times, are stored by item, which means nothing.

        Parameters
        ----------
        user_id, item_id, timestamp : ndarray, shape (n_pairs,)
            Each (user, item) pair once.
        users, items : ndarray
            Ids, ascending.
        """
        row, known_user = _positions(user_id, users)
        column, known_item = _positions(item_id, items)
        known = known_user & known_item
        row, column = row[known], column[known]
        times = None if timestamp is None else timestamp[known]
        order = np.lexsort((column, row) if times is None else (column, times, row))
        counts = np.bincount(row, minlength=len(users))
        return cls(
            offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            item_indices=column[order].astype(np.int32),
            items=items,
            users=users,
            timestamps=None if times is None else times[order],
        )

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"Histories(n_users={self.n_users}, n_items={self.n_items}, n_likes={len(self.item_indices)})"

    @property
    def n_users(self) -> int:
        """Number of users, those with an empty history included."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items in the catalogue."""
        return len(self.items)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of likes of each user, shape (n_users,)."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Position of the user of each like, shape (n_likes,)."""
        return np.repeat(np.arange(self.n_users), self.lengths)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """The likes as a matrix of float64 ones, shape (n_users, n_items), columns ascending in each row."""
        ones = np.ones(len(self.item_indices))
        shape = (self.n_users, self.n_items)
        matrix = sparse.csr_array((ones, self.item_indices.copy(), self.offsets.copy()), shape=shape)
        matrix.sort_indices()
        return matrix

    @property
    def ages(self) -> npt.NDArray[np.int64]:
        """Number of likes of the same user that came later than each like, shape (n_likes,).

        Likes of one moment have one age; without timestamps each like is later than the one before it.
        """
        end_of_user = self.offsets[1:][self.rows]
        if self.timestamps is None:
            return end_of_user - 1 - np.arange(len(self.item_indices))
        starts_step = np.ones(len(self.item_indices), dtype=np.bool_)
        starts_step[1:] = (np.diff(self.timestamps) != 0) | (np.diff(self.rows) != 0)
        ends = np.append(np.flatnonzero(starts_step)[1:], len(self.item_indices))
        ages: npt.NDArray[np.int64] = end_of_user - ends[np.cumsum(starts_step) - 1]
        return ages

    def of(self, user: int) -> npt.NDArray[np.int32]:
        """Return the likes of the user at a position, the earliest first; those of one moment by item."""
        return self.item_indices[self.offsets[user] : self.offsets[user + 1]]


def _positions(
    ids: npt.NDArray[Any], vocabulary: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return where each id stands in an ascending vocabulary, and whether it does."""
    if not len(vocabulary):
        return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.bool_)
    place = np.minimum(np.searchsorted(vocabulary, ids), len(vocabulary) - 1)
    return place, vocabulary[place] == ids
