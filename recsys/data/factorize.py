"""Numbers for ids: what sorting would give, without sorting where that is not needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def number(ids: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]:
    """Return the distinct ids, ascending, and the position of each id among them.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        Integers or text.

    Returns
    -------
    distinct : ndarray, shape (n_distinct,)
    position : ndarray of int, shape (n,)
        ``distinct[position]`` is `ids`.

    Examples
    --------
    >>> number(np.array([7, 3, 7]))
    (array([3, 7]), array([1, 0, 1], dtype=int32))
    """
    if len(ids) and ids.dtype.kind in "iu":
        least, greatest = int(ids.min()), int(ids.max())
        if greatest - least <= 4 * len(ids):
            return _by_table(ids, least, greatest - least + 1)
    distinct, position = np.unique(ids, return_inverse=True)
    return distinct, position


def _by_table(
    ids: npt.NDArray[Any], least: int, n_places: int
) -> tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]:
    """Number integers that lie close together, by a table with a place for each there may be."""
    offset = ids - least
    occurs = np.zeros(n_places, dtype=np.bool_)
    occurs[offset] = True
    places = np.flatnonzero(occurs)
    numbers = np.empty(n_places, dtype=np.int32 if len(places) < 2**31 else np.int64)
    numbers[places] = np.arange(len(places))
    return (places + least).astype(ids.dtype), numbers[offset]
