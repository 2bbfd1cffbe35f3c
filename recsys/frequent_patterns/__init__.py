"""A drop-in for `mlxtend.frequent_patterns`: the same functions and frames, on our engine.

>>> import pandas as pd
>>> from recsys.frequent_patterns import apriori, association_rules
>>> baskets = pd.DataFrame([[1, 1, 0], [1, 1, 1], [0, 0, 1]], columns=["bread", "milk", "eggs"], dtype=bool)
>>> itemsets = apriori(baskets, min_support=0.5, use_colnames=True)
>>> association_rules(itemsets, metric="lift", min_threshold=1.2)["lift"].tolist()
[1.5, 1.5]

Frames, warnings, errors and what `verbose=1` prints are mlxtend's, except: All functions decide the boundary
as mlxtend's `apriori` does: 7 of 25 transactions are frequent at 0.28; mlxtend's `fpgrowth`, `fpmax` and
`hmine` round up to 8. `fpgrowth` and `fpmax` return their itemsets in the order of `apriori`. "support" is
float64, where mlxtend returns objects for frames of mixed types; `hmine` returns objects, as mlxtend's. An
argument that is not a pandas frame, or not a frame of itemsets, raises a `ParameterError`, which is a
ValueError. Missing values (`null_values=True`) are passed on to mlxtend.
"""

from recsys.frequent_patterns.itemsets import apriori, fpgrowth, fpmax, hmine
from recsys.frequent_patterns.rules import association_rules

__all__ = ["apriori", "association_rules", "fpgrowth", "fpmax", "hmine"]
