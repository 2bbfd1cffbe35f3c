"""Shares of items in their categories: how rules to a category recommend its items."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Popularity

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class CategoryShares:
    """P(item | category): the users with the item, among those with any item of the category.

    A rule to a category recommends the best items of it, the most popular ones. The score of an item is that
    of the rules that lead to it; if none does, it is the highest share of a category's score.

    Parameters
    ----------
    shares : csr_array, shape (n_categories, n_items)
        In (0, 1] for the items of a category.
    """

    shares: sparse.csr_array

    @classmethod
    def of(cls, train: Histories) -> Self:
        """Count the users of each item and category; without a hierarchy there are no categories."""
        if train.hierarchy is None:
            return cls(sparse.csr_array((0, train.n_items)))
        counts = Popularity.of(train.extend(train.hierarchy)).counts
        item, category = train.hierarchy.members.nonzero()
        shares = counts[item] / counts[category + train.n_items]
        shape = len(train.hierarchy.categories), train.n_items
        return cls(sparse.csr_array(sparse.coo_array((shares, (category, item)), shape=shape)))

    def scores(self, extended: FloatArray) -> FloatArray:
        """Return the scores of items, shape (n_users, n_items), by those of the extended items."""
        n_categories, n_items = self.shares.shape
        own, by_category = extended[:, :n_items], np.zeros((len(extended), n_items))
        for category in range(n_categories):
            items, shares = self._of(category)
            scores = extended[:, [n_items + category]] * shares
            by_category[:, items] = np.maximum(by_category[:, items], scores)
        return np.where(own > 0, own, by_category)

    def sources(self, extended: FloatArray, items: IntArray) -> IntArray:
        """Return the extended items that the scores of some items of a user come from: item or category.

        `extended` has shape (n_extended,); of categories that give an equal score it is the first.
        """
        n_categories, n_items = self.shares.shape
        by_category = self.shares[:, items].toarray() * extended[n_items:, np.newaxis]
        if not n_categories:
            return items
        best = by_category.argmax(axis=0)
        found: IntArray = np.where(
            (extended[items] > 0) | (by_category.max(axis=0) <= 0), items, n_items + best
        )
        return found

    def _of(self, category: int) -> tuple[IntArray, FloatArray]:
        """Return the items of a category and their shares."""
        place = slice(self.shares.indptr[category], self.shares.indptr[category + 1])
        return self.shares.indices[place], self.shares.data[place]
