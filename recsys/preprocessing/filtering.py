"""From interactions to positives, and from these to transactions."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Hierarchy, Interactions, Positives, Transactions
from recsys.data.factorize import factorize, positions
from recsys.errors import NoTransactionsError, ParameterError
from recsys.parameters import require_choice, require_integer, require_number
from recsys.preprocessing.count_rules import CountRule, items_of_order, occurrences, orders_of_item
from recsys.preprocessing.exclusion import KEY as EXCLUDE_ITEMS
from recsys.preprocessing.exclusion import find_items, require_names
from recsys.preprocessing.levels import CATEGORY, ITEM, LEVELS, make_hierarchy, require_level

TRANSACTIONS = ("auto", "user", "order")
LIKES = ("auto", "min_rating", "user_mean", "all")

# Fraction of a rating by which it must exceed a mean: sums of decimal fractions are not exact.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Preprocessing:
    """Choose the interactions that count.

    The rules are applied once each, in this order: `exclude_items`, `min_movie_ratings`, `likes`,
    `min_item_orders`, `min_order_items`, then `min_length` and `max_length`. Dropping small orders makes
    items rarer again: these are not dropped in turn, since that may go on until nothing is left, and
    `apriori.min_support` decides on rare items in the end. Every transaction that is left fulfils the rules
    on orders and lengths.

    With an evaluation, `candidates` are split and `filter_train` is applied to the training data alone, so
    that nothing held out influences them. The rules on items, movies, orders and lengths do not change the
    evaluated users and their held-out likes, so results under different rules can be compared.
    Values out of range raise ParameterError.

    Parameters
    ----------
    transaction : {"auto", "user", "order"}
        A transaction is all that a user likes, or one order; the latter is refused for data without orders.
        "auto" is one order where there are orders.
    min_movie_ratings : int
        Drop movies with fewer ratings than this, likes or not.
    likes : {"auto", "min_rating", "user_mean", "all"}
        Ratings that count as likes: those of at least `min_rating`; those above the mean rating of the user;
        or all. The first two are refused for data without ratings; "auto" is "min_rating" where there are
        ratings, and otherwise "all". With "user_mean" an evaluation holds out
        ratings, because the means follow from the remaining ones: held-out likes are those above the mean of
        the user's visible ratings, or of all training interactions where none is visible.
    min_rating : float
        Lowest rating that is a like; used only by `likes="min_rating"`.
    min_length, max_length : int, int or None
        Drop transactions with fewer or with more items than this; None is no maximum.
    exclude_items : list of int or str, optional
        Ids or titles of items to drop, such as "shopping bags".
    min_item_orders : int
        Drop items in fewer orders than this, in data without orders items liked by fewer users. Unlike
        `min_movie_ratings` it counts only what `likes` has left.
    min_order_items : int
        Drop orders with fewer distinct items than this. Unlike `min_length` it counts by order even if a
        transaction is all that a user has bought. In data without orders, the likes of a user are one order.
    levels : {"item", "category", "both"}
        What transactions hold: the items, the categories in their place, or both. All rules above count
        items. No rule holds an item and a category of it, nor a category and one above it.
    level : str or list of str, optional
        Levels of the categories; None: the finest, or all categories if they have no levels. Not used by
        `levels="item"`.
    """

    transaction: str = "auto"
    min_movie_ratings: int = 1
    likes: str = "auto"
    min_rating: float = 3.5
    min_length: int = 1
    max_length: int | None = None
    exclude_items: tuple[int | str, ...] | None = None
    min_item_orders: int = 1
    min_order_items: int = 1
    levels: str = ITEM
    level: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require_choice("transaction", self.transaction, TRANSACTIONS)
        require_integer("min_movie_ratings", self.min_movie_ratings, minimum=1)
        require_choice("likes", self.likes, LIKES)
        require_number("min_rating", self.min_rating)
        require_integer("min_length", self.min_length, minimum=1)
        if self.max_length is not None:
            require_integer("max_length", self.max_length, minimum=self.min_length)
        object.__setattr__(self, "exclude_items", require_names("exclude_items", self.exclude_items))
        require_integer("min_item_orders", self.min_item_orders, minimum=1)
        require_integer("min_order_items", self.min_order_items, minimum=1)
        require_choice("levels", self.levels, LEVELS)
        object.__setattr__(self, "level", require_level("level", self.level))

    @property
    def likes_rule(self) -> str:
        """The rule on likes as typed."""
        return f"min_rating={self.min_rating:g}" if self.likes == "min_rating" else f"likes={self.likes}"

    @property
    def rules(self) -> tuple[str, str, str]:
        """The rules on movies, likes and lengths as typed."""
        lengths = self._count_rules[-1].typed
        return f"min_movie_ratings={self.min_movie_ratings}", self.likes_rule, lengths

    @property
    def _count_rules(self) -> tuple[CountRule, ...]:
        return (
            CountRule(orders_of_item, "min_item_orders", self.min_item_orders),
            CountRule(items_of_order, "min_order_items", self.min_order_items),
            CountRule(self._lengths, "min_length", self.min_length, "max_length", self.max_length),
        )

    def for_data(self, interactions: Interactions) -> Self:
        """Return the rules for some interactions, without "auto"; raise the errors of `for_columns`."""
        has_orders = interactions.order_id is not None
        return self.for_columns(interactions.name, interactions.rating is not None, has_orders)

    def for_columns(self, name: str, has_ratings: bool, has_orders: bool) -> Self:
        """Return the rules for a dataset of that name, without "auto".

        Raise ParameterError if it lacks the ratings or orders that are needed.
        """
        if self.likes not in ("auto", "all") and not has_ratings:
            rule = f"all for {name}, which has no ratings"
            raise ParameterError("preprocessing.likes", rule, self.likes, "Set preprocessing.likes=all.")
        if self.transaction == "order" and not has_orders:
            rule, cure = f"user for {name}, which has no orders", "Set preprocessing.transaction=user."
            raise ParameterError("preprocessing.transaction", rule, self.transaction, cure)
        likes, transaction = self.likes, self.transaction
        if likes == "auto":
            likes = "min_rating" if has_ratings else "all"
        if transaction == "auto":
            transaction = "order" if has_orders else "user"
        if (likes, transaction) == (self.likes, self.transaction):
            return self
        return replace(self, likes=likes, transaction=transaction)

    def filter(self, interactions: Interactions) -> Positives:
        """Keep the interactions that count, with nothing held out.

        Missing ratings or orders raise ParameterError; NoTransactionsError names the rule that leaves none.
        """
        rules = self.for_data(interactions)
        return rules.filter_train(rules.candidates(interactions), rules.excluded(interactions))

    def excluded(self, interactions: Interactions) -> npt.NDArray[Any]:
        """Return the ids of `exclude_items`, ascending; ParameterError is raised for a name of no item."""
        return find_items(self.exclude_items or (), interactions)

    def hierarchy(self, interactions: Interactions, items: npt.NDArray[Any]) -> Hierarchy | None:
        """Return the categories that transactions over some items hold; None with `levels="item"`."""
        if self.levels == ITEM:
            return None
        return make_hierarchy(interactions, items, self.level, self.levels == CATEGORY)

    def candidates(self, interactions: Interactions) -> Positives:
        """Return the interactions to split, and which of them may be likes; raise the errors of `filter`."""
        rating, n, rules = interactions.rating, len(interactions), self.for_data(interactions)
        if rating is None or rules.likes != "min_rating":
            return interactions.positives(rating=rating if rules.likes == "user_mean" else None)
        liked = rating >= self.min_rating
        if not liked.any():
            cure = f"Set preprocessing.min_rating={float(rating.max())!r}."
            raise nothing_left([("ratings", n), (rules.likes_rule, 0)], cure)
        # The others count for their movies, and are not recommended to their users.
        return interactions.positives(is_candidate=None if liked.all() else liked)

    def filter_train(self, train: Positives, excluded: npt.ArrayLike = ()) -> Positives:
        """Keep the likes among the candidates in the training data; raise the errors of `filter`.

        `excluded` are the ids of `exclude_items`.
        """
        keep, steps = np.ones(len(train), dtype=np.bool_), [("training interactions", len(train))]
        if self.exclude_items:
            keep = ~np.isin(train.item_id, excluded)
            steps.append(("exclude_items", int(keep.sum())))
            if not keep.any():
                raise nothing_left(steps, f"Set {EXCLUDE_ITEMS}=[].")
        not_excluded = keep
        if self.min_movie_ratings > 1:
            keep = keep & (occurrences(train.item_id) >= self.min_movie_ratings)
        steps.append((self.rules[0], int(keep.sum())))

        keep = keep & self._liked(train, train, train)
        steps.append((self.likes_rule, int(keep.sum())))
        if not keep.any():
            raise nothing_left(steps, self._cure(train.select(not_excluded)))

        kept = np.flatnonzero(keep)
        for rule in self._count_rules:
            if rule.is_active:
                counts = rule.counts(train.select(kept))
                passed = rule.passed(counts)
                steps.append((rule.typed, int(passed.sum())))
                if not passed.any():
                    raise nothing_left(steps, rule.cure(counts))
                kept = kept[passed]
        return _likes(train, kept)

    def _cure(self, train: Positives) -> str:
        """Return what keeps some of the training data, of which the rules on movies and likes leave none."""
        n_ratings = occurrences(train.item_id)
        most = n_ratings.max(initial=0)
        if most >= self.min_movie_ratings:  # but no movie of a like has so many
            most = n_ratings[train.candidates].max(initial=0)
        if 0 < most < self.min_movie_ratings:
            return f"Set preprocessing.min_movie_ratings={most}."
        return "Set preprocessing.likes=all."

    def _lengths(self, positives: Positives) -> npt.NDArray[np.intp]:
        """Return the number of items in the transaction of each entry."""
        ids = _transaction_ids(positives, self.transaction)
        if positives.order is None or self.transaction == "order":
            return occurrences(ids)
        _, row = factorize(ids)
        items, column = factorize(positives.item_id)
        rows = np.unique(row * np.int64(len(items)) + column) // len(items)
        lengths: npt.NDArray[np.intp] = np.bincount(rows)[row]
        return lengths

    def likes_of(self, positives: Positives, known: Positives, train: Positives) -> Positives:
        """Keep the likes among some candidates, by the known ratings of their users and all in `train`."""
        return _likes(positives, np.flatnonzero(self._liked(positives, known, train)))

    def _liked(self, positives: Positives, known: Positives, train: Positives) -> npt.NDArray[np.bool_]:
        if positives.rating is None or known.rating is None or train.rating is None:
            return positives.candidates.copy()
        above = positives.rating - _mean_of_user(positives.user_id, known, train.rating.mean())
        liked: npt.NDArray[np.bool_] = above > ROUNDING * np.abs(positives.rating)
        return liked


def encode(positives: Positives, transaction: str = "user") -> Transactions:
    """Encode one transaction per user, or per order, over the items that occur; rows and columns ascend."""
    ids, row = factorize(_transaction_ids(positives, transaction))
    items, column = factorize(positives.item_id)
    occurs = np.ones(len(positives), dtype=np.bool_)
    matrix = sparse.coo_array((occurs, (row, column)), shape=(len(ids), len(items)))
    return Transactions(sparse.csr_array(matrix), items, ids)


def _transaction_ids(positives: Positives, transaction: str) -> npt.NDArray[Any]:
    return positives.user_id if transaction == "user" or positives.order is None else positives.order


def _likes(positives: Positives, kept: npt.NDArray[np.intp]) -> Positives:
    likes = replace(positives, rating=None, is_candidate=None)
    return likes if len(kept) == len(likes) else likes.select(kept)


def _mean_of_user(user_id: npt.NDArray[Any], known: Positives, default: float) -> npt.NDArray[np.float64]:
    """Return the mean of the known ratings of each user id; the default where there are none."""
    users, user = factorize(known.user_id)
    mean = np.append(np.bincount(user, known.rating) / np.bincount(user), default)
    place, is_known = positions(user_id, users)
    return mean[np.where(is_known, place, len(users))]


def nothing_left(steps: list[tuple[str, int]], cure: str) -> NoTransactionsError:
    """Return the error for (rule, count after it) steps, of which the first is the input and one leaves 0."""
    emptied, _ = next(step for step in steps if step[1] == 0)
    trail = " -> ".join(f"{count:,} after {step}" for step, count in steps[1:])
    return NoTransactionsError(
        f"The preprocessing leaves no transactions: preprocessing.{emptied} drops the last of "
        f"{steps[0][1]:,} {steps[0][0]} ({trail}). {cure}"
    )
