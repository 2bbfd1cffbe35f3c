"""The default engine: occurrence delivery for pairs, bit sets depth first for longer itemsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recsys.mining.itemsets import FrequentItemsets, IntArray
from recsys.mining.support import min_count
from recsys.transactions import Transactions


class _Level(NamedTuple):
    """The frequent itemsets of one length, as arrays of one shape."""

    parents: IntArray  # position, in the level before, of the itemset without its last item
    last_items: IntArray
    counts: IntArray


@dataclass(frozen=True)
class BitsetEngine:
    """Mine with compiled bit sets, on one core.

    Pairs are counted by delivering the occurrences of each item, as in LCM (Uno, Kiyomi and Arimura, FIMI
    2004). For longer itemsets, the frequent partners of each item become bit sets over the transactions that
    hold it, and a depth-first search combines them by AND and popcount, as in Eclat (Zaki, TKDE 2000). The
    rarest items go first: that keeps the bit sets short and the failures few. What was found is then put into
    the defined order.

    The first use compiles for some seconds; the machine code is kept on disk where that is possible.
    """

    def mine(
        self, transactions: Transactions, min_support: float, max_len: int | None = None
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine` for the parameters."""
        threshold = min_count(min_support, transactions.n_transactions)
        counts = np.bincount(transactions.matrix.indices, minlength=transactions.n_items).astype(np.int64)
        frequent = np.flatnonzero(counts >= threshold).astype(np.int32)
        counts = counts[frequent]

        levels = [_Level(np.full(len(frequent), -1), np.arange(len(frequent)), counts)]
        if max_len != 1 and len(frequent) > 1:
            rarest_first = np.argsort(counts, kind="stable").astype(np.int32)
            search = _search(transactions, frequent[rarest_first], threshold, max_len)
            levels.extend(_in_defined_order(search, rarest_first))

        sizes = [len(level.counts) for level in levels if len(level.counts)]
        offsets = np.cumsum([0, *sizes])
        return FrequentItemsets(
            parents=np.concatenate(
                [
                    levels[0].parents,
                    *(o + level.parents for o, level in zip(offsets, levels[1:], strict=False)),
                ]
            ),
            last_items=frequent[np.concatenate([level.last_items for level in levels])],
            counts=np.concatenate([level.counts for level in levels]),
            offsets=offsets,
            items=transactions.items,
            n_transactions=transactions.n_transactions,
            min_support=min_support,
            max_len=max_len,
        )


def _search(
    transactions: Transactions, items: IntArray, threshold: int, max_len: int | None
) -> Iterator[_Level]:
    """Yield the frequent itemsets of two, three, ... items, in the order of the search.

    Parameters
    ----------
    items : ndarray, shape (n_frequent,), int32
        The frequent items in the order in which the search takes them; numbered by it from here on.
    """
    # Imported here: Numba takes a second, and reading or ranking itemsets does not need it.
    from recsys.mining import _bitset_kernel as kernel

    by_row = transactions.matrix[:, items]
    by_row.sort_indices()
    by_item = by_row.tocsc()
    database = (
        by_row.indptr.astype(np.int64),
        by_row.indices.astype(np.int32),
        by_item.indptr.astype(np.int64),
        by_item.indices.astype(np.int32),
    )
    pair_starts, second_items, counts = kernel.frequent_pairs(*database, threshold)
    n_partners = np.diff(pair_starts)
    yield _Level(np.repeat(np.arange(len(items)), n_partners), second_items, counts)
    if max_len == 2:
        return

    slots = np.full(len(items), -1, dtype=np.int64)
    found = np.zeros(len(items) + 2, dtype=np.int64)
    # One item a call, so that a keyboard interrupt is heard between two.
    parts = [
        kernel.longer_itemsets(
            first, *database, pair_starts, second_items, threshold, max_len or len(items), slots, found
        )
        for first in np.flatnonzero(n_partners > 1).tolist()
    ]
    if not parts:
        return
    lengths, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    by_length = np.argsort(lengths, kind="stable")
    ends = np.cumsum(found[3:][found[3:] > 0])
    for start, end in zip([0, *ends], ends, strict=False):
        yield _Level(*(column[by_length[start:end]] for column in columns))


def _in_defined_order(search: Iterator[_Level], items: IntArray) -> Iterator[_Level]:
    """Yield the levels of a search with the items, and then the itemsets, in ascending order.

    Parameters
    ----------
    items : ndarray, shape (n_frequent,), int32
        What an item of the search is called in the defined order.
    """
    from recsys.mining import _bitset_kernel as kernel

    searched = items[np.newaxis, :]  # an itemset a column, in the order of the search
    shorter = np.sort(searched)
    for level in search:
        searched = kernel.with_item(searched, level.parents, items[level.last_items])
        order = kernel.lexicographic_order(searched, len(items))
        columns = np.take(searched, order, axis=1)
        yield _Level(kernel.prefix_positions(columns, shorter), columns[-1], level.counts[order])
        shorter = columns
