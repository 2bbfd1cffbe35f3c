"""Measures of how well lists hit what users liked: binary relevance, all items of the catalog ranked."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.evaluation.holdout import Targets

ACCURACY = ("ndcg", "recall", "capped_recall", "precision", "map", "mrr", "hit_rate")


def find_hits(item_indices: npt.NDArray[np.int32], targets: Targets) -> npt.NDArray[np.bool_]:
    """Return which recommended items (-1 is none) are held-out likes of their user, shape (n_users, k)."""
    return find_items(item_indices, targets.known)


def find_items(item_indices: npt.NDArray[np.int32], histories: Histories) -> npt.NDArray[np.bool_]:
    """Return which recommended items (-1 is none) are in the history of their user, shape (n_users, k)."""
    keys = histories.keys
    if not len(keys):
        return np.zeros(item_indices.shape, dtype=np.bool_)
    listed = np.arange(len(histories))[:, np.newaxis] * histories.n_items + item_indices
    place = np.minimum(np.searchsorted(keys, listed), len(keys) - 1)
    hits: npt.NDArray[np.bool_] = (keys[place] == listed) & (item_indices >= 0)
    return hits


def accuracy(
    hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64], cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure lists at several cut-offs.

    With rel(i) 1 for a hit at rank i, otherwise 0, and n the user's number of held-out likes:

    - ndcg: sum of rel(i) / log2(i + 1) up to k, over the same sum of the best list, which has min(k, n) hits
      at its top [1]_. RecTools calls this `divide_by_achievable`; by default it divides by k hits.
    - recall: hits / n, as in RecTools; users with n > k cannot reach 1.
    - capped_recall: hits / min(k, n), which LensKit calls recall.
    - precision: hits / k, also for shorter lists.
    - map: sum of rel(i) × precision at i up to k, over min(k, n), so that 1 can be reached [2]_. RecTools
      divides by n, LensKit by min(n, length of the list).
    - mrr: 1 / rank of the first hit up to k, 0 without one [3]_.
    - hit_rate: 1 with a hit up to k, 0 without one [4]_.

    Parameters
    ----------
    hits : ndarray, shape (n_users, k_max), bool
    n_relevant : ndarray, shape (n_users,), int64
        At least 1 each.
    cutoffs : sequence of int
        Each 1 to k_max.

    Returns
    -------
    dict of str to ndarray, shape (n_users,), float64
        Values in [0, 1] under names with their cut-off: "ndcg@10".

    References
    ----------
    .. [1] Järvelin and Kekäläinen (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS 20(4).
    .. [2] Manning, Raghavan and Schütze (2008). Introduction to Information Retrieval, section 8.4.
    .. [3] Voorhees (1999). The TREC-8 question answering track report.
    .. [4] Deshpande and Karypis (2004). Item-based top-N recommendation algorithms. ACM TOIS 22(1).
    """
    rank = np.arange(1, hits.shape[1] + 1)
    discount = 1 / np.log2(rank + 1)
    n_hits = np.cumsum(hits, axis=1)
    gain = np.cumsum(hits * discount, axis=1)
    ideal_gain = np.cumsum(discount)
    precision_at_hits = np.cumsum(hits * (n_hits / rank), axis=1)
    reciprocal_rank = np.maximum.accumulate(hits / rank, axis=1)
    values: dict[str, npt.NDArray[np.float64]] = {}
    for k in cutoffs:
        reachable = np.minimum(k, n_relevant)
        found = n_hits[:, k - 1]
        values |= {
            f"ndcg@{k}": gain[:, k - 1] / ideal_gain[reachable - 1],
            f"recall@{k}": found / n_relevant,
            f"capped_recall@{k}": found / reachable,
            f"precision@{k}": found / k,
            f"map@{k}": precision_at_hits[:, k - 1] / reachable,
            f"mrr@{k}": reciprocal_rank[:, k - 1],
            f"hit_rate@{k}": (found > 0).astype(np.float64),
        }
    return values
