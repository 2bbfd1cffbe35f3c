"""Numba kernel of EASE: the product of a dense and a sparse matrix."""

from __future__ import annotations

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray


@kernel
def times_likes(weights: FloatArray, starts: IntArray, likes: IntArray, n_items: int) -> FloatArray:
    """Return weights X: the weights of the users who like an item, summed up in the order of the users.

    Parameters
    ----------
    weights : ndarray, shape (n, n_users), float64
    starts, likes : ndarray, shape (n_users + 1,) and (n_likes,)
        X in the manner of a CSR matrix, all values 1.

    Returns
    -------
    ndarray, shape (n, n_items), float64
    """
    product = np.zeros((len(weights), n_items))
    for row in range(len(weights)):
        for user in range(len(starts) - 1):
            for entry in range(starts[user], starts[user + 1]):
                product[row, likes[entry]] += weights[row, user]
    return product
