"""All splits of frequent itemsets into antecedent and consequent, in portions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from recsys.mining import FrequentItemsets
from recsys.rules.constraints import RuleConstraints
from recsys.rules.rules import IntArray

if TYPE_CHECKING:
    from recsys.rules._split_kernel import Plan

SPLITS_AT_ONCE = 2**16  # candidate rules in memory: few enough that they stay in the cache


def n_splits(length: int, constraints: RuleConstraints) -> int:
    """Return the number of splits of an itemset that lengths allow; items may allow fewer."""
    return sum(comb(length, size) for size in constraints.antecedent_lengths(length))


def splits(
    itemsets: FrequentItemsets, constraints: RuleConstraints
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Yield the splits that the constraints allow, in portions.

    Yields
    ------
    antecedents, consequents, itemsets : ndarray, shape (n,), int32
        Indices of the sides and of both together; ascending by the last.
    """
    from recsys.rules import _split_kernel as kernel

    flags, n_musts = constraints.flags(itemsets.items)
    lengths = [
        length for length in range(2, itemsets.max_length + 1) if constraints.antecedent_lengths(length)
    ]
    for length in lengths:
        plan = split_plan(length, constraints.antecedent_lengths(length))
        portion = max(1, SPLITS_AT_ONCE // len(plan.sides))
        first, end = int(itemsets.offsets[length - 1]), int(itemsets.offsets[length])
        for start in range(first, end, portion):
            stop = min(start + portion, end)
            yield kernel.split(itemsets.trie, plan, length, start, stop, flags, n_musts)


def split_plan(length: int, antecedent_lengths: range) -> Plan:
    """Return how to split the itemsets of one length, with antecedents of the given lengths.

    Where one side is short, the short subsets are found from the items up and the long ones from the itemset
    down, so that 30 items are not split in 2^30 ways to find the 30 with a single consequent.
    """
    from recsys.rules import _split_kernel as kernel

    everything = 2**length - 1
    shorter = min(antecedent_lengths[-1], length - antecedent_lengths[0])  # the longest short side
    if 2 * shorter + 1 >= length:
        small = np.empty(0, dtype=np.int64)
        large = np.arange(everything - 1, 0, -1)
        large = large[np.argsort(-np.bitwise_count(large).astype(np.int64), kind="stable")]
    else:
        small = np.array(
            [
                sum(1 << position for position in subset)
                for size in range(1, shorter + 1)
                for subset in combinations(range(length), size)
            ]
        )
        large = everything - small
    subsets = np.concatenate(([everything], large, small))
    by_mask = np.argsort(subsets)

    def slots(masks: IntArray) -> IntArray:
        return by_mask[np.searchsorted(subsets, masks, sorter=by_mask)]

    added = ~large & (large + 1)  # the lowest item that is not in: all items below it are
    highest = np.array([1 << (int(mask).bit_length() - 1) for mask in small], dtype=np.int64)
    rest = small ^ highest
    sizes = np.bitwise_count(subsets)
    antecedents = subsets[(sizes >= antecedent_lengths[0]) & (sizes <= antecedent_lengths[-1])]
    return kernel.Plan(
        down=np.stack(
            [slots(large | added), np.bitwise_count(large) + 1, np.bitwise_count(added - 1)], axis=1
        ),
        up=np.stack(
            [np.where(rest > 0, slots(np.maximum(rest, 1)), -1), np.bitwise_count(highest - 1)], axis=1
        ),
        sides=np.stack([slots(antecedents), slots(everything - antecedents), antecedents], axis=1),
    )
