"""Parts of a split, by ids: training data, visible and held-out likes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, Positives
from recsys.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Targets:
    """Evaluation targets: the held-out likes of some users.

    Parameters
    ----------
    known : Histories
        The held-out likes whose item is in the catalog.
    n_relevant : ndarray, shape (n_users,), int64
        Number of all held-out likes of each user, known or not; less than the known ones, or another
        shape, raises ParameterError.
    """

    known: Histories
    n_relevant: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.n_relevant.shape != (self.known.n_users,):
            rule = f"one for each of {self.known.n_users} users"
            raise ParameterError("n_relevant", rule, self.n_relevant.shape)
        if np.any(self.n_relevant < self.known.lengths):
            raise ParameterError("n_relevant", "at least the number of known targets", self.n_relevant)

    def __len__(self) -> int:
        return len(self.n_relevant)

    @property
    def users(self) -> npt.NDArray[Any]:
        """Id of each user, ascending."""
        return self.known.users

    @cached_property
    def keys(self) -> npt.NDArray[np.int64]:
        """User position × n_items + item index of each known target, ascending, shape (n_known,)."""
        return np.sort(self.known.rows * self.known.n_items + self.known.item_indices)


@dataclass(frozen=True, eq=False)
class Holdout:
    """Users to measure: likes that a recommender is given (perhaps none), and those that it should find."""

    visible: Positives
    held_out: Positives

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"Holdout(n_users={len(self)}, n_visible={len(self.visible)}, n_held_out={len(self.held_out)})"

    @cached_property
    def users(self) -> npt.NDArray[Any]:
        """Id of each user, ascending; the rows of `histories` and `targets`."""
        return np.unique(self.held_out.user_id)

    @cached_property
    def n_cut_in_tie(self) -> int:
        """Number of users with a visible and a held-out like of one moment; 0 without times."""
        if self.visible.timestamp is None or self.held_out.timestamp is None:
            return 0
        never = np.iinfo(np.int64)
        latest, earliest = np.full(len(self), never.min), np.full(len(self), never.max)
        shown = np.isin(self.visible.user_id, self.users)
        place = np.searchsorted(self.users, self.visible.user_id[shown])
        np.maximum.at(latest, place, self.visible.timestamp[shown])
        np.minimum.at(earliest, np.searchsorted(self.users, self.held_out.user_id), self.held_out.timestamp)
        return int(np.count_nonzero(latest == earliest))

    def histories(self, items: npt.NDArray[Any]) -> Histories:
        """Return the visible likes, over the items (ids, ascending) of a catalog."""
        return self.visible.histories(self.users, items)

    def targets(self, items: npt.NDArray[Any]) -> Targets:
        """Return the held-out likes, over the items (ids, ascending) of a catalog."""
        n_relevant = np.unique(self.held_out.user_id, return_counts=True)[1].astype(np.int64)
        return Targets(self.held_out.histories(self.users, items), n_relevant)


@dataclass(frozen=True, eq=False)
class Split:
    """A search uses `train` and `validation`; its best trial is measured once on `test`."""

    train: Positives
    validation: Holdout
    train_and_validation: Positives
    test: Holdout
