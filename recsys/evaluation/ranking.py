"""Evaluate recommendation lists against held-out likes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.evaluation.accuracy import ACCURACY, accuracy, find_hits
from recsys.evaluation.beyond_accuracy import (
    BEYOND_ACCURACY,
    OF_ALL_LISTS,
    average_popularity,
    coverage,
    diversity,
    exposure_gini,
    fallback_share,
    novelty,
    serendipity,
)
from recsys.evaluation.holdout import Targets
from recsys.evaluation.splits.evaluation import read_cutoffs
from recsys.metrics import N_USERS
from recsys.recommenders import Recommendations


@dataclass(frozen=True, eq=False)
class RankingResult:
    """Metrics of recommendation lists.

    `users` are the ids of those with held-out likes, `per_user` the metrics of each, shape (n_users,), and
    `metrics` their means, `coverage@k` and `exposure_gini@k`, which belong to no user, and
    `n_evaluated_users`.
    """

    users: npt.NDArray[Any]
    per_user: dict[str, npt.NDArray[np.float64]]
    metrics: dict[str, float]

    def of_metric(self, metric: str, chosen: npt.NDArray[np.bool_] | slice = slice(None)) -> "RankingResult":
        """Return one metric of each user, or of the chosen users."""
        return RankingResult(self.users[chosen], {metric: self.per_user[metric][chosen]}, {})

    def __repr__(self) -> str:
        return f"RankingResult(n_users={len(self.users)}, metrics={self.metrics})"


def metric_names(cutoffs: Sequence[int]) -> tuple[str, ...]:
    """Return the names of all metrics at some cut-offs; diversity is there where the data have categories."""
    names = (*ACCURACY, *BEYOND_ACCURACY, *OF_ALL_LISTS)
    return (*(f"{name}@{k}" for k in cutoffs for name in names), N_USERS)


def evaluate(
    recommendations: Recommendations,
    targets: Targets,
    train: Histories,
    cutoffs: Sequence[int],
    categories: npt.NDArray[np.bool_] | None = None,
) -> RankingResult:
    """Measure recommendations at several cut-offs.

    The lists are the best of all items: no negatives are sampled, which would rank recommenders in another
    order (Krichene and Rendle, 2020. On sampled metrics for item recommendation. KDD 2020). Parameters that
    do not agree, and targets without users, raise ParameterError.

    Parameters
    ----------
    recommendations : Recommendations
        A row for each user of `targets`, at least as long as the largest cut-off.
    targets : Targets
        Users without any are left out of every metric.
    train : Histories
        Training data, for the popularity of items.
    cutoffs : sequence of int
        List lengths at which to measure.
    categories : ndarray, shape (n_items, n_categories), bool, optional
        Categories of the items; without any category diversity is not measured.
    """
    cutoffs = read_cutoffs(cutoffs)
    _check(recommendations, targets, train, cutoffs, categories)
    measured = np.flatnonzero(targets.n_relevant)
    items = recommendations.item_indices[measured, : cutoffs[-1]]
    hits = find_hits(recommendations.item_indices, targets)[measured, : cutoffs[-1]]
    per_user = accuracy(hits, targets.n_relevant[measured], cutoffs) | novelty(items, train, cutoffs)
    per_user |= serendipity(items, hits, train, cutoffs) | average_popularity(items, train, cutoffs)
    if categories is not None and categories.any():
        per_user |= diversity(items, categories, cutoffs)
    per_user |= fallback_share(recommendations.sources[measured, : cutoffs[-1]], cutoffs)
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    metrics |= coverage(items, train.n_items, cutoffs) | exposure_gini(items, train.n_items, cutoffs)
    metrics[N_USERS] = len(measured)
    return RankingResult(targets.users[measured], per_user, metrics)


def _check(
    recommendations: Recommendations,
    targets: Targets,
    train: Histories,
    cutoffs: tuple[int, ...],
    categories: npt.NDArray[np.bool_] | None,
) -> None:
    n_items = targets.known.n_items
    if len(recommendations) != len(targets):
        rule = f"a list for each of {len(targets)} users"
        raise ParameterError("recommendations", rule, len(recommendations))
    if train.n_items != n_items:
        rule = f"histories over the targets' catalogue of {n_items} items"
        raise ParameterError("train", rule, train.n_items)
    if categories is not None and len(categories) != n_items:
        raise ParameterError("categories", f"a row for each of {n_items} items", categories.shape)
    if recommendations.k < cutoffs[-1]:
        rule = f"at most the length of the lists, {recommendations.k}"
        cure = f"Recommend lists of {cutoffs[-1]} items."
        raise ParameterError("cutoffs", rule, cutoffs, cure)
    if not targets.n_relevant.any():
        cure = "Set another evaluation than none."
        raise ParameterError("targets", "held-out likes of at least one user", 0, cure)
