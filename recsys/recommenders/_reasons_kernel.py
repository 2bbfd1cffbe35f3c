"""Numba kernels of the reasons of recommendations: the strongest rules that lead to an item."""

from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray
from recsys.recommenders._rules_kernel import Index, group, room_for, walk


class Causes(NamedTuple):
    """Rules by consequent: what may have led to an item.

    Those of one consequent are in the order in which `walk` visits their antecedents, but for the first items
    of these.

    Parameters
    ----------
    starts : ndarray, shape (n_consequents + 1,), int64
        The rules to consequent c of the index are starts[c] to starts[c + 1] - 1 of the next two.
    entries, nodes : ndarray, shape (n_rules,), uint32
        Entry of the rule in the index, and the node of its antecedent.
    """

    starts: IntArray
    entries: IntArray
    nodes: IntArray


@kernel
def causes_of(index: Index) -> tuple[IntArray, IntArray, IntArray]:
    """Arrange the rules of an index by consequent; return the fields of `Causes`."""
    n_items, n_rules = len(index.roots), len(index.rules)
    room = room_for(index, 0)
    n_nodes = walk(index, np.arange(n_items), np.zeros(n_items), room)
    entries, nodes = np.empty(n_rules, dtype=np.uint32), np.empty(n_rules, dtype=np.uint32)
    free = 0
    for node in room.nodes[:n_nodes]:
        for entry in range(index.rule_starts[node], index.rule_starts[node + 1]):
            entries[free], nodes[free] = entry, node
            free += 1
    starts, order = group(index.consequents[entries], len(index.items))
    return starts, entries[order], nodes[order]


@kernel
def fired(
    index: Index, causes: Causes, history: IntArray, recency: FloatArray, items: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the rules that fire for some items.

    Parameters
    ----------
    history, recency : ndarray, shape (n_likes,), int32 and float64
        Item indices, each once, and the recency of each.
    items : ndarray, shape (n_items,), int64
        Item indices.

    Returns
    -------
    starts : ndarray, shape (n_items + 1,), int64
        Those to items[i] are the entries starts[i] to starts[i + 1] - 1 of the next two, in the order of
        `walk`.
    rules, contributions : ndarray, shape (n_fired,), int64 and float64
    """
    n_likes, n_fired = len(history), 0
    likes = np.full(len(index.roots), -1)  # the place of each item in the history
    for like in range(n_likes):
        likes[history[like]] = like
    consequents = np.searchsorted(index.items, items)
    at_most = 0
    for consequent in consequents:
        if consequent < len(index.items):
            at_most += causes.starts[consequent + 1] - causes.starts[consequent]
    keys, rules = np.empty(at_most, dtype=np.int64), np.empty(at_most, dtype=np.int64)
    contributions = np.empty(at_most)
    for place in range(len(items)):
        consequent = consequents[place]
        if consequent == len(index.items) or index.items[consequent] != items[place]:
            continue
        for cause in range(causes.starts[consequent], causes.starts[consequent + 1]):
            node, like, strength = np.int64(causes.nodes[cause]), -1, np.inf
            while node >= 0:
                like = likes[index.last_items[node]]
                if like < 0:
                    break
                strength = min(strength, recency[like])
                node = index.parents[node]
            if like >= 0:
                entry = causes.entries[cause]
                keys[n_fired] = (place + 1) * n_likes - 1 - like  # the latest first, as in `walk`
                rules[n_fired] = index.rules[entry]
                contributions[n_fired] = strength * index.weights[entry]
                n_fired += 1
    starts, order = group(keys[:n_fired], len(items) * n_likes)
    starts = starts[::n_likes] if n_likes else np.zeros(len(items) + 1, dtype=np.int64)
    return starts, rules[order], contributions[order]


@kernel
def strongest(
    starts: IntArray, rules: IntArray, contributions: FloatArray, n: int, m: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return the `n` strongest rules of each item, of equal ones the first, and their shares.

    The arrays are those of `fired`, before and after. A share is that in the sum of the `m` highest
    contributions to the item, of all with m = 0; other rules have a share of 0. Items whose sum is 0 get
    none. The sums are the last array, shape (n_items,).
    """
    totals = np.zeros(len(starts) - 1)
    kept_starts = np.zeros(len(starts), dtype=np.int64)
    kept, shares = np.empty(len(rules), dtype=np.int64), np.empty(len(rules))
    free = 0
    for item in range(len(starts) - 1):
        own = slice(starts[item], starts[item + 1])
        order = order_of_strongest(rules[own], contributions[own], max(n, m))
        counted = contributions[own][order[:m]] if m else contributions[own]
        totals[item] = total = counted.sum()
        for place in range(min(n, len(order)) if total > 0.0 else 0):
            entry = starts[item] + order[place]
            kept[free] = rules[entry]
            shares[free] = contributions[entry] / total if m == 0 or place < m else 0.0
            free += 1
        kept_starts[item + 1] = free
    return kept_starts, kept[:free], shares[:free], totals


@kernel
def explain(
    index: Index, causes: Causes, history: IntArray, recency: FloatArray, items: IntArray, n: int, m: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return the `n` strongest rules that fire for each of some distinct items; see `strongest`.

    With m = 0, the sums are the scores of the items to the last digit: `fire` adds up in the same order.
    """
    return strongest(*fired(index, causes, history, recency, items), n, m)


@kernel
def flatten(parents: IntArray, last_items: IntArray, itemsets: IntArray) -> tuple[IntArray, IntArray]:
    """Return what `FrequentItemsets.flatten` does, of a few itemsets."""
    starts = np.zeros(len(itemsets) + 1, dtype=np.int64)
    for place in range(len(itemsets)):
        node, length = itemsets[place], 0
        while node >= 0:
            node = parents[node]
            length += 1
        starts[place + 1] = starts[place] + length
    flat = np.empty(starts[-1], dtype=np.int32)
    for place in range(len(itemsets)):
        node, free = itemsets[place], starts[place + 1]
        while node >= 0:
            free -= 1
            flat[free] = last_items[node]
            node = parents[node]
    return starts, flat


@kernel
def order_of_strongest(rules: IntArray, contributions: FloatArray, n: int) -> IntArray:
    """Return the positions of the `n` highest contributions, descending, of equal ones by rule."""
    if 8 * n >= len(rules):
        by_rule = np.argsort(rules, kind="mergesort")
        return by_rule[np.argsort(-contributions[by_rule], kind="mergesort")][:n]
    left = contributions.copy()
    order = np.empty(n, dtype=np.int64)
    for place in range(n):
        best = 0
        for entry in range(1, len(left)):
            if left[entry] > left[best] or (left[entry] == left[best] and rules[entry] < rules[best]):
                best = entry
        order[place] = best
        left[best] = -1.0
    return order
