"""Importance of a parameter for the objective."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recsys.reporting.columns import Column

N_GROUPS = 6  # the values of a number are divided into this many groups of about equal size


def importance(column: Column, values: list[float]) -> float:
    """Return epsilon squared: the share of the variance of the trials' ranks between a parameter's groups.

    It is the effect size of the Kruskal-Wallis test (Kelley 1935; Tomczak and Tomczak 2014), corrected for
    the number of groups: about 0 for a parameter without influence, 1 for one that alone determines the order
    of the trials. It uses ranks because an objective such as lift has a few extreme values. Interactions of
    parameters are not measured.

    >>> importance(Column("x", [0, 0, 0, 1, 1, 1], ["a", "b"], False), [1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
    0.714...
    """
    ranked = ranks(np.asarray(values, float))
    groups = np.asarray(column.values, float)
    if not column.categories and len(np.unique(groups)) > N_GROUPS:
        groups = np.searchsorted(np.quantile(groups, [i / N_GROUPS for i in range(1, N_GROUPS)]), groups)
    names, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n, k = len(ranked), len(names)
    total = float(((ranked - ranked.mean()) ** 2).sum())
    if k < 2 or n <= k or total == 0:
        return 0.0
    means = np.bincount(index, ranked) / sizes
    between = float((sizes * (means - ranked.mean()) ** 2).sum()) / total
    return max(0.0, 1 - (1 - between) * (n - 1) / (n - k))


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ranks from 0; equal values share the mean of theirs."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    means: npt.NDArray[np.float64] = (np.cumsum(counts) - 1) - (counts - 1) / 2
    return means[index]
