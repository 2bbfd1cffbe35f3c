"""Numba kernel of the rule recommender: scores and lists from an index of rules and histories."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray, fill_up, keep_best

FEW = 64  # reasons for which there is room beforehand


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
        The rules of node v are the entries rule_starts[v] to rule_starts[v + 1] - 1 of the next three.
    consequents : ndarray, shape (n_rules,), uint32
        Position in `items`.
    weights : ndarray, shape (n_rules,), float64
        Positive.
    rules : ndarray, shape (n_rules,), int64
        Which rule it is.
    items : ndarray, shape (n_consequents,), int32
        The items that rules lead to, ascending.
    """

    roots: IntArray
    last_items: IntArray
    child_starts: IntArray
    rule_starts: IntArray
    consequents: IntArray
    weights: FloatArray
    rules: IntArray
    items: IntArray


class Room(NamedTuple):
    """Workspace of scoring, reused for each user.

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
    """Allocate the workspace of scoring."""
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
    """Replace the lowest value; return the new lowest one."""
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
    """Add the contributions of the rules of one antecedent.

    With m = 0 `scores` takes the sum of the contributions, with m = 1 their maximum; otherwise the m highest
    are kept in `room`, in no order, and `scores` holds the lowest of them once there are m.
    """
    m = room.top.shape[1]
    entries = range(index.rule_starts[node], index.rule_starts[node + 1])
    consequents, weights = index.consequents, index.weights
    if m == 0:  # a loop of its own takes half the time
        for entry in entries:
            scores[consequents[entry]] += recency * weights[entry]
        return
    for entry in entries:
        consequent, contribution = consequents[entry], recency * weights[entry]
        if m == 1:
            scores[consequent] = max(scores[consequent], contribution)
        elif room.sizes[consequent] < m:
            room.top[consequent, room.sizes[consequent]] = contribution
            room.sizes[consequent] += 1
            if room.sizes[consequent] == m:
                scores[consequent] = room.top[consequent].min()
        elif contribution > scores[consequent]:
            scores[consequent] = replace_lowest(room.top[consequent], contribution)


@kernel
def descend(index: Index, node: int, strength: float, liked: FloatArray, room: Room, size: int) -> int:
    """Push the liked children of a node onto the stack; return its new size."""
    for child in range(index.child_starts[node], index.child_starts[node + 1]):
        recency = liked[index.last_items[child]]
        if recency >= 0.0:
            room.stack[size] = child
            # An antecedent is as recent as the oldest of its likes.
            room.strengths[size] = min(strength, recency)
            size += 1
    return size


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
            size = descend(index, node, strength, liked, room, size)
    m = room.top.shape[1]
    if m > 1:
        for consequent in range(len(scores)):
            total = 0.0
            for place in range(room.sizes[consequent]):
                total += room.top[consequent, place]
            scores[consequent] = total / m


class Reasons(NamedTuple):
    """Strongest rules found so far for each of some items.

    Parameters
    ----------
    slots : ndarray, shape (n_consequents,), int64
        Row of each consequent in the following; -1 for those that nobody asked about.
    rules, contributions : ndarray, shape (n_asked, n_kept), int64 and float64
        In no order.
    sizes : ndarray, shape (n_asked,), int64
        How many stand in each row.
    lowest : ndarray, shape (n_asked,), float64
        The lowest contribution in each row that is full; -1 in others.
    totals : ndarray, shape (n_asked,), float64
        Sum of all contributions.
    """

    slots: IntArray
    rules: IntArray
    contributions: FloatArray
    sizes: IntArray
    lowest: FloatArray
    totals: FloatArray


@kernel
def keep_reason(reasons: Reasons, row: int, rule: int, contribution: float) -> None:
    """Keep a rule if it is among the strongest; ties go to the earlier rule."""
    rules, contributions = reasons.rules[row], reasons.contributions[row]
    size = reasons.sizes[row]
    if size < len(rules):
        rules[size], contributions[size] = rule, contribution
        reasons.sizes[row] = size = size + 1
        if size < len(rules):
            return
    else:
        last = weakest(rules, contributions)
        if contribution == contributions[last] and rule > rules[last]:
            return
        rules[last], contributions[last] = rule, contribution
    reasons.lowest[row] = contributions.min()


@kernel
def weakest(rules: IntArray, contributions: FloatArray) -> int:
    """Return the place of the lowest contribution; of equal ones that of the last rule."""
    place = 0
    for other in range(1, len(rules)):
        if contributions[other] < contributions[place] or (
            contributions[other] == contributions[place] and rules[other] > rules[place]
        ):
            place = other
    return place


@kernel
def reasons_for(index: Index, items: IntArray, n: int) -> Reasons:
    """Allocate room for the n strongest rules of each of some items."""
    slots = np.full(len(index.items), -1, dtype=np.int64)
    for row in range(len(items)):
        consequent = np.searchsorted(index.items, items[row])
        if consequent < len(index.items) and index.items[consequent] == items[row]:
            slots[consequent] = row
    if n > FEW:  # as where all are asked for: no more than there are
        counts = np.zeros(len(items) + 1, dtype=np.int64)  # those that nobody asked about at the end
        for consequent in index.consequents:
            counts[slots[consequent]] += 1
        n = min(n, counts[:-1].max()) if len(items) else 0
    return Reasons(
        slots,
        np.empty((len(items), n), dtype=np.int64),
        np.empty((len(items), n)),
        np.zeros(len(items), dtype=np.int64),
        np.full(len(items), -1.0),
        np.zeros(len(items)),
    )


@kernel
def explain(
    index: Index,
    history: IntArray,
    liked: FloatArray,
    items: IntArray,
    n: int,
    m: int,
    antecedents: IntArray,
    parents: IntArray,
    last_items: IntArray,
) -> tuple[IntArray, IntArray, FloatArray, IntArray, IntArray]:
    """Return the n strongest of the rules that fire for each of some items: walk as `score` does.

    Parameters
    ----------
    history : ndarray, shape (n_likes,), int32
    liked : ndarray, shape (n_items,), float64
        Recency of each like; -1 for the other items.
    items : ndarray, shape (n_asked,), int64
        Each once.
    n : int
        Rules to each item, at most.
    m : int
        How many contributions to an item count, the highest ones; 0 for all.
    antecedents : ndarray, shape (n_rules,), int64
        Itemset of each rule.
    parents, last_items : ndarray, shape (n_itemsets,)
        The itemsets, as `recsys.mining.FrequentItemsets` has them.

    Returns
    -------
    starts : ndarray, shape (n_asked + 1,), int64
        What speaks for item i of `items` are the entries starts[i] to starts[i + 1] - 1 of the next two, the
        strongest first, the first rules first where they are equal. None where all are too old to count.
    rules : ndarray, shape (n_found,), int64
    shares : ndarray, shape (n_found,), float64
        Of each contribution that counts in the sum of them; 0 for others.
    side_starts : ndarray, shape (n_found + 1,), int64
        The antecedent of `rules[j]` are the entries side_starts[j] to side_starts[j + 1] - 1 of the next.
    sides : ndarray, int32
    """
    reasons = reasons_for(index, items, max(n, m))
    room = room_for(index, 0)
    stack, strengths = room.stack, room.strengths
    for item in history[::-1]:  # the latest first: what comes then is often too low to be kept
        if index.roots[item] < 0:
            continue
        size = 1
        stack[0], strengths[0] = index.roots[item], liked[item]
        while size:
            size -= 1
            node, strength = stack[size], strengths[size]
            for entry in range(index.rule_starts[node], index.rule_starts[node + 1]):
                row = reasons.slots[index.consequents[entry]]
                if row < 0:
                    continue
                contribution = strength * index.weights[entry]
                reasons.totals[row] += contribution
                if contribution >= reasons.lowest[row]:
                    keep_reason(reasons, row, index.rules[entry], contribution)
            size = descend(index, node, strength, liked, room, size)
    starts = np.zeros(len(items) + 1, dtype=np.int64)
    rules = np.empty(reasons.sizes.sum(), dtype=np.int64)
    shares = np.empty(len(rules))
    n_found = 0
    for row in range(len(items)):
        found, contributions = reasons.rules[row, : reasons.sizes[row]], reasons.contributions[row]
        order = np.argsort(found)
        order = order[np.argsort(-contributions[order], kind="mergesort")]
        total = reasons.totals[row]
        if m > 0:
            total = contributions[order[:m]].sum()
        for rank in range(min(n, len(order)) if total > 0.0 else 0):
            rules[n_found] = found[order[rank]]
            shares[n_found] = contributions[order[rank]] / total if m == 0 or rank < m else 0.0
            n_found += 1
        starts[row + 1] = n_found
    rules, shares = rules[:n_found], shares[:n_found]
    side_starts = np.zeros(n_found + 1, dtype=np.int64)
    for reason in range(n_found):
        size, itemset = 0, antecedents[rules[reason]]
        while itemset >= 0:
            size += 1
            itemset = parents[itemset]
        side_starts[reason + 1] = side_starts[reason] + size
    sides = np.empty(side_starts[n_found], dtype=np.int32)
    for reason in range(n_found):
        place, itemset = side_starts[reason + 1], antecedents[rules[reason]]
        while itemset >= 0:
            place -= 1
            sides[place] = last_items[itemset]
            itemset = parents[itemset]
    return starts, rules, shares, side_starts, sides


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
