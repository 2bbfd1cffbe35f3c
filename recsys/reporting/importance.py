"""How much of the objective a parameter explains, by itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from recsys.reporting.columns import Column

N_GROUPS = 6  # a number's values are cut into this many groups of about equal size


def importance(column: Column, values: list[float]) -> float:
    """Return epsilon squared: the share of the variance of the trials' ranks between a parameter's groups.

    It is the effect size of the Kruskal-Wallis test (Kelley 1935; Tomczak and Tomczak 2014), corrected for
    the number of groups, so that a parameter without influence has about 0, and one that alone decides the
    order of the trials 1. Ranks, for an objective such as the lift has a few extreme values. What
    parameters do only together is not seen.

    >>> importance(Column("x", [0, 0, 0, 1, 1, 1], ["a", "b"], False), [1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
    0.714...
    """
    ranked = ranks(np.asarray(values, float))
    groups = np.asarray(column.values) if column.categories else _groups(np.asarray(column.values, float))
    names, index = np.unique(groups, return_inverse=True)
    n, k = len(ranked), len(names)
    total = float(((ranked - ranked.mean()) ** 2).sum())
    if k < 2 or n <= k or total == 0:
        return 0.0
    sizes = np.bincount(index)
    means = np.bincount(index, ranked) / sizes
    between = float((sizes * (means - ranked.mean()) ** 2).sum()) / total
    return max(0.0, 1 - (1 - between) * (n - 1) / (n - k))


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ranks from 0; equal values share the mean of theirs."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: npt.NDArray[np.float64] = (ends - 1) - (counts - 1) / 2
    return means[index]


def _groups(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    distinct = np.unique(values)
    if len(distinct) <= N_GROUPS:
        return np.searchsorted(distinct, values)
    cuts = np.quantile(values, [i / N_GROUPS for i in range(1, N_GROUPS)])
    assert all(a <= b for a, b in pairwise(cuts))
    return np.searchsorted(cuts, values)
