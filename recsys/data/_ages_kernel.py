"""Numba kernel of the ages of the entries of histories."""

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel


@kernel
def count_later(
    offsets: npt.NDArray[np.int64],
    item_indices: npt.NDArray[np.integer[Any]],
    steps: npt.NDArray[np.int64],
    n_counted: int,
) -> npt.NDArray[np.int64]:
    """Return the number of entries of the same user in later steps than that of each entry.

    The arrays are those of `Histories`; entries whose item index is at least `n_counted` are not counted.
    """
    ages = np.empty(len(item_indices), dtype=np.int64)
    for user in range(len(offsets) - 1):
        later = in_step = 0
        last = offsets[user + 1] - 1
        for entry in range(last, offsets[user] - 1, -1):
            if entry < last and steps[entry] != steps[entry + 1]:
                later += in_step
                in_step = 0
            ages[entry] = later
            in_step += item_indices[entry] < n_counted
    return ages
