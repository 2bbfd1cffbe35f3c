"""All splits of frequent itemsets into antecedent and consequent, in portions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.rules.options import ITEMS, RuleOptions

if TYPE_CHECKING:
    from recsys.rules._split_kernel import Plan

SPLITS_AT_ONCE = 2**16  # candidate rules in memory; they fit into the processor's cache


def splits(itemsets: FrequentItemsets, options: RuleOptions) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Yield the splits that the options allow, in portions, by itemset; see `_split_kernel.split`."""
    from recsys.rules import _split_kernel as kernel

    flags, n_required = item_flags(itemsets.items, options)
    for length in range(2, itemsets.max_length + 1):
        antecedent_lengths = options.antecedent_lengths(length)
        if not antecedent_lengths:
            continue
        plan = split_plan(length, antecedent_lengths)
        portion = max(1, SPLITS_AT_ONCE // len(plan.sides))
        level = itemsets.indices(length)
        for start in range(level.start, level.stop, portion):
            stop = min(start + portion, level.stop)
            yield kernel.split(itemsets.trie, plan, length, start, stop, flags, n_required)


def item_flags(items: npt.NDArray[Any], options: RuleOptions) -> tuple[npt.NDArray[np.uint8], IntArray]:
    """Return the flags of each item for the kernel, and the numbers of required items of both sides."""
    from recsys.rules._split_kernel import IN_ANTECEDENT, IN_CONSEQUENT, OF_ANTECEDENT, OF_CONSEQUENT

    n_required = np.array([len(options.antecedent_contains or ()), len(options.consequent_contains or ())])
    if all(getattr(options, name) is None for name in ITEMS):
        return np.empty(0, dtype=np.uint8), n_required
    plain = items.tolist()
    index = {item: place for place, item in enumerate(plain)}
    flags = np.zeros(len(items), dtype=np.uint8)
    for name, flag in zip(ITEMS, (IN_ANTECEDENT, IN_CONSEQUENT, OF_ANTECEDENT, OF_CONSEQUENT), strict=True):
        ids = getattr(options, name)
        if ids is None and name.endswith("_items"):
            flags |= flag
        for item in ids or ():
            # An integer as typed is the text of it where the ids are text.
            known = str(item) if isinstance(item, int) and item not in index else item
            if known not in index:
                raise _unknown_item(name, item, plain)
            flags[index[known]] |= flag
    return flags, n_required


def _unknown_item(name: str, item: Any, ids: list[Any]) -> ParameterError:
    """Return the error for an item that is not in the transactions; it names the same id of another type."""
    kind = type(ids[0])
    cure = "" if isinstance(item, kind) else f"The ids are of type {kind.__name__}."
    if categories := [one for one in ids if str(one).endswith(f": {item}")]:
        cure = f"Categories are written with their level: {', '.join(map(repr, categories))}."
    return ParameterError(name, "ids of items in the transactions", item, cure)


def split_plan(length: int, antecedent_lengths: range) -> Plan:
    """Return how to split the itemsets of one length, with antecedents of the given lengths.

    If one side is short, short subsets are found from the items up and long ones from the itemset down, so
    that 30 items are not split in 2^30 ways to find the 30 with a single consequent.
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

    added = ~large & (large + 1)  # the lowest item that is missing
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
