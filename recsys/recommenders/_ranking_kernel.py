"""Numba kernel of ranking items by their scores."""

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel

IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@kernel
def keep_best(
    scores: FloatArray, items: IntArray, excluded: BoolArray, best_items: IntArray, best_scores: FloatArray
) -> int:
    """Put the items of the highest positive scores into `best_items`, the best first; return how many.

    Of equal scores the first in `items` wins. `excluded`, shape (n_items,), marks items to leave out. By
    insertion: nearly all scores are below the last of the best and cost one comparison.
    """
    k, size, lowest = len(best_items), 0, 0.0
    for place in range(len(scores)):
        score = scores[place]
        if not score > lowest or excluded[items[place]]:
            continue
        if size < k:
            hole = size
            size += 1
        elif k > 0:
            hole = k - 1
        else:
            continue
        while hole > 0 and best_scores[hole - 1] < score:
            best_scores[hole] = best_scores[hole - 1]
            best_items[hole] = best_items[hole - 1]
            hole -= 1
        best_scores[hole] = score
        best_items[hole] = items[place]
        if size == k:
            lowest = best_scores[k - 1]
    return size


@kernel
def lowest_of_best(values: FloatArray, n: int, n_best: int) -> tuple[float, int]:
    """Return the `n_best`th highest of the first `n` values, and how many of the best are equal to it.

    `n_best` is positive; with at most so many values the result is -inf. The values are reordered: Hoare's
    algorithm FIND (Communications of the ACM 4, 1961). `np.partition` takes three seconds to compile.
    """
    if n <= n_best:
        return -np.inf, 0
    place, first, last = n_best - 1, 0, n - 1
    while first < last:
        pivot, left, right = values[(first + last) // 2], first, last
        while left <= right:
            while values[left] > pivot:
                left += 1
            while values[right] < pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left, right = left + 1, right - 1
        if place <= right:
            last = right
        elif place >= left:
            first = left
        else:
            break
    n_equal = 0
    for better in range(n_best):
        n_equal += values[better] == values[place]
    return values[place], n_equal


@kernel
def fill_up(
    size: int,
    order: IntArray,
    counts: FloatArray,
    excluded: BoolArray,
    best_items: IntArray,
    best_scores: FloatArray,
) -> int:
    """Append the items of `order` that are not in the list, with their counts; return the new size."""
    first = size
    for item in order:
        if size == len(best_items):
            break
        if not excluded[item] and not (best_items[:first] == item).any():
            best_items[size] = item
            best_scores[size] = counts[item]
            size += 1
    return size


@kernel
def rank(
    scores: FloatArray,
    items: IntArray,
    starts: IntArray,
    exclude: IntArray,
    order: IntArray,
    counts: FloatArray,
    best_items: IntArray,
    best_scores: FloatArray,
    sources: IntArray,
    source: int,
    fallback: int,
) -> None:
    """Write the list of each user into rows of `best_items` and `best_scores`: by score, then by popularity.

    Parameters
    ----------
    scores : ndarray, shape (n_users, n), float64
    items : ndarray, shape (n,), int
        Item of each column of `scores`.
    starts, exclude : ndarray, shape (n_users + 1,) and (n_excluded,)
        Items that user u may not get: exclude[starts[u]:starts[u + 1]].
    order, counts : ndarray, shape (n_items,)
        All items, the most popular first, and the popularity of each item.
    sources : ndarray, shape (n_users, k), int8
        Becomes `source` for items by score and `fallback` for those by popularity.
    """
    excluded = np.zeros(len(counts), dtype=np.bool_)
    for user in range(len(scores)):
        for entry in range(starts[user], starts[user + 1]):
            excluded[exclude[entry]] = True
        size = keep_best(scores[user], items, excluded, best_items[user], best_scores[user])
        sources[user, :size] = source
        end = fill_up(size, order, counts, excluded, best_items[user], best_scores[user])
        sources[user, size:end] = fallback
        for entry in range(starts[user], starts[user + 1]):
            excluded[exclude[entry]] = False


@kernel
def add_base_rates(by_rules: FloatArray, base_rates: FloatArray) -> FloatArray:
    """Return the scores by rules plus base rates, shape (n_users, n_items); 0 for users without any score."""
    scores = np.empty(by_rules.shape)
    for user in range(len(by_rules)):
        any_fired = False
        for item in range(len(base_rates)):
            any_fired |= by_rules[user, item] != 0.0
            scores[user, item] = by_rules[user, item] + base_rates[item]
        if not any_fired:
            scores[user] = 0.0
    return scores


@kernel
def mark_unscored(sources: IntArray, items: IntArray, scores: FloatArray, source: int, fallback: int) -> None:
    """Change `source` to `fallback` in `sources` where the item has a score of 0.

    `sources` and `items` have shape (n_users, k), `scores` (n_users, n_items).
    """
    for user in range(len(items)):
        for place in range(items.shape[1]):
            if sources[user, place] == source and scores[user, items[user, place]] == 0.0:
                sources[user, place] = fallback
