"""The compiled part of the bitset engine: arrays in, arrays out.

Items are numbered 0, 1, ..., only the frequent ones. Transactions come twice: by transaction (`row_starts`,
`row_items`: the items of each, ascending) and by item (`item_starts`, `item_rows`: the transactions that hold
it, ascending), each in the manner of a CSR matrix. Loops stand where a slice would do: slices take far
longer to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.extending import intrinsic

IntArray = npt.NDArray[np.integer[Any]]
Function = TypeVar("Function", bound=Callable[..., Any])

WORD = 64  # bits


def kernel(function: Function) -> Function:
    """Compile at the first call, keep the machine code on disk, and let other threads run meanwhile."""
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        # No folder that Numba could write to, as in a read-only installation: compile once a process.
        return cast(Function, njit(nogil=True)(function))


@intrinsic
def _ctpop(_context: Any, word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@kernel
def popcount(word: np.uint64) -> int:
    """Return the number of ones in a word of 64 bits; one machine instruction."""
    return np.int64(_ctpop(word))  # type: ignore[call-arg, return-value]


@kernel
def resized(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Return the array, or a copy with twice the room needed if it is shorter than `size`."""
    if size <= len(array):
        return array
    larger = np.empty(2 * size, dtype=array.dtype)
    for place in range(len(array)):
        larger[place] = array[place]
    return larger


@kernel
def frequent_pairs(
    row_starts: IntArray, row_items: IntArray, item_starts: IntArray, item_rows: IntArray, min_count: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Count all pairs by occurrence delivery (LCM: Uno, Kiyomi, Arimura, FIMI 2004, section 3.2).

    Each item is delivered, in the transactions that hold it, to every later item there: this counts all pairs
    of the item at once, in time that the data alone decides, not the number of candidates.

    Returns
    -------
    pair_starts : ndarray, shape (n_items + 1,), int64
        The pairs whose first item is i are those from pair_starts[i] to pair_starts[i + 1] - 1.
    second_items : ndarray, shape (n_pairs,), int32
        Second item of each frequent pair, ascending for one first item.
    counts : ndarray, shape (n_pairs,), int64
        Number of transactions that hold the pair.
    """
    n_items = len(item_starts) - 1
    # Items come in ascending order, and so do those of a row: the items after this one are the row's rest.
    rest = np.empty(len(row_starts) - 1, dtype=np.int64)
    for row in range(len(rest)):
        rest[row] = row_starts[row]
    delivered = np.zeros(n_items, dtype=np.int64)
    pair_starts = np.zeros(n_items + 1, dtype=np.int64)
    second_items = np.empty(n_items, dtype=np.int32)
    counts = np.empty(n_items, dtype=np.int64)
    size = 0
    for item in range(n_items):
        for later in range(item + 1, n_items):
            delivered[later] = 0
        for entry in range(item_starts[item], item_starts[item + 1]):
            row = item_rows[entry]
            rest[row] += 1
            for place in range(rest[row], row_starts[row + 1]):
                delivered[row_items[place]] += 1
        second_items = resized(second_items, size + n_items)
        counts = resized(counts, size + n_items)
        for later in range(item + 1, n_items):
            if delivered[later] >= min_count:
                second_items[size] = later
                counts[size] = delivered[later]
                size += 1
        pair_starts[item + 1] = size
    return pair_starts, second_items[:size], counts[:size]


@kernel
def longer_itemsets(
    first: int,
    row_starts: IntArray,
    row_items: IntArray,
    item_starts: IntArray,
    item_rows: IntArray,
    pair_starts: IntArray,
    second_items: IntArray,
    min_count: int,
    max_len: int,
    slots: IntArray,
    found: IntArray,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Find the itemsets of three items and more that start with one item (Eclat: Zaki, TKDE 2000).

    The partners of the item become bit sets over the transactions that hold it; a depth-first search combines
    them by AND and popcount.

    Parameters
    ----------
    first : int
        The item that the itemsets start with.
    pair_starts, second_items
        From `frequent_pairs`.
    slots : ndarray, shape (n_items,), int64
        Room to work in: -1 throughout, before and after.
    found : ndarray, shape (n_items + 2,), int64
        Number of itemsets found so far of each length; counted on.

    Returns
    -------
    lengths : ndarray, shape (n,), int16
        Number of items; an itemset of n items has 2**n subsets, all frequent, so this is far below 2**15.
    parents : ndarray, shape (n,), int64
        Position of the itemset without its last item among those found of its length.
    last_items : ndarray, shape (n,), int32
    counts : ndarray, shape (n,), int64
    """
    n_extensions = pair_starts[first + 1] - pair_starts[first]
    n_rows = item_starts[first + 1] - item_starts[first]
    n_words = (n_rows + WORD - 1) // WORD

    # A level of the search is a prefix with its extensions: items that make it a longer frequent itemset. The
    # levels lie on a stack: `extensions` and, in step, their bit sets in `words`.
    extensions = np.empty(2 * n_extensions, dtype=np.int32)
    words = np.zeros(2 * n_extensions * n_words, dtype=np.uint64)
    level_start = np.zeros(n_extensions + 2, dtype=np.int64)  # first extension of each level
    level_next = np.zeros(n_extensions + 2, dtype=np.int64)  # next extension to be added to the prefix
    level_found = np.zeros(n_extensions + 2, dtype=np.int64)  # where the first stands among its length

    for slot in range(n_extensions):
        extensions[slot] = second_items[pair_starts[first] + slot]
        slots[extensions[slot]] = slot
    for bit in range(n_rows):
        row = item_rows[item_starts[first] + bit]
        for place in range(row_starts[row], row_starts[row + 1]):
            slot = slots[row_items[place]]
            if slot >= 0:
                words[slot * n_words + bit // WORD] |= np.uint64(1) << np.uint64(bit % WORD)
    for slot in range(n_extensions):
        slots[extensions[slot]] = -1

    lengths = np.empty(1024, dtype=np.int16)
    parents = np.empty(1024, dtype=np.int64)
    last_items = np.empty(1024, dtype=np.int32)
    counts = np.empty(1024, dtype=np.int64)
    size = 0
    level = 0
    level_start[1] = n_extensions
    level_found[0] = pair_starts[first]
    while level >= 0:
        chosen = level_next[level]
        stop = level_start[level + 1]
        if chosen + 1 >= stop:  # the last extension has no later one to be combined with
            level -= 1
            continue
        level_next[level] += 1
        length = level + 3
        n_candidates = stop - chosen - 1
        extensions = resized(extensions, stop + n_candidates)
        words = resized(words, (stop + n_candidates) * n_words)
        lengths = resized(lengths, size + n_candidates)
        parents = resized(parents, size + n_candidates)
        last_items = resized(last_items, size + n_candidates)
        counts = resized(counts, size + n_candidates)

        pair = pair_starts[extensions[chosen]]
        last_pair = pair_starts[extensions[chosen] + 1]
        parent = level_found[level] + chosen - level_start[level]
        new = stop
        for other in range(chosen + 1, stop):
            # On the first level most triples fail, and most of those because the two items are no pair.
            if level == 0:
                while pair < last_pair and second_items[pair] < extensions[other]:
                    pair += 1
                if pair == last_pair:
                    break
                if second_items[pair] != extensions[other]:
                    continue
            count = 0
            for word in range(n_words):
                both = words[chosen * n_words + word] & words[other * n_words + word]
                words[new * n_words + word] = both
                count += popcount(both)
            if count >= min_count:
                extensions[new] = extensions[other]
                lengths[size] = length
                parents[size] = parent
                last_items[size] = extensions[other]
                counts[size] = count
                size += 1
                new += 1
        if new - stop > 1 and length < max_len:
            level_found[level + 1] = found[length]
            level_start[level + 1] = level_next[level + 1] = stop
            level_start[level + 2] = new
            level += 1
        found[length] += new - stop
    return lengths[:size], parents[:size], last_items[:size], counts[:size]


@kernel
def with_item(columns: IntArray, parents: IntArray, items: IntArray) -> IntArray:
    """Add an item to each of some itemsets, so that its items stay ascending.

    Parameters
    ----------
    columns : ndarray, shape (k, m), int32
        An itemset a column: the sorts below read one row at a time.
    parents : ndarray, shape (n,), int64
        Which itemset each new one is made of.
    items : ndarray, shape (n,), int32

    Returns
    -------
    ndarray, shape (k + 1, n), int32
    """
    length = columns.shape[0]
    longer = np.empty((length + 1, len(parents)), dtype=np.int32)
    for new in range(len(parents)):
        item, place = items[new], length
        while place > 0 and columns[place - 1, parents[new]] > item:
            longer[place, new] = columns[place - 1, parents[new]]
            place -= 1
        longer[place, new] = item
        for before in range(place):
            longer[before, new] = columns[before, parents[new]]
    return longer


@kernel
def lexicographic_order(columns: IntArray, n_items: int) -> IntArray:
    """Return the order that sorts itemsets lexicographically: counting sorts, the last item first.

    Parameters
    ----------
    columns : ndarray, shape (k, n), int32
        An itemset a column, of values from 0 to n_items - 1.

    Returns
    -------
    ndarray, shape (n,), int64
    """
    length, n_itemsets = columns.shape
    order = np.empty(n_itemsets, dtype=np.int64)
    for place in range(n_itemsets):
        order[place] = place
    following = np.empty(n_itemsets, dtype=np.int64)
    starts = np.empty(n_items + 1, dtype=np.int64)
    for position in range(length - 1, -1, -1):
        for item in range(n_items + 1):
            starts[item] = 0
        for place in range(n_itemsets):
            starts[columns[position, place] + 1] += 1
        for item in range(n_items):
            starts[item + 1] += starts[item]
        for place in range(n_itemsets):
            item = columns[position, order[place]]
            following[starts[item]] = order[place]
            starts[item] += 1
        order, following = following, order
    return order


@kernel
def prefix_positions(columns: IntArray, shorter: IntArray) -> IntArray:
    """Return where each itemset without its last item stands among the shorter ones.

    Parameters
    ----------
    columns, shorter : ndarray, shape (k, n) and (k - 1, m), int32
        An itemset a column, both in lexicographic order; every prefix is there.

    Returns
    -------
    ndarray, shape (n,), int64
    """
    positions = np.empty(columns.shape[1], dtype=np.int64)
    position = 0
    for place in range(len(positions)):
        item = len(shorter) - 1  # the last item of the prefix changes most often
        while item >= 0:
            if columns[item, place] == shorter[item, position]:
                item -= 1
            else:
                position += 1
                item = len(shorter) - 1
        positions[place] = position
    return positions
