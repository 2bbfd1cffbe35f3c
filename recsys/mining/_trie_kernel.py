"""Numba kernel of look-ups among frequent itemsets."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel

IntArray = npt.NDArray[np.integer[Any]]


class Trie(NamedTuple):
    """Frequent itemsets, indexed for look-ups.

    The itemset without the j-th of its k items is table[bases[k] + k * index + j]; the children of an itemset
    (one item more, the largest) are those from child_starts[index + 1] to child_starts[index + 2] - 1.
    """

    parents: IntArray
    last_items: IntArray
    child_starts: IntArray
    bases: IntArray
    table: IntArray


@kernel
def child(trie: Trie, index: int, item: int) -> int:
    """Return the index of an itemset with one item more, larger than all; -1 if it is not frequent."""
    low, high = trie.child_starts[index + 1], trie.child_starts[index + 2]
    stop = high
    while low < high:
        middle = (low + high) // 2
        if trie.last_items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low if low < stop and trie.last_items[low] == item else -1


@kernel
def fill_table(trie: Trie, offsets: IntArray, singles: IntArray) -> int:
    """Fill the table of a trie; return the first itemset that lacks a subset, -1 if none does.

    Without its last item an itemset is its parent. Without another one it is the child, by the last item, of
    the parent without that one; so one length follows from the one before it.

    `singles`, shape (n_items,), is the index of the itemset of each item alone, -1 if it is not frequent.
    """
    for length in range(1, len(offsets)):
        base, shorter = trie.bases[length], trie.bases[length - 1]
        for index in range(offsets[length - 1], offsets[length]):
            parent, item = trie.parents[index], trie.last_items[index]
            place = base + length * index
            trie.table[place + length - 1] = parent
            for position in range(length - 1):
                if length == 2:
                    found = singles[item]
                else:
                    found = child(trie, trie.table[shorter + (length - 1) * parent + position], item)
                if found < 0:
                    return index
                trie.table[place + position] = found
    return -1
