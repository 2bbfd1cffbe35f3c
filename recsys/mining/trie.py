"""Itemsets as a prefix trie: made of lists of items, and indexed for look-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    from recsys.mining._trie_kernel import Trie

IntArray = npt.NDArray[np.integer[Any]]


def prefix_levels(lengths: IntArray, flat: IntArray, n_items: int) -> tuple[list[IntArray], IntArray]:
    """Return the distinct prefixes of some itemsets by length, and where each itemset is among them.

    `lengths`, shape (n,), are the numbers of items; itemsets may repeat. `flat` are their items, end to end,
    from 0 to n_items - 1, in any order within an itemset. A level has a key for each prefix, ascending: the
    place of the prefix without its largest item in the level before, times n_items, plus that item. The
    places, shape (n,), are those of the itemsets in the levels of their lengths.
    """
    starts = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(len(lengths)), lengths)
    ascending = np.sort(owners * n_items + flat) % max(n_items, 1)
    places = np.zeros(len(lengths), dtype=np.int64)
    levels = []
    for position in range(int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > position)
        keys, places[longer] = factorize(places[longer] * n_items + ascending[starts[longer] + position])
        levels.append(keys)
    return levels, places


def make_trie(
    parents: IntArray, last_items: IntArray, counts: IntArray, offsets: IntArray, n_items: int
) -> Trie:
    """Index the arrays of a FrequentItemsets for look-ups.

    Raises DataFormatError if a subset of an itemset is missing, or a count, as in rules read from a file.
    """
    # Imported here: Numba takes a second, and reading or ranking itemsets does not need it.
    from recsys.mining import _trie_kernel as kernel

    n_itemsets, max_length = len(parents), len(offsets) - 1
    lengths = np.arange(1, max_length + 1)
    starts = np.concatenate(([0], np.cumsum(lengths * np.diff(offsets))))
    bases = np.zeros(max_length + 1, dtype=np.int64)
    bases[1:] = starts[:-1] - lengths * offsets[:-1]
    children = np.bincount(parents + 1, minlength=n_itemsets + 1)
    trie = kernel.Trie(
        parents=parents.astype(np.int32),
        last_items=last_items.astype(np.int32),
        child_starts=np.concatenate(([0], np.cumsum(children))).astype(np.int32),
        bases=bases,
        table=np.empty(starts[-1], dtype=np.int32),
    )
    singles = np.full(n_items, -1, dtype=np.int32)
    n_singles = int(offsets[1]) if max_length else 0
    singles[last_items[:n_singles]] = np.arange(n_singles)
    if kernel.fill_table(trie, offsets.astype(np.int64), singles) >= 0 or (counts < 1).any():
        raise DataFormatError(
            "Rules need all frequent itemsets, as recsys.mine returns them: "
            "some itemset is there without a subset of it, or without its count."
        )
    return trie
