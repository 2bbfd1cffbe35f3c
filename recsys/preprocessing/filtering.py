"""Which ratings become interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.datasets import Ratings
from recsys.errors import NoTransactionsError, ParameterError
from recsys.parameters import require_choice, require_integer, require_number
from recsys.preprocessing.interactions import Interactions

LIKES = ("min_rating", "user_mean", "all")


@dataclass(frozen=True)
class Preprocessing:
    """Rules that turn ratings into interactions; applied in the order of the parameters.

    Parameters
    ----------
    min_movie_ratings : int
        Drop movies with fewer ratings than this, likes or not.
    likes : {"min_rating", "user_mean", "all"}
        Which ratings count as a like: those of at least `min_rating`; those above the mean of all that the
        user rated (of any movie); or every one. A dataset without ratings (baskets) has likes only, so the
        first two are refused for it.
    min_rating : float
        Lowest rating that is a like; read by `likes="min_rating"` alone.
    min_length, max_length : int, int or None
        Drop users with fewer or with more likes than this; None is no maximum.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    min_movie_ratings: int = 1
    likes: str = "min_rating"
    min_rating: float = 3.5
    min_length: int = 1
    max_length: int | None = None

    def __post_init__(self) -> None:
        require_integer("min_movie_ratings", self.min_movie_ratings, minimum=1)
        require_choice("likes", self.likes, LIKES)
        require_number("min_rating", self.min_rating)
        require_integer("min_length", self.min_length, minimum=1)
        if self.max_length is not None:
            require_integer("max_length", self.max_length, minimum=self.min_length)

    def filter(self, ratings: Ratings) -> Interactions:
        """Keep the ratings that count.

        Raises
        ------
        ParameterError
            If `likes` reads ratings and the dataset has none.
        NoTransactionsError
            If nothing is left; the message says which step dropped the last of it.
        """
        steps = [(f"{len(ratings):,} ratings", len(ratings))]

        keep = _occurrences(ratings.item_id) >= self.min_movie_ratings
        steps.append((f"min_movie_ratings={self.min_movie_ratings}", int(keep.sum())))

        keep &= self._liked(ratings)
        rule = f"min_rating={self.min_rating:g}" if self.likes == "min_rating" else f"likes={self.likes}"
        steps.append((rule, int(keep.sum())))

        kept = np.flatnonzero(keep)
        length = _occurrences(ratings.user_id[kept])
        longest = np.inf if self.max_length is None else self.max_length
        kept = kept[(length >= self.min_length) & (length <= longest)]
        steps.append((f"min_length={self.min_length}, max_length={self.max_length}", len(kept)))

        if not len(kept):
            raise NoTransactionsError(_nothing_left(ratings.name, steps))
        timestamp = None if ratings.timestamp is None else ratings.timestamp[kept]
        return Interactions(ratings.user_id[kept], ratings.item_id[kept], timestamp)

    def _liked(self, ratings: Ratings) -> npt.NDArray[np.bool_]:
        if self.likes == "all":
            return np.ones(len(ratings), dtype=np.bool_)
        if ratings.rating is None:
            rule = f"all for {ratings.name}, which has no ratings"
            raise ParameterError("preprocessing.likes", rule, self.likes, "Set preprocessing=all.")
        if self.likes == "min_rating":
            return ratings.rating >= self.min_rating
        _, user_index = np.unique(ratings.user_id, return_inverse=True)
        mean = np.bincount(user_index, ratings.rating) / np.bincount(user_index)
        return ratings.rating > mean[user_index]


def _occurrences(ids: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """For each position, how often its id stands in `ids`."""
    _, index, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return counts[index]


def _nothing_left(name: str, steps: list[tuple[str, int]]) -> str:
    emptied, _ = next(step for step in steps if step[1] == 0)
    trail = " -> ".join(f"{count:,} after {step}" for step, count in steps[1:])
    return (
        f"The preprocessing of {name} leaves no transactions: preprocessing.{emptied} drops the last of "
        f"{steps[0][0]} ({trail}). Loosen it."
    )
