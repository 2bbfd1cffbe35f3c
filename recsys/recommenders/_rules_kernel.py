"""The compiled part of the rule recommender: an index of rules and histories in, scores and lists out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray, fill_up, keep_best


class Index(NamedTuple):
    """Rules by antecedent: the antecedents and their prefixes as a trie, a node an itemset.

    Nodes are ordered by length, then by items, so that the children of a node are neighbours.

    Parameters
    ----------
    roots : ndarray, shape (n_items,), int64
        Node of the antecedent that is this item alone; -1 if there is none.
    last_items : ndarray, shape (n_nodes,), int32
        The item that a node adds to its parent.
    child_starts : ndarray, shape (n_nodes + 1,), int64
        The children of node v are child_starts[v] to child_starts[v + 1] - 1.
    rule_starts : ndarray, shape (n_nodes + 1,), int64
        The rules of node v are the entries rule_starts[v] to rule_starts[v + 1] - 1 of the next two.
    consequents : ndarray, shape (n_rules,), uint32
        Position in `items`.
    weights : ndarray, shape (n_rules,), float64
        Positive.
    items : ndarray, shape (n_consequents,), int32
        The items that rules lead to, ascending.
    """

    roots: IntArray
    last_items: IntArray
    child_starts: IntArray
    rule_starts: IntArray
    consequents: IntArray
    weights: FloatArray
    items: IntArray


class ByConsequent(NamedTuple):
    """Rules by consequent, an entry a rule.

    Parameters
    ----------
    starts : ndarray, shape (n_items + 1,), int64
        The rules to item i are the entries starts[i] to starts[i + 1] - 1 of the next two.
    rules : ndarray, shape (n_rules,), int64
        In their order.
    last_items : ndarray, shape (n_rules,), int32
        The last item of the antecedent of each.
    """

    starts: IntArray
    rules: IntArray
    last_items: IntArray


class Room(NamedTuple):
    """What scoring works with, for one user after the other.

    Parameters
    ----------
    stack, strengths : ndarray, shape (n_nodes + 1,), int64 and float64
        Nodes still to visit, and the recency of each.
    top : ndarray, shape (n_consequents, m), float64
        The highest contributions to each consequent; with m = 0 all are summed.
    sizes : ndarray, shape (n_consequents,), int64
        How many stand in each row of `top`.
    """

    stack: IntArray
    strengths: FloatArray
    top: FloatArray
    sizes: IntArray


@kernel
def room_for(index: Index, m: int) -> Room:
    """Make room for scoring."""
    n_nodes, n_consequents = len(index.last_items), len(index.items)
    return Room(
        np.empty(n_nodes + 1, dtype=np.int64),
        np.empty(n_nodes + 1),
        np.empty((n_consequents, m)),
        np.empty(n_consequents, dtype=np.int64),
    )


@kernel
def grouped(keys: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """Return where each group starts and its members, in their order: a counting sort.

    Parameters
    ----------
    keys : ndarray, shape (n,), int
        Group of each member, 0 to n_groups - 1.

    Returns
    -------
    starts : ndarray, shape (n_groups + 1,), int64
    members : ndarray, shape (n,), int64
    """
    starts = np.zeros(n_groups + 1, dtype=np.int64)
    for key in keys:
        starts[key + 1] += 1
    for group in range(n_groups):
        starts[group + 1] += starts[group]
    free = starts.copy()
    members = np.empty(len(keys), dtype=np.int64)
    for member in range(len(keys)):
        members[free[keys[member]]] = member
        free[keys[member]] += 1
    return starts, members


@kernel
def replace_lowest(top: FloatArray, value: float) -> float:
    """Put a value into the place of the lowest one; return the lowest one that is then there."""
    place, lowest, second = 0, top[0], np.inf
    for other in range(1, len(top)):
        if top[other] < lowest:
            place, lowest, second = other, top[other], lowest
        elif top[other] < second:
            second = top[other]
    top[place] = value
    return min(value, second)


@kernel
def fire(index: Index, node: int, recency: float, room: Room, scores: FloatArray) -> None:
    """Let the rules of one antecedent fire.

    With m = 0 `scores` takes the sum of the contributions, with m = 1 their maximum; otherwise the m highest
    are kept in `room`, in no order, and `scores` holds the lowest of them once there are m.
    """
    m = room.top.shape[1]
    for entry in range(index.rule_starts[node], index.rule_starts[node + 1]):
        consequent = index.consequents[entry]
        contribution = recency * index.weights[entry]
        if m == 0:
            scores[consequent] += contribution
        elif m == 1:
            scores[consequent] = max(scores[consequent], contribution)
        elif room.sizes[consequent] < m:
            room.top[consequent, room.sizes[consequent]] = contribution
            room.sizes[consequent] += 1
            if room.sizes[consequent] == m:
                scores[consequent] = room.top[consequent].min()
        elif contribution > scores[consequent]:
            scores[consequent] = replace_lowest(room.top[consequent], contribution)


@kernel
def score(index: Index, history: IntArray, liked: FloatArray, room: Room, scores: FloatArray) -> None:
    """Compute the scores of all consequents for one history: walk down the trie wherever it is liked.

    Parameters
    ----------
    history : ndarray, shape (n_likes,), int32
        Item indices.
    liked : ndarray, shape (n_items,), float64
        Recency of each like; -1 for the other items.
    room : Room
    scores : ndarray, shape (n_consequents,), float64
        Overwritten.
    """
    scores[:] = 0.0
    room.sizes[:] = 0
    stack, strengths = room.stack, room.strengths
    for item in history[::-1]:  # the latest first: what comes then is often too low to be kept
        if index.roots[item] < 0:
            continue
        size = 1
        stack[0], strengths[0] = index.roots[item], liked[item]
        while size:
            size -= 1
            node, strength = stack[size], strengths[size]
            fire(index, node, strength, room, scores)
            for child in range(index.child_starts[node], index.child_starts[node + 1]):
                recency = liked[index.last_items[child]]
                if recency >= 0.0:
                    stack[size] = child
                    # An antecedent is as recent as the oldest of its likes.
                    strengths[size] = min(strength, recency)
                    size += 1
    m = room.top.shape[1]
    if m > 1:
        for consequent in range(len(scores)):
            total = 0.0
            for place in range(room.sizes[consequent]):
                total += room.top[consequent, place]
            scores[consequent] = total / m


@kernel
def highest(values: FloatArray, n: int) -> IntArray:
    """Return the places of the n highest values, the highest first, equals in their order."""
    if len(values) < 8 * n or n == 0:
        return np.argsort(-values, kind="mergesort")[:n]
    places = np.empty(n, dtype=np.int64)
    size = 0
    for place in range(len(values)):
        if size == n and values[place] <= values[places[n - 1]]:
            continue
        size = min(size + 1, n)
        free = size - 1
        while free > 0 and values[place] > values[places[free - 1]]:
            places[free] = places[free - 1]
            free -= 1
        places[free] = place
    return places


@kernel
def fired(
    to: ByConsequent,
    items: IntArray,
    antecedents: IntArray,
    parents: IntArray,
    last_items: IntArray,
    weights: FloatArray,
    liked: FloatArray,
    n: int,
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Return what the rules that fire for some items contribute, and the n strongest rules to each.

    Parameters
    ----------
    to : ByConsequent
    items : ndarray, shape (n_asked,), int64
        Consequents.
    antecedents : ndarray, shape (n_rules,), int64
        Itemset of each rule.
    parents, last_items : ndarray, shape (n_itemsets,)
        The itemsets, as `recsys.mining.FrequentItemsets` has them.
    weights : ndarray, shape (n_rules,), float64
    liked : ndarray, shape (n_items,), float64
        Recency of each like; -1 for the other items.
    n : int
        Rules to each item, at most.

    Returns
    -------
    starts : ndarray, shape (n_asked + 1,), int64
        What speaks for item i of `items` are the entries starts[i] to starts[i + 1] - 1 of the next.
    contributions : ndarray, shape (n_fired,), float64
        In the order of the rules.
    best_starts : ndarray, shape (n_asked + 1,), int64
        As `starts`, for the last one.
    best : ndarray, shape (n_best,), int64
        The strongest rules to each item, the strongest first.
    """
    n_items, most = len(to.starts) - 1, 0
    for item in items:
        if 0 <= item < n_items:  # nothing fires for an item that there is not
            most += to.starts[item + 1] - to.starts[item]
    starts, best_starts = np.zeros(len(items) + 1, dtype=np.int64), np.zeros(len(items) + 1, dtype=np.int64)
    rules, contributions, best = (
        np.empty(most, dtype=np.int64),
        np.empty(most),
        np.empty(most, dtype=np.int64),
    )
    size = n_best = 0
    for place in range(len(items)):
        item = items[place] if 0 <= items[place] < n_items else 0
        stop = to.starts[item + 1] if item == items[place] else to.starts[item]
        for entry in range(to.starts[item], stop):
            # An antecedent is as recent as the oldest of its likes; most are told apart by one look.
            recency = liked[to.last_items[entry]]
            if recency < 0.0:
                continue
            rule = to.rules[entry]
            itemset = parents[antecedents[rule]]
            while itemset >= 0 and recency >= 0.0:
                recency = min(recency, liked[last_items[itemset]])
                itemset = parents[itemset]
            if recency >= 0.0:
                rules[size], contributions[size] = rule, recency * weights[rule]
                size += 1
        first = starts[place]
        for chosen in highest(contributions[first:size], n):
            best[n_best] = rules[first + chosen]
            n_best += 1
        starts[place + 1], best_starts[place + 1] = size, n_best
    return starts, contributions[:size], best_starts, best[:n_best]


@kernel
def score_all(
    index: Index, starts: IntArray, history: IntArray, recency: FloatArray, m: int, all_scores: FloatArray
) -> None:
    """Write the scores of each user into the rows of `all_scores`, shape (n_users, n_consequents)."""
    liked = np.full(len(index.roots), -1.0)
    room = room_for(index, m)
    for user in range(len(starts) - 1):
        first, stop = starts[user], starts[user + 1]
        for entry in range(first, stop):
            liked[history[entry]] = recency[entry]
        score(index, history[first:stop], liked, room, all_scores[user])
        for entry in range(first, stop):
            liked[history[entry]] = -1.0


@kernel
def recommend(
    index: Index,
    starts: IntArray,
    history: IntArray,
    recency: FloatArray,
    m: int,
    exclude_seen: bool,
    order: IntArray,
    counts: FloatArray,
    best_items: IntArray,
    best_scores: FloatArray,
) -> IntArray:
    """Write the list of each user into the rows of the last two arrays.

    As `score_all` and then `rank`, but a user at a time, over the consequents alone.

    Returns
    -------
    ndarray, shape (n_users, 2), int64
        Where the items by rules end, and where the list ends.
    """
    n_users = len(starts) - 1
    ends = np.empty((n_users, 2), dtype=np.int64)
    liked = np.full(len(index.roots), -1.0)
    excluded = np.zeros(len(index.roots), dtype=np.bool_)
    room = room_for(index, m)
    scores = np.empty(len(index.items))
    for user in range(n_users):
        first, stop = starts[user], starts[user + 1]
        for entry in range(first, stop):
            liked[history[entry]] = recency[entry]
            excluded[history[entry]] = exclude_seen
        score(index, history[first:stop], liked, room, scores)
        ends[user, 0] = keep_best(scores, index.items, excluded, best_items[user], best_scores[user])
        ends[user, 1] = fill_up(ends[user, 0], order, counts, excluded, best_items[user], best_scores[user])
        for entry in range(first, stop):
            liked[history[entry]] = -1.0
            excluded[history[entry]] = False
    return ends
