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
    before : Repeats, optional
        What the same users had before, where that counts as a hit, too.
    """

    known: Histories
    n_relevant: npt.NDArray[np.int64]
    before: "Repeats | None" = None

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


@dataclass(frozen=True, eq=False)
class Repeats:
    """What users had before the held-out part, over the items of a catalog.

    `n_relevant`, shape (n_users,), int64, is the number of held-out likes of each user that are among these,
    known to the catalog or not.
    """

    histories: Histories
    n_relevant: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Holdout:
    """Users to measure: likes that a recommender is given (perhaps none), and those that it should find.

    `rated` are all visible interactions, liked or not, which are not recommended; None where `visible` are.
    With `repeats` they may be recommended, and held-out likes may be among them.
    """

    visible: Positives
    held_out: Positives
    rated: Positives | None = None
    repeats: bool = False

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"Holdout(n_users={len(self)}, n_visible={len(self.visible)}, n_held_out={len(self.held_out)})"

    @cached_property
    def users(self) -> npt.NDArray[Any]:
        """Id of each user, ascending; the rows of `histories` and `targets`."""
        return np.unique(self.held_out.user_id)

    def n_cut_in_tie(self, users: npt.NDArray[Any]) -> int:
        """Return how many of some users have a visible and a held-out candidate of one moment.

        `users` are ids, ascending. 0 without times.
        """
        never = np.iinfo(np.int64)
        latest, earliest = np.full(len(users), never.min), np.full(len(users), never.max)
        for part, extreme, moment in (
            (self.visible, np.maximum, latest),
            (self.held_out, np.minimum, earliest),
        ):
            if part.timestamp is None:
                return 0
            counted = part.candidates & np.isin(part.user_id, users)
            extreme.at(moment, np.searchsorted(users, part.user_id[counted]), part.timestamp[counted])
        return int(np.count_nonzero(latest == earliest))

    def histories(self, items: npt.NDArray[Any]) -> Histories:
        """Return the visible likes, over the items (ids, ascending) of a catalog."""
        return self.visible.histories(self.users, items)

    def seen(self, items: npt.NDArray[Any]) -> Histories:
        """Return what is not recommended, over the items (ids, ascending) of a catalog.

        That is all that is visible, liked or not; with `repeats`, nothing.
        """
        if self.repeats:
            return Histories.empty(self.users, items)
        rated = self.visible if self.rated is None else self.rated
        repeats = rated.order is not None
        return Histories.from_pairs(rated.user_id, rated.item_id, None, self.users, items, repeats)

    def targets(self, items: npt.NDArray[Any]) -> Targets:
        """Return the held-out likes, over the items (ids, ascending) of a catalog."""
        row = np.searchsorted(self.users, self.held_out.user_id)
        known, n_relevant = self.held_out.histories(self.users, items), _count(row, len(self))
        if not self.repeats:
            return Targets(known, n_relevant)
        n_repeats = _count(row[self.held_out.stand_in(self.visible)], len(self))
        return Targets(known, n_relevant, Repeats(self.histories(items), n_repeats))


def _count(rows: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.int64]:
    return np.bincount(rows, minlength=n).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Split:
    """A search uses `train` and `validation`; its best trial is measured once on `test`."""

    train: Positives
    validation: Holdout
    train_and_validation: Positives
    test: Holdout
