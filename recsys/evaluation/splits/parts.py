"""The last likes, or orders, of each user, and how many a share of them is."""

from dataclasses import dataclass
from math import ceil

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
    """Each user's likes in an order; by time, where users have orders, whole orders instead of likes.

    `user` is the position of each entry's user among the users, ascending by id; `n_likes` the number of
    likes, or of orders with a like, of each user; `from_last` how many of these come after each entry.
    """

    user: npt.NDArray[np.int64]
    n_likes: npt.NDArray[np.int64]
    from_last: npt.NDArray[np.int64]


def order_likes(positives: Positives, order: str, generator: np.random.Generator) -> UserOrder:
    """Put each user's likes in order: by time, ties at random; or all at random.

    Results do not depend on the order of the input; other ids draw other numbers. By time, data without
    times raise ParameterError.
    """
    users, user = np.unique(positives.user_id, return_inverse=True)
    of, counted, times, entries = user, positives.candidates, positives.timestamp, np.arange(len(positives))
    if order == "random":
        times = None
    else:
        generator = generator.spawn(1)[0]  # ties do not change what else is drawn, such as users
        if positives.order is not None:
            numbers, first, entries = np.unique(positives.order, return_index=True, return_inverse=True)
            of, counted = user[first], np.bincount(entries, weights=counted) > 0
            times = numbers if times is None else times[first]
        elif times is None:
            raise ParameterError("evaluation.order", "random for data without timestamps", order, _CURE)
    n_likes = np.bincount(of[counted], minlength=len(users))
    # What else is kept changes nothing that is drawn for the likes, or after them.
    drawn, others = np.empty(len(of)), generator.spawn(1)[0]
    drawn[counted] = generator.random(int(counted.sum()))
    drawn[~counted] = others.random(int((~counted).sum()))
    sequence = np.lexsort((drawn, of) if times is None else (drawn, times, of))
    from_last = np.empty(len(of), dtype=np.int64)
    from_last[sequence] = np.cumsum(n_likes)[of[sequence]] - np.cumsum(counted[sequence])
    return UserOrder(user, n_likes, from_last[entries])


def require_timestamps(positives: Positives, option: str) -> npt.NDArray[np.int64]:
    """Return the times; raise ParameterError if the data have none."""
    if positives.timestamp is None:
        rule = "random, leave_random_out or user_holdout for data without timestamps"
        raise ParameterError("evaluation", rule, option, _CURE)
    return positives.timestamp


def largest_count(n: npt.ArrayLike, share: float) -> npt.NDArray[np.int64]:
    """Return the largest integer c for which the double c / n is at most `share`, 0 where n is 0.

    Not floor(share × n), which in doubles misses by one where share × n is an integer (0.29 of 100).
    """
    total = np.asarray(n, dtype=np.int64)
    positive = np.maximum(total, 1)
    count = np.floor(share * total).astype(np.int64)
    count = count + ((count + 1) / positive <= share)
    count = count - (count / positive > share)
    return np.asarray(count)


def one_of(n: int) -> str:
    """Return a short share that is one of n, or more, to be typed."""
    return f"{ceil(100 / n) / 100:g}"
