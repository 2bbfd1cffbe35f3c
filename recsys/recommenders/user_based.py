"""Models that score an item by the customer's own orders and those of similar customers."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.recommenders.item_based import LikesModel
from recsys.recommenders.model import SCORES_AT_ONCE, FloatArray, Reason
from recsys.recommenders.personal_frequency import count_repeaters, own_reason

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class UserBasedModel(LikesModel):
    """A model whose scores are those of the customer's own profile plus those of neighbours' profiles.

    A profile has a value for each item; neighbours are customers of the training data. One of them who has
    the very same orders is left out: as a rule it is the customer in question. A history that is empty has
    no neighbours.

    Parameters
    ----------
    n_neighbours : int or None
        Maximum number of neighbours; None: all.
    """

    #: Neighbours are closer than this.
    lowest_closeness: ClassVar[float] = -np.inf

    n_neighbours: int | None

    @abstractmethod
    def profiles(self, histories: Histories) -> sparse.csr_array:
        """Return the profile of each user, shape (n_users, n_items), column indices sorted."""

    @abstractmethod
    def features(self, histories: Histories) -> sparse.csr_array:
        """Return what users are compared by, shape (n_users, n_items), column indices sorted."""

    @abstractmethod
    def closeness(self, products: FloatArray, features: sparse.csr_array) -> FloatArray:
        """Return how close the users of the training data are, from the dot products of the features.

        Both shapes are (n_users, n_train_users), and `features` are those of the users.
        """

    @abstractmethod
    def weights(self, closeness: FloatArray, n_neighbours: IntArray) -> FloatArray:
        """Return the weight of each neighbour, from its closeness and the number that its user has."""

    @property
    @abstractmethod
    def own_weight(self) -> float:
        """The weight of the own profile."""

    def scores(self, histories: Histories) -> FloatArray:
        """Return the weighted sum of the own profile and those of the neighbours."""
        scores: FloatArray = (self.own_weight * self.profiles(histories)).toarray()
        for rows, neighbours in self.neighbours(histories):
            _add_product(neighbours, self.train_profiles, scores[rows])
        return scores

    def neighbours(self, histories: Histories) -> Iterator[tuple[slice, sparse.csr_array]]:
        """Yield the weights of the neighbours of some users at a time, shape (n_users, n_train_users)."""
        n_train, features = self.train.n_users, self.features(histories)
        twins = np.array([self.rows.get(key, -1) for key in _contents(histories)], dtype=np.int64)
        n = n_train if self.n_neighbours is None else min(self.n_neighbours, n_train)
        size = max(1, SCORES_AT_ONCE // max(1, n_train))
        for start in range(0, len(histories), size):
            some = features[start : start + size]
            products = np.zeros((some.shape[0], n_train))
            _add_product(some, self.features_by_item, products)
            closeness = self.closeness(products, some)
            closeness[np.diff(some.indptr) == 0] = -np.inf
            twin = twins[start : start + size]
            closeness[twin >= 0, twin[twin >= 0]] = -np.inf
            row, column = _nearest(closeness, self.lowest_closeness, n)
            weights = self.weights(closeness[row, column], np.bincount(row, minlength=len(some.indptr))[row])
            shape = some.shape[0], n_train
            yield slice(start, start + size), sparse.csr_array((weights, (row, column)), shape=shape)

    @cached_property
    def train_profiles(self) -> sparse.csr_array:
        """The profiles of the training data."""
        return self.profiles(self.train)

    @cached_property
    def train_features(self) -> sparse.csr_array:
        """The features of the training data."""
        return self.features(self.train)

    @cached_property
    def features_by_item(self) -> sparse.csr_array:
        """The features of the training data by item, shape (n_items, n_train_users)."""
        return self.train_features.T.tocsr()

    @cached_property
    def n_repeaters(self) -> IntArray:
        """Number of users with each item in several steps, shape (n_items,)."""
        return count_repeaters(self.train)

    @cached_property
    def rows(self) -> dict[bytes, int]:
        """Row of the first user of the training data with the same orders."""
        contents = _contents(self.train)
        return {key: row for row, key in reversed(list(enumerate(contents)))}

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the items of the history that speak for each of some items, the strongest first.

        An item that was bought before speaks for itself with the part of the own profile. What a neighbour
        adds to a score is divided equally among the items that it has in common with the history; if there
        are none, it counts as popularity. Each reason has the measures of a rule in the training data.
        """
        likes, places = history.latest.of(0), np.asarray(items)
        times = np.bincount(history.item_indices, minlength=history.n_items)
        parts = zip(items, *self._parts(history, likes, places), strict=True)
        return [self._reasons(likes, times, *part)[:n_reasons] for part in parts]

    def _parts(
        self, history: Histories, likes: npt.NDArray[np.int32], items: npt.NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the parts of scores that are due to each like, and to neighbours without any of them."""
        ((_, weights),) = self.neighbours(history)
        neighbours = weights.indices
        added = weights.data[:, np.newaxis] * self.train_profiles[neighbours][:, items].toarray()
        common = self.train.matrix[neighbours][:, likes].toarray()
        n_common = common.sum(axis=1)
        shared = common / np.maximum(n_common, 1)[:, np.newaxis]
        # Not by BLAS, where the last digits depend on the number of threads.
        of_likes: FloatArray = np.einsum("ni,nl->il", added, shared)
        of_popularity: FloatArray = added[n_common == 0].sum(axis=0)
        own = self.own_weight * self.profiles(history)[:, items].toarray()[0]
        of_likes += (items[:, np.newaxis] == likes) * own[:, np.newaxis]
        return of_likes, of_popularity

    def _reasons(
        self,
        likes: npt.NDArray[np.int32],
        times: npt.NDArray[np.int64],
        item: int,
        of_likes: FloatArray,
        of_popularity: float,
    ) -> list[Reason[int]]:
        whole = float(of_likes.sum() + of_popularity)
        if whole <= 0:
            return [self.popularity.reason(item)]
        is_own = likes == item
        own, of_others = float(of_likes[is_own].sum()), np.where(is_own, 0.0, of_likes)
        reasons = [
            replace(
                reason,
                share=reason.share * float(of_others.sum()) / whole,
                times=int(times[reason.antecedents[0]]) if self.train.repeats else None,
            )
            for reason in self.reasons_of_likes(likes, item, of_others, None)
        ]
        if own > 0:
            own_times = int(times[item]) if self.train.repeats else None
            reasons.append(own_reason(item, int(self.n_repeaters[item]), own_times, own / whole))
        if of_popularity > 0:
            reasons.append(replace(self.popularity.reason(item), share=of_popularity / whole))
        return sorted(reasons, key=lambda reason: -reason.share)


def _add_product(matrix: sparse.csr_array, other: sparse.csr_array, product: FloatArray) -> None:
    """Add the product of two matrices to a third: several times as fast as the sparse product, made dense."""
    from recsys.recommenders._neighbours_kernel import add_product

    of_matrix, of_other = ((one.indptr, one.indices, one.data) for one in (matrix, other))
    add_product(*of_matrix, *of_other, product)


def _nearest(closeness: FloatArray, floor: float, n: int) -> tuple[IntArray, IntArray]:
    """Return the rows and the columns of the n highest values above the floor in each row."""
    from recsys.recommenders._neighbours_kernel import choose_nearest

    n_users, n_train = closeness.shape
    chosen = np.full((n_users, n), -1, dtype=np.int64)
    lowest = np.partition(closeness, n_train - n, axis=1)[:, n_train - n]
    choose_nearest(closeness, lowest, floor, n, chosen)
    there = chosen >= 0
    return np.nonzero(there)[0], chosen[there]


def _contents(histories: Histories) -> list[bytes]:
    """Return the orders of each user as bytes, equal for equal orders."""
    keys = histories.item_indices, -histories.step_ages, histories.rows
    lines = np.column_stack(keys[:2])[np.lexsort(keys)]
    return [lines[start:stop].tobytes() for start, stop in pairwise(histories.offsets)]
