"""A drop-in for mlxtend's frequent patterns: the same functions and frames, on our engine.

Where a program has `from mlxtend.frequent_patterns import apriori, association_rules`, one word changes:

>>> import pandas as pd
>>> from recsys.frequent_patterns import apriori, association_rules
>>> baskets = pd.DataFrame([[1, 1, 0], [1, 1, 1], [0, 0, 1]], columns=["bread", "milk", "eggs"], dtype=bool)
>>> itemsets = apriori(baskets, min_support=0.5, use_colnames=True)
>>> association_rules(itemsets, metric="lift", min_threshold=1.2)["lift"].tolist()
[1.5, 1.5]

Frames, warnings and errors are mlxtend's, but for this. What lies at the boundary is decided by all miners as
mlxtend's `apriori` does (7 of 25 is frequent at 0.28). `fpgrowth` and `fpmax` return their itemsets in the
order of `apriori`. "support" is always float64, where mlxtend returns objects for frames of mixed types.
Missing values (`null_values=True`) are left to mlxtend: its own functions answer.
"""

from recsys.frequent_patterns.itemsets import apriori, fpgrowth, fpmax
from recsys.frequent_patterns.rules import association_rules

__all__ = ["apriori", "association_rules", "fpgrowth", "fpmax"]
