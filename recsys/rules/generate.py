"""From frequent itemsets to rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np

from recsys.errors import BudgetError
from recsys.mining import FrequentItemsets
from recsys.parameters import require_choice, require_number
from recsys.rules.measures import METRICS
from recsys.rules.rules import IntArray, Rules

MAX_SPLITS = 2**32  # minutes of work; an itemset of 32 items alone has as many
SPLITS_AT_ONCE = 2**21  # candidate rules in memory; each takes some 50 bytes


def generate_rules(itemsets: FrequentItemsets, metric: str = "lift", min_threshold: float = 0.0) -> Rules:
    """Return the rules that reach a threshold: all splits of all itemsets of two items and more.

    Parameters
    ----------
    itemsets : FrequentItemsets
    metric : str
        The measure that decides; a key of `recsys.rules.METRICS`.
    min_threshold : float
        A rule is kept when its metric is at least this; never when it is not a number.

    Returns
    -------
    Rules
        By metric, descending; then by antecedent and by consequent, in the order of `itemsets`.

    Raises
    ------
    ParameterError
        If there is no such metric, or the threshold is not a finite number.
    BudgetError
        If there are more than `MAX_SPLITS` candidate rules.

    Examples
    --------
    >>> from recsys import Transactions, mine
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> generate_rules(mine(transactions, min_support=0.5)).measure("lift").tolist()
    [1.5, 1.5]
    """
    require_choice("metric", metric, METRICS)
    min_threshold = require_number("min_threshold", min_threshold)
    _check_budget(itemsets)
    kept: list[Rules] = []
    for antecedents, consequents, wholes in _splits(itemsets):
        rules = Rules(itemsets, antecedents, consequents, wholes, metric, min_threshold)
        kept.append(rules[rules.measure(metric) >= min_threshold])
    nothing = np.empty(0, dtype=np.int64)
    rules = Rules(
        itemsets,
        np.concatenate([nothing, *(part.antecedents for part in kept)]),
        np.concatenate([nothing, *(part.consequents for part in kept)]),
        np.concatenate([nothing, *(part.itemsets for part in kept)]),
        metric,
        min_threshold,
    )
    return rules[_order(rules)]


def _check_budget(itemsets: FrequentItemsets) -> None:
    """An itemset of k items has 2**k - 2 splits: refuse what would run for hours."""
    sizes = np.diff(itemsets.offsets).tolist()
    splits = list(accumulate(size * (2**length - 2) for length, size in enumerate(sizes, start=1)))
    if splits and splits[-1] > MAX_SPLITS:
        longest = sum(total <= MAX_SPLITS for total in splits)
        raise BudgetError(
            f"{len(itemsets):,} itemsets of up to {len(sizes)} items have {splits[-1]:,} candidate rules, "
            f"more than {MAX_SPLITS:,}. Set max_len={longest} or raise min_support."
        )


def _order(rules: Rules) -> IntArray:
    # Two sorts of one key are twice as fast as lexsort by three; the key is below len(source)**2.
    sides = np.argsort(rules.antecedents * len(rules.source) + rules.consequents)
    return sides[np.argsort(-rules.measure(rules.metric)[sides], kind="stable")]


def _splits(itemsets: FrequentItemsets) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Yield all splits of the itemsets in two, in portions: indices of antecedents, consequents, itemsets.

    A subset of the k items of an itemset is a number whose bit j says whether the j-th item is in. From the
    itemset itself, all ones, each smaller subset follows from one with an item more, by a look-up.
    """
    for length in range(2, itemsets.max_length + 1):
        everything = 2**length - 1
        subsets = np.arange(everything + 1)
        sizes = np.bitwise_count(subsets)
        added_bit = ~subsets & (subsets + 1)  # the lowest item that is not in
        added_position = np.bitwise_count(added_bit - 1)  # all items below it are in
        first, stop = int(itemsets.offsets[length - 1]), int(itemsets.offsets[length])
        portion = max(1, SPLITS_AT_ONCE >> length)
        for start in range(first, stop, portion):
            wholes = np.arange(start, min(start + portion, stop))
            index = np.empty((len(wholes), everything + 1), dtype=np.int64)
            index[:, everything] = wholes
            for size in range(length - 1, 0, -1):
                smaller = np.flatnonzero(sizes == size)
                larger = index[:, smaller | added_bit[smaller]] - itemsets.offsets[size]
                index[:, smaller] = itemsets.subsets(size + 1)[larger, added_position[smaller]]
            sides = index[:, 1:everything]
            yield sides.ravel(), sides[:, ::-1].ravel(), np.repeat(wholes, everything - 1)
