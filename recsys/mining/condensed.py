"""Condensed itemsets: closed, maximal, generators."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_choice

#: Kinds of itemsets, with arules' names.
KINDS = ("all", "closed", "maximal", "generators")


def select(itemsets: FrequentItemsets, kind: str) -> IntArray:
    """Return the indices of the itemsets of one kind.

    Parameters
    ----------
    itemsets : FrequentItemsets
    kind : {"all", "closed", "maximal", "generators"}
        Closed itemsets have no superset of the same support (Pasquier et al., ICDT 1999): with their counts
        they tell those of all frequent itemsets. Maximal ones have no frequent superset (Bayardo, SIGMOD
        1998): all frequent itemsets are their subsets. Generators, also called free or key itemsets, have no
        subset of the same support (Pasquier et al. 1999), the empty one included, which stands in all
        transactions.

    Returns
    -------
    ndarray, shape (n,), int64
        Ascending indices into `itemsets`.

    Raises
    ------
    ParameterError
        If there is no such kind.

    Notes
    -----
    Supersets are looked for among the itemsets given. Where `max_len` cut the mining short, those of that
    length therefore count as closed and as maximal; generators do not depend on it.

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
        keep[: itemsets.offsets[min(1, itemsets.max_length)]] = (
            itemsets.level_counts(1) < itemsets.n_transactions
        )
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
                level = slice(int(itemsets.offsets[length - 1]), int(itemsets.offsets[length]))
                keep[level] = ~same.any(axis=1)
    return np.flatnonzero(keep)
