"""Parameters of trials as columns of numbers or categories, and their importance."""

import math
from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.runs.trials import Trial

N_GROUPS = 6  # the values of a number are divided into this many groups of about equal size


@dataclass(frozen=True)
class Column:
    """The values of one parameter over some trials: numbers, or indices of sorted categories."""

    name: str
    values: list[float]
    categories: list[str]  # empty for numbers
    log: bool  # whether its axis is logarithmic


def columns(trials: list[Trial], log: Container[str] = ()) -> list[Column]:
    """Return the parameters that all trials have and that vary; `log` names those on a logarithmic scale."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    everywhere = (name for name in names if all(name in trial.params for trial in trials))
    found = (_column(name, [trial.params[name] for trial in trials], name in log) for name in everywhere)
    return [column for column in found if len(set(column.values)) > 1]


def _column(name: str, texts: list[str], log: bool) -> Column:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [math.nan]
    if all(map(math.isfinite, numbers)):
        return Column(name, numbers, [], log=log and min(numbers) > 0)
    categories = sorted(set(texts))
    return Column(name, [categories.index(text) for text in texts], categories, log=False)


def importance(column: Column, values: list[float]) -> float:
    """Return epsilon squared: the share of the variance of the trials' ranks between a parameter's groups.

    It is the effect size of the Kruskal-Wallis test (Kelley 1935; Tomczak and Tomczak 2014), corrected for
    the number of groups: about 0 without influence, 1 if the parameter alone determines the order of the
    trials. Ranks, because an objective such as lift has a few extreme values.

    >>> importance(Column("x", [0, 0, 0, 1, 1, 1], ["a", "b"], False), [1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
    0.714...
    """
    ranked = ranks(np.asarray(values, float))
    groups = np.asarray(column.values, float)
    if not column.categories and len(np.unique(groups)) > N_GROUPS:
        groups = np.searchsorted(np.quantile(groups, [i / N_GROUPS for i in range(1, N_GROUPS)]), groups)
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n, k = len(ranked), len(sizes)
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
