"""Numba kernels of rules in order."""

import numpy as np

from recsys.kernel import kernel
from recsys.mining.trie import IntArray

DIGIT = 13  # bits
DIGITS = 5  # of 64 bits in all


@kernel
def stable_order(groups: IntArray, n_groups: int, keys: IntArray, room: IntArray) -> IntArray:
    """Return the order by key, then group, then position: a counting sort, then a radix sort.

    Radix sort is Knuth's algorithm R (The Art of Computer Programming 3, section 5.2.5), from the least
    significant digit; a digit that is the same in all keys costs nothing.

    `groups` are from 0 to n_groups - 1, `keys` are ordered as unsigned integers, shape (n,) each. `room`,
    shape (4, n), is working memory; the result is a row of it.
    """
    size = len(keys)
    starts = np.zeros(n_groups + 1, dtype=np.int64)
    counts = np.zeros((DIGITS, 1 << DIGIT), dtype=np.int64)
    for place in range(size):
        starts[groups[place] + 1] += 1
        key = keys[place]
        for digit in range(DIGITS):
            counts[digit, (key >> (DIGIT * digit)) & ((1 << DIGIT) - 1)] += 1
    for group in range(n_groups):
        starts[group + 1] += starts[group]
    order, ordered, next_order, next_ordered = room[0], room[1], room[2], room[3]  # positions, keys
    for place in range(size):
        group = groups[place]
        order[starts[group]] = place
        ordered[starts[group]] = keys[place]
        starts[group] += 1
    for digit in range(DIGITS):
        total = 0
        trivial = False
        for value in range(1 << DIGIT):
            count = counts[digit, value]
            trivial = trivial or count == size
            counts[digit, value] = total
            total += count
        if trivial:
            continue
        for place in range(size):
            key = ordered[place]
            value = (key >> (DIGIT * digit)) & ((1 << DIGIT) - 1)
            target = counts[digit, value]
            counts[digit, value] += 1
            next_order[target] = order[place]
            next_ordered[target] = key
        order, next_order = next_order, order
        ordered, next_ordered = next_ordered, ordered
    return order  # type: ignore[no-any-return]


@kernel
def renumber(sides: IntArray, n_rules: int, places: IntArray) -> IntArray:
    """Return those of the first rules whose itemset has a new index, by new indices, in order.

    `sides`, shape (3, at least n_rules), are indices of antecedents, of consequents and of both together;
    `places` the new index of each, -1 for none. The result has the shape (3, n_kept), int64. The sides are
    given whole, because a part is an array of another type, for which the kernel would be compiled again.
    """
    result = np.empty((3, n_rules), dtype=np.int64)
    n_kept = 0
    for rule in range(n_rules):
        place = places[sides[2, rule]]
        if place >= 0:
            result[0, n_kept] = places[sides[0, rule]]
            result[1, n_kept] = places[sides[1, rule]]
            result[2, n_kept] = place
            n_kept += 1
    return result[:, :n_kept]
