"""Numbers for ids."""

import numpy as np
import pytest

from recsys.data.factorize import factorize


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [5],
        [3, 1, 2, 3, 1],
        [-7, 10**12, -7],
        [-(2**63), 2**63 - 1],
        ["b", "a", "b", "ab"],
    ],
)
def test_numbers_are_those_of_sorting(ids):
    ids = np.array(ids, dtype=None if ids else np.int64)
    distinct, position = factorize(ids)
    assert distinct.dtype == ids.dtype
    assert distinct.tolist() == sorted(set(ids.tolist()))
    assert distinct[position].tolist() == ids.tolist()
