"""Factorize ids, in sorted order, and find them again."""

from typing import Any

import numpy as np
import numpy.typing as npt


def factorize(ids: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]:
    """Return the distinct ids (integers or text), ascending, and the position of each id among them.

    As `numpy.unique` with `return_inverse`, but without sorting where integers lie close together.

    Examples
    --------
    >>> factorize(np.array([7, 3, 7]))
    (array([3, 7]), array([1, 0, 1], dtype=int32))
    """
    lowest, highest = (int(ids.min()), int(ids.max())) if len(ids) and ids.dtype.kind in "iu" else (0, -1)
    if not 0 <= highest - lowest <= 4 * len(ids):
        distinct, position = np.unique(ids, return_inverse=True)
        return distinct, position
    offset = ids.astype(np.intp, copy=False) - lowest  # NumPy indexes by these
    occurs = np.zeros(highest - lowest + 1, dtype=np.bool_)
    occurs[offset] = True
    places = np.flatnonzero(occurs)
    dtype = np.int32 if len(places) < 2**31 else np.int64
    numbers: npt.NDArray[np.integer[Any]] = np.empty(len(occurs), dtype=dtype)
    numbers[places] = np.arange(len(places))
    return (places + lowest).astype(ids.dtype), numbers[offset]


def positions(
    ids: npt.NDArray[Any], vocabulary: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.integer[Any]], npt.NDArray[np.bool_]]:
    """Return the position of each id in an ascending vocabulary, and whether it is there."""
    if not len(vocabulary):
        return np.zeros(ids.shape, dtype=np.int64), np.zeros(ids.shape, dtype=np.bool_)
    place = np.minimum(np.searchsorted(vocabulary, ids), len(vocabulary) - 1)
    return place, vocabulary[place] == ids
