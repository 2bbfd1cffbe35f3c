"""Measures of repeats and of new items, where what was bought before may be recommended again.

A repeat is an item that stands in the visible history of the user, a new item is one that does not. Values
are by name and cut-off, "recall_repeat@10", one for each user who has the metric.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recsys.evaluation.accuracy import accuracy

#: Also measured for repeats and for new items by themselves.
OF_EACH = ("ndcg", "recall", "hit_rate")
REPEATS = (*(f"{name}_{which}" for which in ("repeat", "new") for name in OF_EACH), "repeat_share")


def by_repeats(
    hits: npt.NDArray[np.bool_],
    is_repeat: npt.NDArray[np.bool_],
    n_relevant: npt.NDArray[np.int64],
    n_repeats: npt.NDArray[np.int64],
    cutoffs: Sequence[int],
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.bool_]]]:
    """Measure how well lists hit repeats, and how well new items.

    The list is the same: a hit keeps its rank, and only hits of one kind count. With T the held-out repeats
    (new items) of a user, recall_repeat@k (recall_new@k) is hits in T / |T|, hit_rate_repeat@k is 1 with a
    hit in T, and ndcg_repeat@k is that of `accuracy` with T as the only targets. Users without a held-out
    repeat (new item) do not have the metric, and are left out of its mean. Recall and hit rate are
    Recall_rep, Recall_expl, PHR_rep and PHR_expl of Li et al. [1]_.

    Parameters
    ----------
    hits, is_repeat : ndarray, shape (n_users, k_max), bool
        Which recommended items are held-out likes, and which are in the history of the user.
    n_relevant, n_repeats : ndarray, shape (n_users,), int64
        Number of held-out likes, and of those that are repeats.
    cutoffs : sequence of int

    Returns
    -------
    values : dict of str to ndarray, shape (n_defined,), float64
        In [0, 1]; without the metrics that no user has.
    defined : dict of str to ndarray, shape (n_users,), bool
        The users whose values these are.

    References
    ----------
    .. [1] Li, Jullien, Ariannezhad and de Rijke (2023). A next basket recommendation reality check.
       ACM TOIS 41(4).
    """
    values: dict[str, npt.NDArray[np.float64]] = {}
    defined: dict[str, npt.NDArray[np.bool_]] = {}
    for which, chosen, n in (
        ("repeat", hits & is_repeat, n_repeats),
        ("new", hits & ~is_repeat, n_relevant - n_repeats),
    ):
        has_some = n > 0
        if has_some.any():
            of_kind = accuracy(chosen[has_some], n[has_some], cutoffs)
            names = {f"{name}@{k}": f"{name}_{which}@{k}" for k in cutoffs for name in OF_EACH}
            values |= {new: of_kind[old] for old, new in names.items()}
            defined |= dict.fromkeys(names.values(), has_some)
    return values, defined


def repeat_share(
    item_indices: npt.NDArray[np.int32], is_repeat: npt.NDArray[np.bool_], cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure the share of a list's items that are repeats; 0 for an empty list.

    RepR of Li et al. (see `by_repeats`) on full lists, 1 - ExplR. Both parameters have shape
    (n_users, k_max).
    """
    n_repeats, length = np.cumsum(is_repeat, axis=1), np.cumsum(item_indices >= 0, axis=1)
    return {f"repeat_share@{k}": n_repeats[:, k - 1] / np.maximum(length[:, k - 1], 1) for k in cutoffs}


def count_users(n_relevant: npt.NDArray[np.int64], n_repeats: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the numbers of users with a held-out repeat and with a held-out new item."""
    return {
        "n_users_with_repeats": int(np.count_nonzero(n_repeats)),
        "n_users_with_new_items": int(np.count_nonzero(n_relevant > n_repeats)),
    }
