"""Filter frequent itemsets by support, length and kind."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import support
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_choice

# Kinds of itemsets, with arules' names.
KINDS = ("all", "closed", "maximal", "generators")


def filter_itemsets(
    itemsets: FrequentItemsets, min_support: float, max_len: int | None = None
) -> FrequentItemsets:
    """Return the itemsets that mining with a higher support or a shorter length would find, in order.

    Raises ParameterError if the itemsets were mined with a higher support or a shorter length.

    Examples
    --------
    >>> from recsys import Transactions, mine
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> itemsets = mine(transactions, min_support=0.3)
    >>> len(itemsets), len(filter_itemsets(itemsets, min_support=0.5, max_len=1))
    (7, 3)
    """
    min_count = support.min_count(min_support, itemsets.n_transactions)
    if min_count < itemsets.min_count:
        raise ParameterError(
            "min_support", f"at least the {itemsets.min_support:g} that was mined at", min_support
        )
    if itemsets.max_len is not None and (max_len is None or max_len > itemsets.max_len):
        raise ParameterError("max_len", f"at most the {itemsets.max_len} that was mined up to", max_len)
    kept = _reaching(itemsets, min_count, max_len)
    some = itemsets if kept.all() else _keep(itemsets, kept)
    return replace(some, min_support=min_support, max_len=max_len)


def places_after(itemsets: FrequentItemsets, filtered: FrequentItemsets) -> IntArray:
    """Return the index of each itemset among those that `filter_itemsets` kept, shape (n,), or -1."""
    kept = _reaching(itemsets, filtered.min_count, filtered.max_len)
    places: IntArray = np.where(kept, np.cumsum(kept, dtype=np.int32) - 1, -1)
    return places


def _reaching(itemsets: FrequentItemsets, min_count: int, max_len: int | None) -> npt.NDArray[np.bool_]:
    """Return which itemsets have a count and at most a length."""
    kept: npt.NDArray[np.bool_] = itemsets.counts >= min_count
    kept[int(itemsets.offsets[min(max_len or itemsets.max_length, itemsets.max_length)]) :] = False
    return kept


def without_pairs(itemsets: FrequentItemsets, pairs: IntArray) -> FrequentItemsets:
    """Return the itemsets that hold none of some pairs of items, in order.

    `pairs`, shape (n_pairs, 2), are item indices, ascending in each pair.
    """
    if not len(pairs):
        return itemsets
    n_items, kept = len(itemsets.items), np.ones(len(itemsets), dtype=np.bool_)
    keys = pairs[:, 0] * n_items + pairs[:, 1]
    for length in range(2, itemsets.max_length + 1):
        some, level = itemsets.indices(length), itemsets.level(length).astype(np.int64)
        # What is without the last item has been checked before.
        own = np.isin(level[:, :-1] * n_items + level[:, -1:], keys).any(axis=1)
        kept[some] = kept[itemsets.parents[some]] & ~own
    return _keep(itemsets, kept)


def _keep(itemsets: FrequentItemsets, kept: npt.NDArray[np.bool_]) -> FrequentItemsets:
    """Return some of the itemsets, with each all of its subsets."""
    places = np.concatenate(([0], np.cumsum(kept)))  # number of kept itemsets before each
    indices = np.flatnonzero(kept)  # several arrays by indices: a mask takes four times as long
    parents = itemsets.parents[indices]
    sizes = np.diff(places[itemsets.offsets])
    return replace(
        itemsets,
        parents=np.where(parents >= 0, places[parents], -1),
        last_items=itemsets.last_items[indices],
        counts=itemsets.counts[indices],
        offsets=np.concatenate(([0], np.cumsum(sizes[sizes > 0]))),
    )


def select(itemsets: FrequentItemsets, kind: str) -> IntArray:
    """Return the indices of the itemsets of one kind, ascending, shape (n,), int64.

    Closed itemsets have no superset of the same support (Pasquier et al., ICDT 1999); their counts give those
    of all frequent itemsets. Maximal ones have no frequent superset (Bayardo, SIGMOD 1998). Generators, also
    called free or key itemsets, have no subset of the same support (Pasquier et al. 1999), the empty one
    included. Supersets beyond `max_len` are unknown: itemsets of that length count as closed and as maximal.
    Raises ParameterError if the kind is not one of `KINDS`.

    Examples
    --------
    >>> from recsys import Transactions, mine
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> itemsets = mine(transactions, min_support=0.3)
    >>> [sorted(itemset) for itemset in itemsets.frozensets(select(itemsets, "closed"))]
    [['eggs'], ['bread', 'milk'], ['bread', 'eggs', 'milk']]
    """
    require_choice("kind", kind, KINDS)
    keep: npt.NDArray[Any] = np.ones(len(itemsets), dtype=np.bool_)
    if kind == "generators":
        keep[itemsets.indices(1)] = itemsets.level_counts(1) < itemsets.n_transactions
    if kind != "all":
        for length in range(2, itemsets.max_length + 1):
            subsets, counts = itemsets.subsets(length), itemsets.level_counts(length)
            if kind == "maximal":
                keep[subsets] = False
                continue
            same = itemsets.counts[subsets] == counts[:, np.newaxis]
            if kind == "closed":
                keep[subsets[same]] = False
            else:
                keep[itemsets.indices(length)] = ~same.any(axis=1)
    return np.flatnonzero(keep)
