"""Hierarchy: categories of items, as further items of transactions and histories."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data.transactions import Transactions

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Items and their categories, for generalized rules (Srikant and Agrawal, VLDB 1995).

    The extended items are the items, at their indices, and after them the categories.

    Parameters
    ----------
    items : ndarray, shape (n_items,)
        Id of each item, ascending.
    categories : ndarray of str, shape (n_categories,)
        Id of each category, different from those of the items.
    members : csr_array of bool, shape (n_items, n_categories)
        The categories of each item.
    ancestors : ndarray, shape (n_pairs, 2), int64
        Pairs of a category and a category above it.
    replaces : bool
        Whether transactions hold categories in place of their items, or beside them.
    """

    items: npt.NDArray[Any]
    categories: npt.NDArray[np.str_]
    members: sparse.csr_array
    ancestors: npt.NDArray[np.int64]
    replaces: bool

    @property
    def n_items(self) -> int:
        """Number of items, categories excluded."""
        return len(self.items)

    @cached_property
    def ids(self) -> npt.NDArray[np.str_]:
        """Id of each extended item, as text."""
        return np.concatenate([self.items.astype(np.str_), self.categories])

    @cached_property
    def columns(self) -> IntArray:
        """The extended items that transactions are over, ascending: all, or those that are not replaced."""
        own = np.arange(self.n_items)
        if self.replaces:
            own = own[np.diff(self.members.indptr) == 0]
        return np.concatenate([own, np.arange(self.n_items, len(self.ids))])

    def extend(self, transactions: Transactions) -> Transactions:
        """Return transactions over the items with their categories, over `columns`.

        An item and its category, and a category and one above it, are excluded pairs: the first implies the
        second.
        """
        matrix = sparse.hstack([transactions.matrix, transactions.matrix @ self.members], format="csr")
        item, category = self.members.nonzero()
        own = np.stack([item, category + self.n_items], axis=1)
        number = np.full(len(self.ids), -1)
        number[self.columns] = np.arange(len(self.columns))
        pairs = number[np.concatenate([own, self.ancestors + self.n_items])]
        pairs = pairs[(pairs >= 0).all(axis=1)]
        return Transactions(matrix[:, self.columns], self.ids[self.columns], transactions.ids, pairs)

    def categories_of(self, items: IntArray) -> tuple[IntArray, IntArray]:
        """Return the categories of some items: the place of each among `items`, and its extended index."""
        rows = self.members[items]
        return np.repeat(np.arange(len(items)), np.diff(rows.indptr)), rows.indices + self.n_items

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what `from_arrays` restores an equal hierarchy from, with the items."""
        return {
            "categories": self.categories,
            "member_offsets": self.members.indptr,
            "member_categories": self.members.indices,
            "ancestors": self.ancestors,
            "replaces": np.array(self.replaces),
        }

    @classmethod
    def from_arrays(cls, items: npt.NDArray[Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Restore a hierarchy; raise KeyError or ValueError if something is missing or does not agree."""
        categories, indices = arrays["categories"], arrays["member_categories"]
        ones, shape = np.ones(len(indices), dtype=np.bool_), (len(items), len(categories))
        members = sparse.csr_array((ones, indices, arrays["member_offsets"]), shape=shape)
        return cls(items, categories, members, arrays["ancestors"], bool(arrays["replaces"]))
