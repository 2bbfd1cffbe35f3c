"""Transactions that take every turn of the bitset engine."""

import numpy as np
from scipy import sparse

from recsys.data import Transactions


def hard_cases():
    """Yield transactions, a min_support and a max_len: dense, sparse, with constant and with equal items."""
    rng = np.random.default_rng(0)
    for n_transactions, n_items, density, min_support, max_len in [
        (70, 7, 0.6, 0.1, None),
        (600, 9, 0.5, 0.02, None),
        (40, 12, 0.9, 0.6, 4),
        (65, 70, 0.12, 0.05, None),
    ]:
        yield _of(rng.random((n_transactions, n_items)) < density), min_support, max_len
    # Perfect extensions: few kinds of transactions, items always there, items that come together.
    kinds = rng.random((5, 10)) < 0.6
    matrix = kinds[rng.integers(5, size=90)] ^ (rng.random((90, 10)) < 0.02)
    matrix[:, [0, 4, 9]] = True
    matrix[:, 6] = matrix[:, 3]
    yield _of(matrix), 0.1, None
    yield _of(matrix), 0.1, 3
    yield _of(matrix), 0.1, 5
    yield _of(np.ones((3, 11), dtype=bool)), 1.0, None


def _of(matrix):
    return Transactions(sparse.csr_array(matrix), np.arange(matrix.shape[1]))
