"""Which ratings become positives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Interactions, Positives
from recsys.data.factorize import number
from recsys.errors import NoTransactionsError, ParameterError
from recsys.parameters import require_choice, require_integer, require_number
from recsys.preprocessing.encoding import transaction_ids

TRANSACTIONS = ("user", "order")
LIKES = ("min_rating", "user_mean", "all")

# The share of a rating by which it must pass a mean: sums of decimal fractions are not exact.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Preprocessing:
    """Rules that turn ratings into positives; applied in the order of the parameters.

    Where some likes are held out, the rules read only what is learnt from: `candidates` are split, then
    `learn` chooses of the training part. The rules on movies and on lengths say what is learnt from, never
    who is measured or what is asked for: results under different rules can be compared.

    Parameters
    ----------
    transaction : {"user", "order"}
        What a transaction is: all that a user likes, or one order; the latter is refused for data without
        orders.
    min_movie_ratings : int
        Drop movies with fewer ratings than this, likes or not.
    likes : {"min_rating", "user_mean", "all"}
        Which ratings count as a like: those of at least `min_rating`; those above the mean of all that the
        user rated (of any movie); or every one. A dataset without ratings (baskets) has likes only, so the
        first two are refused for it. With "user_mean" a split holds out a share of the ratings, for it comes
        before the means are known; held-out likes are then those above the mean of what is visible of the
        user, or of all training ratings where nothing is.
    min_rating : float
        Lowest rating that is a like; read by `likes="min_rating"` alone.
    min_length, max_length : int, int or None
        Drop transactions with fewer or with more items than this; None is no maximum.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    transaction: str = "user"
    min_movie_ratings: int = 1
    likes: str = "min_rating"
    min_rating: float = 3.5
    min_length: int = 1
    max_length: int | None = None

    def __post_init__(self) -> None:
        require_choice("transaction", self.transaction, TRANSACTIONS)
        require_integer("min_movie_ratings", self.min_movie_ratings, minimum=1)
        require_choice("likes", self.likes, LIKES)
        require_number("min_rating", self.min_rating)
        require_integer("min_length", self.min_length, minimum=1)
        if self.max_length is not None:
            require_integer("max_length", self.max_length, minimum=self.min_length)

    @property
    def likes_rule(self) -> str:
        """The rule on likes as a user would type it."""
        return f"min_rating={self.min_rating:g}" if self.likes == "min_rating" else f"likes={self.likes}"

    @property
    def movie_rule(self) -> str:
        """The rule on movies as a user would type it."""
        return f"min_movie_ratings={self.min_movie_ratings}"

    @property
    def length_rule(self) -> str:
        """The rule on the number of likes as a user would type it."""
        return f"min_length={self.min_length}, max_length={self.max_length}"

    def refuse_without_ratings(self, name: str) -> None:
        """Raise ParameterError if `likes` reads ratings; `name` is that of a dataset which has none."""
        if self.likes != "all":
            rule = f"all for {name}, which has no ratings"
            raise ParameterError("preprocessing.likes", rule, self.likes, "Set preprocessing=all.")

    def refuse_without_orders(self, name: str) -> None:
        """Raise ParameterError if transactions are orders; `name` is that of a dataset which has none."""
        if self.transaction == "order":
            rule = f"user for {name}, which has no orders"
            raise ParameterError(
                "preprocessing.transaction", rule, self.transaction, "Set preprocessing.transaction=user."
            )

    def filter(self, interactions: Interactions) -> Positives:
        """Keep the ratings that count, with nothing held out.

        Raises
        ------
        ParameterError
            If `likes` reads ratings and the dataset has none.
        NoTransactionsError
            If nothing is left; the message says which step dropped the last of it.
        """
        return self.learn(self.candidates(interactions))

    def candidates(self, interactions: Interactions) -> Positives:
        """Return what a split takes apart: each rating, and whether it may be a like by itself.

        Raises
        ------
        ParameterError
            If `likes` reads ratings and the dataset has none.
        NoTransactionsError
            If none may be a like.
        """
        if interactions.rating is None:
            self.refuse_without_ratings(interactions.name)
        if interactions.order_id is None:
            self.refuse_without_orders(interactions.name)
        if self.likes != "min_rating":
            return interactions.positives(rating=interactions.rating if self.likes == "user_mean" else None)
        assert interactions.rating is not None
        liked = interactions.rating >= self.min_rating
        if not liked.any():
            raise nothing_left([("ratings", len(interactions)), (self.likes_rule, 0)])
        positives = interactions.positives(is_candidate=liked)
        # What is no like only counts for its movie.
        return positives if self.min_movie_ratings > 1 else positives.select(liked)

    def learn(self, train: Positives) -> Positives:
        """Keep what is learnt from, of a training part of the candidates and by it alone.

        Raises
        ------
        NoTransactionsError
            If nothing is left; the message says which step dropped the last of it.
        """
        steps = [("ratings to learn from", len(train))]

        keep = np.ones(len(train), dtype=np.bool_)
        if self.min_movie_ratings > 1:
            keep = _occurrences(train.item_id) >= self.min_movie_ratings
        steps.append((self.movie_rule, int(keep.sum())))

        keep &= self._liked(train, train, train)
        steps.append((self.likes_rule, int(keep.sum())))

        kept = np.flatnonzero(keep)
        if self.min_length > 1 or self.max_length is not None:
            length = self._lengths(train.select(kept))
            longest = np.inf if self.max_length is None else self.max_length
            kept = kept[(length >= self.min_length) & (length <= longest)]
        steps.append((self.length_rule, len(kept)))

        if not len(kept):
            raise nothing_left(steps)
        return _pairs(train, kept)

    def _lengths(self, positives: Positives) -> npt.NDArray[np.intp]:
        """For each entry, the number of items in its transaction."""
        ids = transaction_ids(positives, self.transaction)
        if positives.order is None or self.transaction == "order":
            return _occurrences(ids)
        _, row = number(ids)
        items, column = number(positives.item_id)
        rows = np.unique(row * np.int64(len(items)) + column) // len(items)
        lengths: npt.NDArray[np.intp] = np.bincount(rows)[row]
        return lengths

    def likes_of(self, positives: Positives, known: Positives, train: Positives) -> Positives:
        """Keep the likes among some candidates, whatever their movies and the lengths of their users.

        Parameters
        ----------
        positives : Positives
        known : Positives
            What may be known of their users.
        train : Positives
            What is known of all others.
        """
        return _pairs(positives, np.flatnonzero(self._liked(positives, known, train)))

    def _liked(self, positives: Positives, known: Positives, train: Positives) -> npt.NDArray[np.bool_]:
        if positives.rating is None or known.rating is None or train.rating is None:
            return positives.candidates.copy()
        above = positives.rating - _mean_of_user(positives.user_id, known, train.rating.mean())
        liked: npt.NDArray[np.bool_] = above > ROUNDING * np.abs(positives.rating)
        return liked


def _pairs(positives: Positives, kept: npt.NDArray[np.intp]) -> Positives:
    """Return the kept pairs as what they are now: likes, with nothing left to choose."""
    likes = replace(positives, rating=None, is_candidate=None)
    return likes if len(kept) == len(likes) else likes.select(kept)


def _mean_of_user(user_id: npt.NDArray[Any], known: Positives, default: float) -> npt.NDArray[np.float64]:
    """For each user id, the mean of the known ratings of that user; the default where there are none."""
    users, user = number(known.user_id)
    mean = np.append(np.bincount(user, known.rating) / np.bincount(user), default)
    place = np.searchsorted(users, user_id)
    is_known = np.isin(user_id, users)
    return mean[np.where(is_known, place, len(users))]


def _occurrences(ids: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """For each position, how often its id stands in `ids`."""
    _, position = number(ids)
    occurrences: npt.NDArray[np.intp] = np.bincount(position)[position]
    return occurrences


def nothing_left(steps: list[tuple[str, int]]) -> NoTransactionsError:
    """Return the error for steps, by rule and by what each left, of which one leaves nothing."""
    emptied, _ = next(step for step in steps if step[1] == 0)
    trail = " -> ".join(f"{count:,} after {step}" for step, count in steps[1:])
    return NoTransactionsError(
        f"The preprocessing leaves no transactions: preprocessing.{emptied} drops the last of "
        f"{steps[0][1]:,} {steps[0][0]} ({trail}). Loosen it."
    )
