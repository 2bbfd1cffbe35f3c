"""Frequent itemsets, stored as a prefix trie in a defined order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import BudgetError, DataFormatError, OutputError
from recsys.mining.support import min_count
from recsys.parameters import require_path

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class FrequentItemsets:
    """All frequent itemsets of some transactions, ordered by length, then by their items.

    Each itemset is its longest prefix (another frequent itemset) and one more item, the largest. The position
    of an itemset in the order is its index: `parents`, the rules and every lookup speak of itemsets by it.

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
        Number of transactions that were mined.
    min_support : float
        Minimum support of the search, in (0, 1].
    max_len : int or None
        Maximum length of the search; None is no limit.
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
    def from_levels(
        cls,
        matrices: Sequence[IntArray],
        counts: Sequence[IntArray],
        *,
        items: npt.NDArray[Any],
        n_transactions: int,
        min_support: float,
        max_len: int | None = None,
    ) -> FrequentItemsets:
        """Put itemsets that came in any order into the defined one.

        Parameters
        ----------
        matrices : sequence of ndarray, the k-th of shape (n_k, k), int
            Item indices of the itemsets of length k = 1, 2, ...; rows and the items in a row in any order.
            The subsets of an itemset must be there too, as they are among frequent itemsets.
        counts : sequence of ndarray, the k-th of shape (n_k,), int
            Number of transactions that hold each itemset.
        items, n_transactions, min_support, max_len
            As for the class.
        """
        parents: list[IntArray] = [np.empty(0, dtype=np.int64)]
        last_items: list[IntArray] = [np.empty(0, dtype=np.int32)]
        sorted_counts: list[IntArray] = [np.empty(0, dtype=np.int64)]
        level_keys: list[IntArray] = []
        offsets = [0]
        for matrix, level_counts in zip(matrices, counts, strict=True):
            rows = np.sort(matrix, axis=1)
            order = np.lexsort(rows.T[::-1])
            rows = rows[order]
            # Walk down the trie built so far: one column finds the child of what the columns before it found.
            parent = np.full(len(rows), -1, dtype=np.int64)
            for keys, offset, column in zip(level_keys, offsets, rows.T, strict=False):
                parent = offset + np.searchsorted(keys, _trie_key(parent, column, len(items)))
            level_keys.append(_trie_key(parent, rows[:, -1], len(items)))
            parents.append(parent)
            last_items.append(rows[:, -1].astype(np.int32))
            sorted_counts.append(level_counts[order].astype(np.int64))
            offsets.append(offsets[-1] + len(rows))
        return cls(
            parents=np.concatenate(parents),
            last_items=np.concatenate(last_items),
            counts=np.concatenate(sorted_counts),
            offsets=np.asarray(offsets),
            items=items,
            n_transactions=n_transactions,
            min_support=min_support,
            max_len=max_len,
        )

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
        return self.flatten(np.arange(len(self))[self._indices(length)])[1].reshape(-1, length)

    def level_counts(self, length: int) -> IntArray:
        """Return the counts of the itemsets of one length, shape (n_k,), int64, in the order of `level`."""
        return self.counts[self._indices(length)]

    def flatten(self, indices: IntArray) -> tuple[IntArray, IntArray]:
        """Return the items of some itemsets, end to end.

        Parameters
        ----------
        indices : ndarray, shape (n,), int
            Indices of itemsets, in any order, of any lengths.

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

    def subsets(self, length: int) -> IntArray:
        """Return the index of each itemset of one length without each of its items.

        Returns
        -------
        ndarray, shape (n_k, length), int64
            Column j holds the index of the itemset without its j-th item; -1 throughout for a length of 1.

        Notes
        -----
        Without its last item an itemset is its parent. Without another one it is the child, by the last item,
        of the parent without that one; so one length follows from the one before it.
        """
        if length not in self._subsets:
            parents, last_items = self.parents[self._indices(length)], self.last_items[self._indices(length)]
            table = np.empty((len(parents), length), dtype=np.int64)
            table[:, -1] = parents
            if length > 1:
                shorter = self.subsets(length - 1)[parents - self.offsets[length - 2]]
                table[:, :-1] = self._children(shorter, last_items[:, np.newaxis], length - 1)
            self._subsets[length] = table
        return self._subsets[length]

    def to_frame(self) -> pd.DataFrame:
        """Return the frame that mlxtend's `apriori(..., use_colnames=True)` returns: support, itemsets."""
        import pandas as pd

        itemsets = pd.Series(self.frozensets(np.arange(len(self))), dtype=object)
        return pd.DataFrame({"support": self.supports, "itemsets": itemsets})

    def to_parquet(self, path: str | Path, indices: IntArray | None = None) -> None:
        """Write itemsets to a Parquet file: `itemsets` (lists of item ids), `support_count`, `support`.

        Parameters
        ----------
        path : str or Path
        indices : ndarray, shape (n,), int, optional
            Which; all unless given.

        Raises
        ------
        ParameterError
            If the path is none.
        DataFormatError
            If the item ids have no type in Arrow: integers beyond 64 bits, tuples of text and numbers.
        OutputError
            If the file cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = require_path("path", path)
        chosen = np.arange(len(self)) if indices is None else indices
        offsets, items = self.flatten(chosen)
        ids = ids_in_arrow(self.items).take(pa.array(items))
        columns = {
            "itemsets": pa.LargeListArray.from_arrays(pa.array(offsets), ids),
            "support_count": self.counts[chosen],
            "support": self.supports[chosen],
        }
        try:
            pq.write_table(pa.table(columns), path)
        except OSError as error:
            raise OutputError(f"The itemsets cannot be written to {path}: {error}.") from error

    def frozensets(self, indices: IntArray) -> list[frozenset[Any]]:
        """Return the item ids of some itemsets; the same object where an index repeats."""
        unique, inverse = np.unique(indices, return_inverse=True)
        offsets, flat = self.flatten(unique)
        ids = self.items[flat].tolist()
        bounds = offsets.tolist()
        sets = [frozenset(ids[start:stop]) for start, stop in pairwise(bounds)]
        return [sets[place] for place in inverse.tolist()]

    def _indices(self, length: int) -> slice:
        if not 1 <= length <= self.max_length:
            return slice(0, 0)
        return slice(int(self.offsets[length - 1]), int(self.offsets[length]))

    @cached_property
    def _keys(self) -> IntArray:
        # Ascending in the defined order, so that a child is found by bisection.
        return _trie_key(self.parents, self.last_items, len(self.items))

    @cached_property
    def _subsets(self) -> dict[int, IntArray]:
        return {}

    def _children(self, parents: IntArray, last_items: IntArray, length: int) -> IntArray:
        """Return the indices of the itemsets of one length that have these parents and last items."""
        level = self._indices(length)
        keys = _trie_key(parents, last_items, len(self.items))
        children: IntArray = np.searchsorted(self._keys[level], keys) + self.offsets[length - 1]
        return children


def ids_in_arrow(items: npt.NDArray[Any]) -> pa.Array:
    """Return item ids as an Arrow array; raise DataFormatError where there is no type for them."""
    import pyarrow as pa

    # Of no items at all, only the type of the array tells what they would be.
    types = {"i": pa.int64(), "u": pa.int64(), "U": pa.string()}
    try:
        return pa.array(items.tolist(), None if len(items) else types.get(items.dtype.kind))
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataFormatError(
            f"Item ids must have a type in Arrow, to be written: integers of 64 bits, or text. {reason}. "
            "Make the transactions with other ids, for example str(item)."
        ) from error


def _trie_key(parents: IntArray, last_items: IntArray, n_items: int) -> IntArray:
    """Return one int64 for a (parent, last item), ordered as the pair."""
    if (int(parents.max(initial=0)) + 1) * n_items >= 2**63:
        raise BudgetError(
            f"{parents.max():,} itemsets of {n_items:,} items are too many to index. Raise min_support."
        )
    return parents.astype(np.int64) * n_items + last_items
