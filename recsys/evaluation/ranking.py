"""Evaluate lists of recommendations against what users liked afterwards."""

from __future__ import annotations

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
    coverage,
    diversity,
    fallback_share,
    novelty,
)
from recsys.evaluation.holdout import Targets
from recsys.evaluation.splits import read_cutoffs
from recsys.metrics import N_USERS
from recsys.recommenders import Recommendations


@dataclass(frozen=True, eq=False)
class RankingResult:
    """What an evaluation finds.

    Parameters
    ----------
    users : ndarray, shape (n_users,)
        Ids of the users measured: those with at least one held-out like, known to the catalogue or not.
    per_user : dict of str to ndarray, shape (n_users,), float64
        Each metric of each user; the bootstrap resamples these.
    metrics : dict of str to float
        Their means over the users, `coverage@k`, which belongs to no user, and `n_evaluated_users`.
    """

    users: npt.NDArray[Any]
    per_user: dict[str, npt.NDArray[np.float64]]
    metrics: dict[str, float]

    def __repr__(self) -> str:
        return f"RankingResult(n_users={len(self.users)}, metrics={self.metrics})"


def metric_names(cutoffs: Sequence[int]) -> tuple[str, ...]:
    """Return the names of all metrics at some cut-offs; diversity is there where the data have genres."""
    names = (*ACCURACY, *BEYOND_ACCURACY, "coverage")
    return (*(f"{name}@{k}" for k in cutoffs for name in names), N_USERS)


def evaluate(
    recommendations: Recommendations,
    targets: Targets,
    train: Histories,
    cutoffs: Sequence[int],
    genres: npt.NDArray[np.bool_] | None = None,
) -> RankingResult:
    """Measure recommendations at several cut-offs.

    The lists are the best of the whole catalogue: no negatives are sampled, which would rank recommenders in
    another order (Krichene and Rendle, 2020. On sampled metrics for item recommendation. KDD 2020).

    Parameters
    ----------
    recommendations : Recommendations
        A row for each user of `targets`; lists at least as long as the largest cut-off (rows end in -1
        where a catalogue has fewer items).
    targets : Targets
        What the users liked afterwards; users without any are left out of every metric.
    train : Histories
        What was learnt from; says how popular items are.
    cutoffs : sequence of int
        Lengths of the list at which to measure.
    genres : ndarray, shape (n_items, n_genres), bool, optional
        Genres of the items of the catalogue; without any genre diversity is not measured.

    Raises
    ------
    ParameterError
        If rows, catalogues or lengths do not agree, or there is no user to measure.
    """
    cutoffs = read_cutoffs(cutoffs)
    _check(recommendations, targets, train, cutoffs, genres)
    measured = np.flatnonzero(targets.n_relevant)
    hits = find_hits(recommendations.item_indices, targets)[measured, : cutoffs[-1]]
    items = recommendations.item_indices[measured, : cutoffs[-1]]
    per_user = accuracy(hits, targets.n_relevant[measured], cutoffs)
    per_user |= novelty(items, train, cutoffs)
    if genres is not None and genres.any():
        per_user |= diversity(items, genres, cutoffs)
    per_user |= fallback_share(recommendations.sources[measured, : cutoffs[-1]], cutoffs)
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    metrics |= coverage(items, train.n_items, cutoffs)
    metrics[N_USERS] = len(measured)
    return RankingResult(targets.users[measured], per_user, metrics)


def _check(
    recommendations: Recommendations,
    targets: Targets,
    train: Histories,
    cutoffs: tuple[int, ...],
    genres: npt.NDArray[np.bool_] | None,
) -> None:
    n_items = targets.known.n_items
    if len(recommendations) != len(targets):
        raise ParameterError(
            "recommendations", f"a list for each of {len(targets)} users", len(recommendations)
        )
    if train.n_items != n_items:
        raise ParameterError(
            "train", f"histories over the targets' catalogue of {n_items} items", train.n_items
        )
    if genres is not None and len(genres) != n_items:
        raise ParameterError("genres", f"a row for each of {n_items} items", genres.shape)
    if recommendations.k < cutoffs[-1]:
        rule = f"at most the length of the lists, {recommendations.k}"
        raise ParameterError("cutoffs", rule, cutoffs, "Ask the recommender for longer lists.")
    if not targets.n_relevant.any():
        cure = "Set another evaluation than none."
        raise ParameterError("targets", "held-out likes of at least one user", 0, cure)
