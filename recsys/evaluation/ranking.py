"""Evaluate recommendation lists against held-out likes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.evaluation.accuracy import ACCURACY, accuracy, find_hits, find_items
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
from recsys.evaluation.repeats import by_repeats, count_users, repeat_share
from recsys.evaluation.splits.evaluation import read_cutoffs
from recsys.evaluation.value import count_unknown, revenue_capture, value_of_hits
from recsys.metrics import N_USERS
from recsys.recommenders import Recommendations


@dataclass(frozen=True, eq=False)
class RankingResult:
    """Metrics of recommendation lists.

    `users` are the ids of those with held-out likes, `per_user` the metrics of each, shape (n_users,), and
    `metrics` their means, `coverage@k` and `exposure_gini@k`, which belong to no user, and numbers of
    users, such as `n_evaluated_users`. A metric that not all users have stands with them, as a mask of shape
    (n_users,), in `defined`; its values in `per_user` are those of these users alone.
    """

    users: npt.NDArray[Any]
    per_user: dict[str, npt.NDArray[np.float64]]
    metrics: dict[str, float]
    defined: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def of_metric(self, metric: str, chosen: npt.NDArray[np.bool_] | None = None) -> "RankingResult":
        """Return one metric of the users who have it, or of the chosen ones among them."""
        everyone = np.ones(len(self.users), dtype=np.bool_)
        defined = self.defined.get(metric, everyone)
        kept = defined if chosen is None else defined & chosen
        return RankingResult(self.users[kept], {metric: self.per_user[metric][kept[defined]]}, {})

    def __repr__(self) -> str:
        return f"RankingResult(n_users={len(self.users)}, metrics={self.metrics})"


def metric_names(cutoffs: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the metrics of every evaluation at some cut-offs.

    Diversity is there where the data have categories. Where repeats count there are also those of
    `recsys.evaluation.repeats`, and where the data have prices those of `recsys.evaluation.value`.
    """
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
        Training data, for the popularity and the value of items.
    cutoffs : sequence of int
        List lengths at which to measure.
    categories : ndarray, shape (n_items, n_categories), bool, optional
        Categories of the items; without any category diversity is not measured.
    """
    cutoffs = read_cutoffs(cutoffs)
    _check(recommendations, targets, train, cutoffs, categories)
    measured = np.flatnonzero(targets.n_relevant)
    n_relevant, first = targets.n_relevant[measured], (measured, slice(cutoffs[-1]))
    items = recommendations.item_indices[first]
    hits = find_hits(recommendations.item_indices, targets)[first]
    per_user = accuracy(hits, n_relevant, cutoffs) | novelty(items, train, cutoffs)
    per_user |= serendipity(items, hits, train, cutoffs) | average_popularity(items, train, cutoffs)
    if categories is not None and categories.any():
        per_user |= diversity(items, categories, cutoffs)
    per_user |= fallback_share(recommendations.sources[first], cutoffs)
    per_user |= value_of_hits(items, hits, train.item_values, cutoffs)
    captured, defined = revenue_capture(per_user, targets.known, measured, train.item_values, cutoffs)
    per_user |= captured
    numbers = count_unknown(train.item_values) | {N_USERS: len(measured)}
    if targets.before is not None:
        n_repeats = targets.before.n_relevant[measured]
        is_repeat = find_items(recommendations.item_indices, targets.before.histories)[first]
        of_each, having = by_repeats(hits, is_repeat, n_relevant, n_repeats, cutoffs)
        per_user |= repeat_share(items, is_repeat, cutoffs) | of_each
        defined |= having
        numbers |= count_users(n_relevant, n_repeats)
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    metrics |= coverage(items, train.n_items, cutoffs) | exposure_gini(items, train.n_items, cutoffs)
    return RankingResult(targets.users[measured], per_user, metrics | numbers, defined)


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
        raise ParameterError("targets", "held-out items of at least one user", 0, cure)
