"""Numba kernel of item-based nearest neighbours."""

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray, keep_best


@kernel
def nearest(
    user_starts: IntArray,
    user_items: IntArray,
    item_starts: IntArray,
    item_users: IntArray,
    shrinkage: float,
    neighbours: IntArray,
    similarities: FloatArray,
) -> None:
    """Write the nearest neighbours of each item and their similarities into the rows of the last two arrays.

    The others are CSR arrays of the likes, by user and by item.
    """
    n_items = len(item_starts) - 1
    items = np.arange(n_items)
    excluded = np.zeros(n_items, dtype=np.bool_)
    together = np.empty(n_items, dtype=np.int64)
    cosines = np.empty(n_items)
    for item in range(n_items):
        together[:] = 0
        for entry in range(item_starts[item], item_starts[item + 1]):
            user = item_users[entry]
            for place in range(user_starts[user], user_starts[user + 1]):
                together[user_items[place]] += 1
        n_users = item_starts[item + 1] - item_starts[item]
        for other in range(n_items):
            cosines[other] = 0.0
            if together[other] and other != item:
                norm = np.sqrt(n_users * (item_starts[other + 1] - item_starts[other]))
                cosines[other] = together[other] / (norm + shrinkage)
        keep_best(cosines, items, excluded, neighbours[item], similarities[item])
