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
    """Return the indices of the itemsets of one kind, ascending, shape (n,), int64.

    Parameters
    ----------
    itemsets : FrequentItemsets
    kind : {"all", "closed", "maximal", "generators"}
        Closed itemsets have no superset of the same support (Pasquier et al., ICDT 1999); their counts give
        those of all frequent itemsets. Maximal ones have no frequent superset (Bayardo, SIGMOD 1998).
        Generators, also called free or key itemsets, have no subset of the same support (Pasquier et al.
        1999), the empty one included.

    Raises
    ------
    ParameterError
        If the kind is unknown.

    Notes
    -----
    Supersets beyond `max_len` are unknown: itemsets of that length count as closed and as maximal.

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
