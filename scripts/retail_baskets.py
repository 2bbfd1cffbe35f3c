"""Transactions with the published shape of FIMI's retail (Brijs et al., KDD 1999), for benchmarks.

Of the file (88,162 baskets of a Belgian supermarket) are given: the number of transactions of each length and
the counts of the five most frequent items, as arules' `summary` shows them, and the numbers of items (16,470)
and of occurrences (908,576). Assumed, without a published source: the count of the sixth item, the number of
items with a support of 0.001, counts that fall as powers of the rank between those, and groups: an item is
followed by one of a group of similarly frequent items with a probability of 0.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]

# Number of transactions of 1, 2, 3, ... items.
LENGTHS = """
3016 5516 6919 7210 6814 6163 5746 5143 4660 4086 3751 3285 2866 2620 2310 2115 1874 1645 1469 1290
1205 981 887 819 684 586 582 472 480 355 310 303 272 234 194 136 153 123 115 112 76 66 71 60 50 44
37 37 33 22 24 21 21 10 11 10 9 11 4 9 7 4 5 2 2 5 3 3 0 0 1 0 1 1 0 1
"""
HIGHEST = (50_675, 42_135, 15_596, 15_167, 14_945)  # counts
N_ITEMS = 16_470
N_FREQUENT, MIN_COUNT = 2_117, 89  # items with a support of 0.001; assumed
SIXTH = 4_472  # count; assumed
FOLLOWS = 0.2  # probability that an item of the same group comes next
MEAN_GROUP = 7
ROUNDS = 4  # of drawing, each with weights nearer to those that give the counts


def item_counts(n_occurrences: int) -> npt.NDArray[np.float64]:
    """Return the count of each item, descending, shape (N_ITEMS,)."""
    ranks = np.arange(1.0, N_ITEMS + 1)
    power = np.log(SIXTH / MIN_COUNT) / np.log(N_FREQUENT / 6)
    counts = SIXTH * (6 / ranks) ** power
    counts[: len(HIGHEST)] = HIGHEST
    low, high = 0.1, 5.0
    for _ in range(50):
        power = (low + high) / 2
        counts[N_FREQUENT:] = np.maximum(1, MIN_COUNT * (N_FREQUENT / ranks[N_FREQUENT:]) ** power)
        low, high = (power, high) if counts.sum() > n_occurrences else (low, power)
    return counts


def retail_baskets(share: float = 1.0, seed: int = 42) -> list[list[int]]:
    """Draw the transactions, or a share of each length; items are numbered as they first occur."""
    rng = np.random.default_rng(seed)
    sizes = np.ceil(np.array(LENGTHS.split(), dtype=np.int64) * share).astype(np.int64)
    lengths = rng.permutation(np.repeat(np.arange(1, len(sizes) + 1), sizes))
    counts = item_counts(908_576)
    groups = _groups(counts, rng)
    weights = counts.copy()
    for _ in range(ROUNDS):
        rows, items = _draw(lengths, weights, groups, rng)
        got = np.bincount(items, minlength=N_ITEMS)
        scale = len(items) / counts.sum()
        weights[:N_FREQUENT] *= counts[:N_FREQUENT] * scale / np.maximum(got[:N_FREQUENT], 1)
    distinct, first = np.unique(items, return_index=True)
    numbers = np.empty(N_ITEMS, dtype=np.int64)
    numbers[distinct[np.argsort(first)]] = np.arange(len(distinct))
    order = np.lexsort((numbers[items], rows))
    bounds = np.cumsum(lengths)[:-1]
    return [row.tolist() for row in np.split(numbers[items][order], bounds)]


def _groups(counts: npt.NDArray[np.float64], rng: np.random.Generator) -> IntArray:
    """Return the group of each item; the most frequent five have none, -1."""
    n_others = N_ITEMS - len(HIGHEST)
    order = np.argsort(np.log(counts[len(HIGHEST) :]) + rng.normal(0, 0.3, n_others))
    sizes = 1 + rng.geometric(1 / (MEAN_GROUP - 1), n_others)
    groups = np.full(N_ITEMS, -1)
    groups[len(HIGHEST) + order] = np.repeat(np.arange(n_others), sizes)[:n_others]
    return groups


def _draw(
    lengths: IntArray, weights: npt.NDArray[np.float64], groups: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the transaction and the item of each occurrence."""
    n_draws = 3 * lengths + 30  # more than enough: of equal items of a transaction the first counts
    rows = np.repeat(np.arange(len(lengths)), n_draws)
    bounds = np.cumsum(weights)
    items = np.searchsorted(bounds, rng.random(len(rows)) * bounds[-1], side="right")
    follows = (rng.random(len(rows)) < FOLLOWS) & (np.diff(rows, prepend=-1) == 0)
    leaders = items[np.maximum.accumulate(np.where(follows, 0, np.arange(len(rows))))]
    follows &= groups[leaders] >= 0
    by_group = np.argsort(groups, kind="stable")
    ends = np.cumsum(weights[by_group])
    starts = np.concatenate(([0], ends))[np.searchsorted(groups[by_group], groups[leaders], side="left")]
    stops = ends[np.searchsorted(groups[by_group], groups[leaders], side="right") - 1]
    place = np.searchsorted(ends, starts + rng.random(len(rows)) * (stops - starts), side="right")
    items = np.where(follows, by_group[np.minimum(place, N_ITEMS - 1)], items)
    first = np.sort(np.unique(rows * N_ITEMS + items, return_index=True)[1])
    rows, items = rows[first], items[first]
    kept = np.arange(len(rows)) - np.searchsorted(rows, rows) < lengths[rows]
    return rows[kept], items[kept]
