"""Filter frequent itemsets by support and length."""

from __future__ import annotations

import numpy as np

from recsys.errors import ParameterError
from recsys.mining import support
from recsys.mining.itemsets import FrequentItemsets


def filter_itemsets(
    itemsets: FrequentItemsets, min_support: float, max_len: int | None = None
) -> FrequentItemsets:
    """Return the itemsets that mining with a higher support or a shorter length would find, in order.

    Raises
    ------
    ParameterError
        If the itemsets were mined with a higher support or a shorter length.

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
    n_short = int(itemsets.offsets[min(max_len or itemsets.max_length, itemsets.max_length)])
    kept = itemsets.counts[:n_short] >= min_count
    places = np.cumsum(kept)  # number of kept itemsets up to each
    parents = itemsets.parents[:n_short][kept]
    sizes = np.diff(np.concatenate(([0], places))[itemsets.offsets[itemsets.offsets <= n_short]])
    return FrequentItemsets(
        parents=np.where(parents >= 0, places[parents] - 1, -1) if len(parents) else parents,
        last_items=itemsets.last_items[:n_short][kept],
        counts=itemsets.counts[:n_short][kept],
        offsets=np.concatenate(([0], np.cumsum(sizes[sizes > 0]))),
        items=itemsets.items,
        n_transactions=itemsets.n_transactions,
        min_support=min_support,
        max_len=max_len,
    )
