"""Frequent itemsets, stored as a prefix trie in a defined order."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.mining.arrow import ids_in_arrow, in_arrow, write_tables
from recsys.mining.support import min_count
from recsys.mining.trie import IntArray, make_trie, prefix_levels

if TYPE_CHECKING:
    import pandas as pd

    from recsys.mining._trie_kernel import Trie


@dataclass(frozen=True, eq=False, repr=False)
class FrequentItemsets:
    """All frequent itemsets of some transactions, ordered by length, then by their items.

    Each itemset is its longest prefix, another frequent itemset, and its largest item. The position of an
    itemset in the order is its index.

    Parameters
    ----------
    parents : ndarray, shape (n_itemsets,), int64
        Index of the itemset without its last item; -1 for itemsets of one item.
    last_items : ndarray, shape (n_itemsets,), int32
        Item index, a position in `items`, of the last item.
    counts : ndarray, shape (n_itemsets,), int64
        Number of transactions that hold the itemset.
    offsets : ndarray, shape (max_length + 1,), int64
        The itemsets of length k have the indices offsets[k - 1] to offsets[k] - 1.
    items : ndarray, shape (n_items,)
        Id of each item, frequent or not: the vocabulary of the transactions.
    n_transactions : int
        Number of transactions.
    min_support : float
        Minimum support, in (0, 1].
    max_len : int or None
        Maximum length; None: no limit.
    """

    parents: IntArray
    last_items: IntArray
    counts: IntArray
    offsets: IntArray
    items: npt.NDArray[Any]
    n_transactions: int
    min_support: float
    max_len: int | None = None

    @classmethod
    def from_flat(
        cls, lengths: IntArray, flat: IntArray, counts: IntArray, *, items: npt.NDArray[Any], **facts: Any
    ) -> tuple[FrequentItemsets, IntArray]:
        """Put itemsets into the defined order, with their prefixes.

        `lengths` and `counts`, shape (n,), are the numbers of items and of transactions of each itemset, in
        any order; the last of equal ones counts. `flat` are the item indices, end to end, in any order within
        an itemset. `facts` are `n_transactions`, `min_support` and `max_len` of the result.

        Returns
        -------
        itemsets : FrequentItemsets
            The count of a prefix that is not among the given itemsets is -1.
        indices : ndarray, shape (n,), int64
            Index of each given itemset.
        """
        levels, places = prefix_levels(lengths, flat, len(items))
        offsets = np.cumsum([0, *map(len, levels)])
        keys = np.concatenate([np.empty(0, dtype=np.int64), *levels])
        starts = np.repeat(np.concatenate(([-1], offsets))[: len(levels)], np.diff(offsets))
        parents, last_items = np.divmod(keys, max(len(items), 1))
        indices = places + offsets[lengths - 1]
        all_counts = np.full(len(keys), -1, dtype=np.int64)
        all_counts[indices] = counts
        itemsets = cls(parents + starts, last_items.astype(np.int32), all_counts, offsets, items, **facts)
        return itemsets, indices

    @classmethod
    def from_levels(
        cls, matrices: Sequence[IntArray], counts: Sequence[IntArray], **facts: Any
    ) -> FrequentItemsets:
        """Put itemsets, as matrices of shape (n_k, k), into the defined order; see `from_flat`."""
        lengths = np.repeat(np.arange(1, len(matrices) + 1), [len(matrix) for matrix in matrices])
        nothing = np.empty(0, dtype=np.int64)
        flat = np.concatenate([nothing, *(matrix.ravel() for matrix in matrices)])
        return cls.from_flat(lengths, flat, np.concatenate([nothing, *counts]), **facts)[0]

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        return (
            f"FrequentItemsets(n_itemsets={len(self)}, max_length={self.max_length}, "
            f"n_transactions={self.n_transactions}, min_support={self.min_support})"
        )

    @property
    def max_length(self) -> int:
        """Length of the longest frequent itemset; 0 if there is none."""
        return len(self.offsets) - 1

    @property
    def min_count(self) -> int:
        """Smallest count that reaches `min_support`."""
        return min_count(self.min_support, self.n_transactions)

    @property
    def supports(self) -> npt.NDArray[np.float64]:
        """Fraction of the transactions that hold each itemset, shape (n_itemsets,)."""
        return np.divide(self.counts, max(self.n_transactions, 1), dtype=np.float64)

    def level(self, length: int) -> IntArray:
        """Return the item indices of the itemsets of one length, shape (n_k, length), int32, in order."""
        return self.flatten(np.arange(len(self))[self.indices(length)])[1].reshape(-1, length)

    def level_counts(self, length: int) -> IntArray:
        """Return the counts of the itemsets of one length, shape (n_k,), int64, in the order of `level`."""
        return self.counts[self.indices(length)]

    def flatten(self, indices: IntArray) -> tuple[IntArray, IntArray]:
        """Return the items of some itemsets, in any order and of any lengths, end to end.

        Returns
        -------
        offsets : ndarray, shape (n + 1,), int64
            Where each itemset starts; the last entry is the total.
        item_indices : ndarray, shape (offsets[-1],), int32
            The item indices, ascending within each itemset.
        """
        lengths = np.searchsorted(self.offsets, indices, side="right")
        offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        flat = np.empty(offsets[-1], dtype=np.int32)
        nodes, places = np.asarray(indices), offsets[1:]
        while len(nodes):
            places = places - 1
            flat[places] = self.last_items[nodes]
            nodes = self.parents[nodes]
            inside = nodes >= 0
            nodes, places = nodes[inside], places[inside]
        return offsets, flat

    @cached_property
    def trie(self) -> Trie:
        """The itemsets indexed for look-ups; see `recsys.mining.trie.make_trie`."""
        return make_trie(self.parents, self.last_items, self.counts, self.offsets, len(self.items))

    def subsets(self, length: int) -> IntArray:
        """Return the index of each itemset of one length less its j-th item, shape (n_k, length), or -1."""
        start, stop = self.trie.bases[length] + length * self.offsets[length - 1 : length + 1]
        return self.trie.table[start:stop].reshape(-1, length)

    def to_frame(self, indices: IntArray | None = None) -> pd.DataFrame:
        """Return itemsets, all by default, as mlxtend's `apriori(..., use_colnames=True)` does."""
        import pandas as pd

        chosen = np.arange(len(self)) if indices is None else indices
        itemsets = pd.Series(self.frozensets(chosen), dtype=object)
        return pd.DataFrame({"support": self.supports[chosen], "itemsets": itemsets})

    def to_parquet(self, path: str | Path, indices: IntArray | None = None) -> None:
        """Write itemsets, all by default, as `itemsets` (lists of item ids), `support_count` and `support`.

        Raises ParameterError, DataFormatError or OutputError if the path is invalid, the item ids have no
        type in Arrow, or the file cannot be written.
        """
        import pyarrow as pa

        chosen = np.arange(len(self)) if indices is None else indices
        offsets, items = self.flatten(chosen)
        ids = ids_in_arrow(self.items).take(in_arrow(items))
        table = pa.table(
            {
                "itemsets": pa.LargeListArray.from_arrays(in_arrow(offsets), ids),
                "support_count": in_arrow(self.counts[chosen]),
                "support": in_arrow(self.supports[chosen]),
            }
        )
        write_tables("itemsets", path, table.schema, [table])

    def frozensets(self, indices: IntArray) -> list[frozenset[Any]]:
        """Return the item ids of some itemsets; the same object where an index repeats."""
        unique, inverse = np.unique(indices, return_inverse=True)
        bounds = np.searchsorted(unique, self.offsets).tolist()
        sets: list[frozenset[Any]] = []
        with no_garbage_collection():
            for length, (start, stop) in enumerate(pairwise(bounds), start=1):
                items = self.flatten(unique[start:stop])[1].reshape(-1, length)
                # A zip of columns: no Python code runs for each itemset.
                columns = [self.items[column].tolist() for column in items.T]
                sets.extend(map(frozenset, zip(*columns, strict=True)))
            return [sets[place] for place in inverse.tolist()]

    def indices(self, length: int) -> slice:
        """Return the indices of the itemsets of one length, as a slice."""
        if not 1 <= length <= self.max_length:
            return slice(0, 0)
        return slice(int(self.offsets[length - 1]), int(self.offsets[length]))


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Switch the collector off: it takes most of the time where millions of sets are made that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
