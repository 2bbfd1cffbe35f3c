"""Numba kernels of the rule recommender: scores of histories by an index of rules."""

from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray


class Index(NamedTuple):
    """Rules by antecedent: a trie of the antecedents and their prefixes.

    Nodes are ordered by length, then by items, so that the children of a node are neighbours.

    Parameters
    ----------
    roots : ndarray, shape (n_items,), int64
        Node of the antecedent that is this item alone; -1 if there is none.
    last_items, parents : ndarray, shape (n_nodes,), int32 and int64
        The item that a node adds to its parent, and the parent; -1 for a node of one item.
    child_starts : ndarray, shape (n_nodes + 1,), int64
        The children of node v are child_starts[v] to child_starts[v + 1] - 1.
    rule_starts : ndarray, shape (n_nodes + 1,), int64
        The rules of node v are the entries rule_starts[v] to rule_starts[v + 1] - 1 of the next three.
    consequents : ndarray, shape (n_rules,), uint32
        Index in `items`.
    weights : ndarray, shape (n_rules,), float64
        Positive.
    rules : ndarray, shape (n_rules,), int64
        Index of the rule.
    items : ndarray, shape (n_consequents,), int32
        The items of all consequents, ascending.
    """

    roots: IntArray
    last_items: IntArray
    parents: IntArray
    child_starts: IntArray
    rule_starts: IntArray
    consequents: IntArray
    weights: FloatArray
    rules: IntArray
    items: IntArray


class Room(NamedTuple):
    """Workspace, reused for each user.

    Parameters
    ----------
    stack, strengths : ndarray, shape (n_nodes + 1,), int64 and float64
        Nodes still to visit, and the recency of each.
    nodes, recencies : ndarray, shape (n_nodes + 1,), int64 and float64
        Nodes whose items are all liked, and the recency of each.
    top : ndarray, shape (n_consequents, m), float64
        The highest contributions to each consequent, descending; with m = 0 all are summed.
    """

    stack: IntArray
    strengths: FloatArray
    nodes: IntArray
    recencies: FloatArray
    top: FloatArray


@kernel
def group(keys: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """Return the positions of each key, from 0 to n_groups - 1, ascending: starts and positions, int64."""
    starts = np.zeros(n_groups + 1, dtype=np.int64)
    for key in keys:
        starts[key + 1] += 1
    starts = np.cumsum(starts)
    free, positions = starts.copy(), np.empty(len(keys), dtype=np.int64)
    for position in range(len(keys)):
        key = keys[position]
        positions[free[key]] = position
        free[key] += 1
    return starts, positions


@kernel
def room_for(index: Index, m: int) -> Room:
    """Allocate the workspace."""
    n = len(index.last_items) + 1
    stack, nodes = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    return Room(stack, np.empty(n), nodes, np.empty(n), np.empty((len(index.items), m)))


@kernel
def fire(index: Index, node: int, recency: float, top: FloatArray, scores: FloatArray) -> None:
    """Add the contributions of the rules of one antecedent to `scores`, or put them into `top`."""
    m = top.shape[1]
    entries = range(index.rule_starts[node], index.rule_starts[node + 1])
    consequents, weights = index.consequents, index.weights
    if m == 0:  # a loop of its own takes half the time
        for entry in entries:
            scores[consequents[entry]] += recency * weights[entry]
        return
    for entry in entries:
        consequent, contribution = consequents[entry], recency * weights[entry]
        if contribution > scores[consequent]:
            row = top[consequent]
            place = len(row) - 1
            while place > 0 and row[place - 1] < contribution:
                row[place] = row[place - 1]
                place -= 1
            row[place] = contribution
            scores[consequent] = row[-1]  # the lowest


@kernel
def walk(index: Index, history: IntArray, liked: FloatArray, room: Room) -> int:
    """Write the nodes whose items are all liked into `room.nodes`; return how many.

    Parameters
    ----------
    history : ndarray, shape (n_likes,), int32
        Item indices.
    liked : ndarray, shape (n_items,), float64
        Recency of each like; -1 for the other items.
    """
    stack, strengths, nodes, recencies = room.stack, room.strengths, room.nodes, room.recencies
    n_nodes = 0
    for item in history[::-1]:  # the latest first: what comes then is often too low to be kept
        if index.roots[item] < 0:
            continue
        size = 1
        stack[0], strengths[0] = index.roots[item], liked[item]
        while size:
            size -= 1
            node, strength = stack[size], strengths[size]
            nodes[n_nodes], recencies[n_nodes] = node, strength
            n_nodes += 1
            for child in range(index.child_starts[node], index.child_starts[node + 1]):
                recency = liked[index.last_items[child]]
                if recency >= 0.0:
                    # An antecedent is as recent as the oldest of its likes.
                    stack[size], strengths[size] = child, min(strength, recency)
                    size += 1
    return n_nodes


@kernel
def score(index: Index, history: IntArray, liked: FloatArray, room: Room, scores: FloatArray) -> None:
    """Overwrite `scores`, shape (n_consequents,), with those of one history; arguments as in `walk`."""
    scores[:] = 0.0
    room.top[:] = 0.0
    for place in range(walk(index, history, liked, room)):
        fire(index, room.nodes[place], room.recencies[place], room.top, scores)
    m = room.top.shape[1]
    if m > 1:
        for consequent in range(len(scores)):
            total = 0.0
            for place in range(m):
                total += room.top[consequent, place]
            scores[consequent] = total / m


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
