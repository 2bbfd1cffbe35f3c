"""Index of itemsets that finds their subsets among them."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from recsys.data.factorize import positions
from recsys.mining.trie import IntArray, prefix_levels


class ItemsetIndex:
    """A trie of distinct itemsets, of which subsets may be absent.

    The items of an itemset have the order in which the set is iterated over.
    """

    def __init__(self, itemsets: Sequence[frozenset[Any]]) -> None:
        self._lengths = np.fromiter(map(len, itemsets), dtype=np.int64, count=len(itemsets))
        self._offsets = np.concatenate([[0], np.cumsum(self._lengths)])
        items = dict.fromkeys(chain.from_iterable(itemsets))
        code = {item: place for place, item in enumerate(items)}
        self._n_items = len(items)
        self._codes = np.fromiter(
            map(code.__getitem__, chain.from_iterable(itemsets)), dtype=np.int64, count=self._offsets[-1]
        )
        # Keys of the prefixes of each length, and the itemset that each is, or -1.
        self._keys, places = prefix_levels(self._lengths, self._codes, self._n_items)
        self._rows: list[IntArray] = [np.full(len(keys), -1) for keys in self._keys]
        for length, rows in enumerate(self._rows, start=1):
            these = self.of_length(length)
            rows[places[these]] = these

    @property
    def lengths(self) -> list[int]:
        """Lengths of the itemsets, ascending."""
        return [int(length) for length in np.unique(self._lengths)]

    def of_length(self, length: int) -> IntArray:
        """Return the positions of the itemsets of one length."""
        return np.flatnonzero(self._lengths == length)

    def subsets(self, rows: IntArray, length: int) -> IntArray:
        """Return the positions of all subsets of some itemsets of one length, shape (len(rows), 2**length).

        It is -1 for an absent subset. Column m is the subset whose items are the bits of m; the highest bit
        is the first item. Column 0 is -1.
        """
        codes = self._codes[self._offsets[rows][:, np.newaxis] + np.arange(length)]
        order = np.argsort(codes, axis=1)
        ascending = np.take_along_axis(codes, order, axis=1)
        masks = np.arange(2**length)
        sizes = np.bitwise_count(masks)
        last = length - np.bitwise_count((masks & -masks) - 1) - 1  # position of the lowest bit
        nodes = np.zeros((len(rows), len(masks)), dtype=np.int64)
        found = np.full((len(rows), len(masks)), -1)
        for size in range(1, length + 1):
            these = np.flatnonzero(sizes == size)
            parents = nodes[:, these & (these - 1)]
            keys = parents * self._n_items + ascending[:, last[these]]
            places, known = positions(keys, self._keys[size - 1])
            there = (parents >= 0) & known
            nodes[:, these] = np.where(there, places, -1)
            found[:, these] = np.where(there, self._rows[size - 1][places], -1)
        # From bits for the items in ascending order to bits for them in the order of the itemset.
        rank = np.argsort(order, axis=1)
        own = np.zeros_like(found)
        for position in range(length):
            bit = masks >> (length - 1 - position) & 1
            own += bit << (length - 1 - rank[:, position, np.newaxis])
        return np.take_along_axis(found, own, axis=1)
