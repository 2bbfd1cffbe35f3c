"""mlxtend itself: called where values are missing, and for what its functions print with ``verbose=1``.

`apriori` and `hmine` print numbers of itemsets, which the engine knows. `fpgrowth` and `fpmax` print the
shape of mlxtend's trees: they are run for it.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pandas as pd

from recsys.mining import FrequentItemsets


def mlxtend(function: str, *arguments: Any) -> pd.DataFrame:
    """Call a function of `mlxtend.frequent_patterns`."""
    frame: pd.DataFrame = getattr(_load(function), function)(*arguments)
    return frame


def _load(function: str) -> Any:
    """Import the module of `mlxtend.frequent_patterns` that has a function."""
    with warnings.catch_warnings():  # Its import sets a filter for the whole process.
        return import_module(f"mlxtend.frequent_patterns.{function}")


def print_stages(function: str, *arguments: Any) -> None:
    """Print what a function of `mlxtend.frequent_patterns` prints. Its warnings have been given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlxtend(function, *arguments)


def print_apriori(itemsets: FrequentItemsets, max_len: int | None, low_memory: bool) -> None:
    """Print the size of mlxtend's array of each length; of candidates, or of itemsets if `low_memory`."""
    generate = _load("apriori").generate_new_combinations
    for length in range(2, itemsets.max_length + 2):
        if max_len and length > max_len:
            break
        if low_memory:  # items and a count in each row
            size = len(itemsets.level_counts(length)) * (length + 1)
        else:  # mlxtend's versions differ in the number of candidates
            size = sum(1 for _ in generate(itemsets.level(length - 1)))
        if not size:
            break
        print(f"\rProcessing {size} combinations | Sampling itemset size {length}", end="")
    print()


def print_hmine(itemsets: Sequence[tuple[int, ...]], names: Sequence[Any], max_len: int | None) -> None:
    """Print the number of suffixes of each itemset: positions in `names`, in lexicographic order."""
    n_suffixes = Counter(itemset[:-1] for itemset in itemsets)
    for itemset in itemsets:
        if not max_len or len(itemset) < max_len:
            shown = ", ".join(str(names[item]) for item in itemset)
            print(f"{n_suffixes[itemset]} itemset(s) from the suffixes on item(s) ({shown})")
