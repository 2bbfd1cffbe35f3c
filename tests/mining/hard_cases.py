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
    for max_len in (None, 3, 4):
        yield mostly_two_items(), 3 / 2000, max_len


def mostly_two_items():
    """Return transactions with dense items 0 to 5, 6 and 7 in most of them, and many rare items."""
    rng = np.random.default_rng(1)
    matrix = np.zeros((2000, 203), dtype=bool)
    matrix[:40, :6] = rng.random((40, 6)) < 0.6
    matrix[:, 6:8] = rng.random((2000, 2)) < [0.97, 0.35]
    matrix[np.arange(2000)[:, np.newaxis], 8 + 3 * rng.integers(65, size=(2000, 1)) + np.arange(3)] = True
    matrix[:, 8:] &= rng.random((2000, 195)) < 0.75
    return _of(matrix)


def _of(matrix):
    return Transactions(sparse.csr_array(matrix), np.arange(matrix.shape[1]))
