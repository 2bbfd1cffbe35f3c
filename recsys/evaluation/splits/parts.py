"""The last likes, or orders, of each user, and how many a share of them is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError

_CURE = (
    "Give the data their times (dataset.columns.timestamp of a CSV file), or choose evaluation=random, "
    "evaluation=leave_random_out, or evaluation=user_holdout evaluation.order=random."
)


@dataclass(frozen=True, eq=False)
class UserOrder:
    """Each user's likes in an order; what is no candidate for a like has its place among them.

    By time, where users have orders, whole orders are counted instead of likes.

    Parameters
    ----------
    user : ndarray, shape (n_positives,), int64
        Position of the user of each among the users, ascending by id.
    n_likes : ndarray, shape (n_users,), int64
        Number of likes, or of orders with a like, of each user.
    from_last : ndarray, shape (n_positives,), int64
        How many of these come after each entry.
    """

    user: npt.NDArray[np.int64]
    n_likes: npt.NDArray[np.int64]
    from_last: npt.NDArray[np.int64]


def order_likes(positives: Positives, order: str, generator: np.random.Generator) -> UserOrder:
    """Put each user's likes in order: by time, ties at random; or all at random.

    One number is drawn for each interaction, in the order of `Positives` (user, then item): the order of
    the input and the alphabet of the ids have no say, but other ids draw other numbers.

    Raises
    ------
    ParameterError
        If the order is by time and the data have no times.
    """
    users, user = np.unique(positives.user_id, return_inverse=True)
    candidates, times = positives.candidates, positives.timestamp
    if order != "time":
        return UserOrder(user, *_count_from_last(user, None, candidates, len(users), generator))
    generator = generator.spawn(1)[0]  # ties do not change what else is drawn, such as users
    if positives.order is None:
        if times is None:
            raise ParameterError("evaluation.order", "random for data without timestamps", order, _CURE)
        return UserOrder(user, *_count_from_last(user, times, candidates, len(users), generator))
    numbers, first, place = np.unique(positives.order, return_index=True, return_inverse=True)
    counted = np.bincount(place, weights=candidates) > 0
    order_times = numbers if times is None else times[first]
    n_likes, from_last = _count_from_last(user[first], order_times, counted, len(users), generator)
    return UserOrder(user, n_likes, from_last[place])


def _count_from_last(
    user: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64] | None,
    counted: npt.NDArray[np.bool_],
    n_users: int,
    generator: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return how many entries are counted for each user, and how many of them come after each entry."""
    n = np.bincount(user[counted], minlength=n_users)
    # What is counted draws first: what else is kept changes nothing for it.
    drawn = np.empty(len(user))
    drawn[counted] = generator.random(int(counted.sum()))
    drawn[~counted] = generator.random(int((~counted).sum()))
    sequence = np.lexsort((drawn, user) if times is None else (drawn, times, user))
    from_last = np.empty(len(user), dtype=np.int64)
    from_last[sequence] = np.cumsum(n)[user[sequence]] - np.cumsum(counted[sequence])
    return n, from_last


def require_timestamps(positives: Positives, option: str) -> npt.NDArray[np.int64]:
    """Return the times; raise ParameterError if the data have none."""
    if positives.timestamp is None:
        rule = "random, leave_random_out or user_holdout for data without timestamps"
        raise ParameterError("evaluation", rule, option, _CURE)
    return positives.timestamp


def largest_count(n: npt.ArrayLike, share: float) -> npt.NDArray[np.int64]:
    """Return the largest integer c for which the double c / n is at most `share`, 0 where n is 0.

    Not floor(share × n), which in doubles misses by one where share × n is an integer (0.29 of 100).

    Parameters
    ----------
    n : array_like of int
    share : float in (0, 1)
    """
    total = np.asarray(n, dtype=np.int64)
    positive = np.maximum(total, 1)
    count = np.floor(share * total).astype(np.int64)
    count = count + ((count + 1) / positive <= share)
    count = count - (count / positive > share)
    return np.asarray(count)
