"""What mlxtend prints with ``verbose=1``.

`apriori` and `hmine` print numbers of itemsets, which are known here. `fpgrowth` and `fpmax` print the shape
of mlxtend's trees: for these see `delegate.print_stages`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from recsys.frequent_patterns.delegate import load
from recsys.mining import FrequentItemsets


def print_apriori(itemsets: FrequentItemsets, max_len: int | None, low_memory: bool) -> None:
    """Print the number of combinations of each length, as mlxtend's `apriori` does.

    Parameters
    ----------
    itemsets : FrequentItemsets
        The frequent itemsets of at most `max_len` items.
    max_len : int, optional
    low_memory : bool
        Count the frequent itemsets of a length, not its candidates.
    """
    for length in range(2, itemsets.max_length + 2):
        if max_len and length > max_len:
            break
        size = _frequent(itemsets, length) if low_memory else _candidates(itemsets, length)
        if not size:
            break
        print(f"\rProcessing {size} combinations | Sampling itemset size {length}", end="")
    print()


def _frequent(itemsets: FrequentItemsets, length: int) -> int:
    """Return the size of mlxtend's array of frequent itemsets: items and a count in each row."""
    n_itemsets = len(itemsets.level(length)) if length <= itemsets.max_length else 0
    return n_itemsets * (length + 1)


def _candidates(itemsets: FrequentItemsets, length: int) -> int:
    """Return the size of mlxtend's array of candidates, of which its versions have different numbers."""
    generate = load("apriori").generate_new_combinations
    return sum(1 for _ in generate(itemsets.level(length - 1)))


def print_hmine(itemsets: Sequence[tuple[int, ...]], names: Sequence[Any], max_len: int | None) -> None:
    """Print the number of suffixes of each itemset, as mlxtend's `hmine` does.

    Parameters
    ----------
    itemsets : sequence of tuple of int
        The frequent itemsets of at most `max_len` items: positions of items, in lexicographic order.
    names : sequence
        Names of the items.
    max_len : int, optional
    """
    n_suffixes = Counter(itemset[:-1] for itemset in itemsets)
    for itemset in itemsets:
        if not max_len or len(itemset) < max_len:
            shown = ", ".join(str(names[item]) for item in itemset)
            print(f"{n_suffixes[itemset]} itemset(s) from the suffixes on item(s) ({shown})")
