"""Numba kernel of rule generation.

A subset of the k items of an itemset is a mask, whose bit j says whether it contains the j-th item.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel
from recsys.mining._trie_kernel import Trie, child
from recsys.mining.trie import IntArray

IN_ANTECEDENT, IN_CONSEQUENT = 1, 2  # the item may be on that side
OF_ANTECEDENT, OF_CONSEQUENT = 4, 8  # the item must be on that side


class Plan(NamedTuple):
    """How to split the itemsets of one length: steps that find the subsets, then pairs of them.

    The subsets have slots: the itemset itself slot 0, then those of `down`, then those of `up`.
    """

    down: IntArray  # slot of a larger subset, its size, position of the item to remove
    up: IntArray  # slot of a smaller subset, -1 for the empty one, position of the item added
    sides: IntArray  # slots of antecedent and consequent, mask of the antecedent


@kernel
def split(
    trie: Trie, plan: Plan, length: int, first: int, stop: int, flags: IntArray, n_musts: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Split the itemsets `first` to `stop - 1`, of one length, in all the ways of a plan.

    `flags`, shape (n_items,), are the sides that an item may and must be on; shape (0,): no constraints.
    `n_musts` are the numbers of items that must be in the antecedent and in the consequent. Returns the
    indices of antecedents, of consequents and of both together, by itemset, int32.
    """
    n_down = len(plan.down)
    everything = (1 << length) - 1
    index = np.empty(1 + n_down + len(plan.up), dtype=np.int64)
    items = np.empty(length, dtype=np.int64)
    room = (stop - first) * len(plan.sides)
    antecedents = np.empty(room, dtype=np.int32)
    consequents = np.empty(room, dtype=np.int32)
    itemsets = np.empty(room, dtype=np.int32)
    found = 0
    for itemset in range(first, stop):
        node = itemset
        left = right = everything  # items that may be there
        of_left = of_right = 0  # items that must be there
        if len(flags) or len(plan.up):
            for position in range(length - 1, -1, -1):
                items[position] = trie.last_items[node]
                node = trie.parents[node]
        if len(flags):
            n_left = n_right = left = right = 0
            for position in range(length):
                flag = flags[items[position]]
                bit = 1 << position
                if flag & IN_ANTECEDENT:
                    left |= bit
                if flag & IN_CONSEQUENT:
                    right |= bit
                if flag & OF_ANTECEDENT:
                    of_left |= bit
                    n_left += 1
                if flag & OF_CONSEQUENT:
                    of_right |= bit
                    n_right += 1
            if (left | right) != everything or n_left < n_musts[0] or n_right < n_musts[1]:
                continue
        index[0] = itemset
        for step in range(n_down):
            size = plan.down[step, 1]
            larger = index[plan.down[step, 0]]
            index[1 + step] = trie.table[trie.bases[size] + size * larger + plan.down[step, 2]]
        for step in range(len(plan.up)):
            slot = plan.up[step, 0]
            smaller = index[slot] if slot >= 0 else -1
            index[1 + n_down + step] = child(trie, smaller, items[plan.up[step, 1]])
        for place in range(len(plan.sides)):
            if len(flags):
                mask = plan.sides[place, 2]
                rest = everything ^ mask
                if (mask & ~left) or (rest & ~right) or (of_left & ~mask) or (of_right & ~rest):
                    continue
            antecedents[found] = index[plan.sides[place, 0]]
            consequents[found] = index[plan.sides[place, 1]]
            itemsets[found] = itemset
            found += 1
    return antecedents[:found], consequents[:found], itemsets[:found]


@kernel
def improvements(
    trie: Trie,
    offsets: IntArray,
    counts: IntArray,
    n_transactions: int,
    antecedents: IntArray,
    itemsets: IntArray,
    order: IntArray,
) -> npt.NDArray[np.float64]:
    """Return the improvement of rules, shape (n_rules,); see `recsys.rules.measures.improvement`.

    Confidences are compared and subtracted as fractions of integers: 0 is exact.

    `itemsets` are the indices of antecedent and consequent together; `order` are the rules by itemset, so
    that all rules of an itemset share its look-ups.
    """
    result = np.empty(len(order), dtype=np.float64)
    items = np.empty(len(offsets), dtype=np.int64)
    index = np.empty(1, dtype=np.int64)
    sizes = np.zeros(1, dtype=np.int64)
    found = np.empty(1, dtype=np.int64)  # count of each subset
    last, length, everything = -1, 0, 0
    for place in range(len(order)):
        rule = order[place]
        itemset = itemsets[rule]
        if itemset != last:
            last, length = itemset, 0
            while offsets[length] <= itemset:
                length += 1
            everything = (1 << length) - 1
            if everything >= len(sizes):
                index = np.empty(everything + 1, dtype=np.int64)
                found = np.empty(everything + 1, dtype=np.int64)
                sizes = np.zeros(everything + 1, dtype=np.int64)
                for mask in range(1, everything + 1):
                    sizes[mask] = sizes[mask >> 1] + (mask & 1)
            node = itemset
            for position in range(length - 1, -1, -1):
                items[position] = trie.last_items[node]
                node = trie.parents[node]
            index[everything] = itemset
            found[everything] = counts[itemset]
            found[0] = n_transactions
            for mask in range(everything - 1, 0, -1):
                position, bit = 0, 1  # the lowest item that is not in: all below it are
                while mask & bit:
                    position, bit = position + 1, bit << 1
                size = sizes[mask] + 1
                index[mask] = trie.table[trie.bases[size] + size * index[mask | bit] + position]
                found[mask] = counts[index[mask]]
        left, node, position = 0, antecedents[rule], length - 1
        while node >= 0:
            while items[position] != trie.last_items[node]:
                position -= 1
            left |= 1 << position
            node = trie.parents[node]
        right = everything ^ left
        # The least of all conditions, the empty one, is always among the smaller antecedents.
        best_both, best_left = found[right], n_transactions
        smaller = (left - 1) & left
        while smaller > 0:
            if found[smaller | right] * best_left > best_both * found[smaller]:
                best_both, best_left = found[smaller | right], found[smaller]
            smaller = (smaller - 1) & left
        difference = found[everything] * best_left - best_both * found[left]
        result[rule] = difference / (found[left] * best_left)
    return result
