"""Maximal frequent itemsets: those that are in no other."""

import numpy as np

from recsys.data.transactions import Transactions
from recsys.mining import FrequentItemsets, min_count, mine
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer

# An item that may extend an itemset: count of both, the item, and their transactions as bits. A plain tuple,
# because a search makes millions.
_Candidate = tuple[int, int, int]


def maximal_itemsets(
    transactions: Transactions, min_support: float, max_len: int | None = None
) -> tuple[FrequentItemsets, IntArray]:
    """Return maximal frequent itemsets of at most `max_len` items, with their prefixes, and their indices.

    Depth first over bit sets, as GenMax (Gouda and Zaki, ICDM 2001): subsets of known itemsets are skipped,
    and candidates that all occur together are not tried one by one. So an itemset of 40 items does not cost
    its 2^40 subsets. The frequent pairs, which the engine finds fast, exclude most candidates.
    """
    if max_len is not None:
        max_len = require_integer("max_len", max_len, minimum=0)
    pairs = mine(transactions, min_support, max_len=2)
    items = pairs.level(1).ravel().tolist()
    partners: dict[int, set[int]] = {item: set() for item in items}
    for item, other in pairs.level(2).tolist():
        partners[item].add(other)
        partners[other].add(item)
    search = _Search(min_count(min_support, transactions.n_transactions), partners)
    search.extend((), _candidates(transactions, items))
    maximal = [itemset for itemset in search.found if max_len is None or len(itemset) <= max_len]
    found, indices = FrequentItemsets.from_flat(
        np.array([len(itemset) for itemset in maximal], dtype=np.int64),
        np.array([item for itemset in maximal for item in itemset], dtype=np.int64),
        np.array([search.found[itemset] for itemset in maximal], dtype=np.int64),
        items=transactions.items,
        n_transactions=transactions.n_transactions,
        min_support=min_support,
        max_len=max_len,
    )
    return found, np.sort(indices)


def _candidates(transactions: Transactions, items: list[int]) -> list[_Candidate]:
    by_item = transactions.matrix.tocsc()
    held = np.zeros(transactions.n_transactions, dtype=np.bool_)
    candidates = []
    for item in items:
        rows = by_item.indices[by_item.indptr[item] : by_item.indptr[item + 1]]
        held[rows] = True
        tids = int.from_bytes(np.packbits(held).tobytes(), "big")
        held[rows] = False
        candidates.append((len(rows), item, tids))
    return candidates


class _Search:
    """The search, with the ascending itemsets that it has found, and their counts."""

    def __init__(self, min_count: int, partners: dict[int, set[int]]) -> None:
        self.min_count = min_count
        self._partners = partners  # of each item, those that it is frequent with
        self.found: dict[tuple[int, ...], int] = {}
        self._holders: dict[int, int] = {}  # of each item, which of those found hold it, a bit each

    def extend(self, head: tuple[int, ...], candidates: list[_Candidate]) -> None:
        """Find the maximal itemsets of a head and at least one of its candidates.

        Those with another item, which the search took before, have been found.
        """
        # The rarest first: that keeps the branches small. Items break ties.
        candidates.sort()
        for place, (count, item, tids) in enumerate(candidates):
            rest = candidates[place:]
            whole = (*head, *(other for _, other, _ in rest))
            if self._is_known(whole):
                return
            if together := self._count_together(rest):
                self._add(whole, together)
                return
            itemset, partners = (*head, item), self._partners[item]
            longer = [
                (held, other, both)
                for _, other, other_tids in rest[1:]
                if other in partners and (held := (both := tids & other_tids).bit_count()) >= self.min_count
            ]
            if longer:
                self.extend(itemset, longer)
            elif not self._is_known(itemset):
                self._add(itemset, count)

    def _count_together(self, candidates: list[_Candidate]) -> int:
        """Count the transactions that hold all candidates; 0 where they are too few."""
        tids = candidates[0][2]
        for _, _, others in candidates[1:]:
            tids &= others
            if tids.bit_count() < self.min_count:
                return 0
        return tids.bit_count()

    def _is_known(self, itemset: tuple[int, ...]) -> bool:
        """Whether an itemset is in one of those found."""
        holders = -1
        for item in itemset:
            holders &= self._holders.get(item, 0)
            if not holders:
                return False
        return True

    def _add(self, itemset: tuple[int, ...], count: int) -> None:
        for item in itemset:
            self._holders[item] = self._holders.get(item, 0) | 1 << len(self.found)
        self.found[tuple(sorted(itemset))] = count
