"""Frequent itemsets indexed for look-ups: each without each of its items, and each with one more."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from recsys.errors import BudgetError, DataFormatError
from recsys.mining import FrequentItemsets

if TYPE_CHECKING:
    from recsys.rules._split_kernel import Trie

_tries: WeakKeyDictionary[FrequentItemsets, Trie] = WeakKeyDictionary()


def trie_of(itemsets: FrequentItemsets) -> Trie:
    """Return the index of some itemsets; made once, kept as long as they are.

    Raises
    ------
    DataFormatError
        If an itemset is there without all of its subsets, as in a selection of itemsets.
    BudgetError
        If there are 2^31 itemsets or more.
    """
    if itemsets not in _tries:
        _tries[itemsets] = _make(itemsets)
    return _tries[itemsets]


def _make(itemsets: FrequentItemsets) -> Trie:
    from recsys.rules import _split_kernel as kernel

    if len(itemsets) >= 2**31:
        raise BudgetError(
            f"Rules are made of fewer than {2**31:,} itemsets, not {len(itemsets):,}. Raise min_support."
        )
    lengths = np.arange(1, itemsets.max_length + 1)
    starts = np.concatenate(([0], np.cumsum(lengths * np.diff(itemsets.offsets))))
    bases = np.zeros(itemsets.max_length + 1, dtype=np.int64)
    bases[1:] = starts[:-1] - lengths * itemsets.offsets[:-1]
    children = np.bincount(itemsets.parents + 1, minlength=len(itemsets) + 1)
    trie = kernel.Trie(
        parents=itemsets.parents.astype(np.int32),
        last_items=itemsets.last_items.astype(np.int32),
        child_starts=np.concatenate(([0], np.cumsum(children))).astype(np.int32),
        bases=bases,
        table=np.empty(starts[-1], dtype=np.int32),
    )
    singles = np.full(len(itemsets.items), -1, dtype=np.int32)
    n_singles = int(itemsets.offsets[1]) if itemsets.max_length else 0
    singles[itemsets.last_items[:n_singles]] = np.arange(n_singles)
    incomplete = kernel.fill_table(trie, itemsets.offsets.astype(np.int64), singles)
    if incomplete >= 0 or (itemsets.counts < 1).any():
        raise DataFormatError(
            "Rules need all frequent itemsets, as recsys.mine returns them: "
            "some itemset is there without a subset of it, or without its count."
        )
    return trie
