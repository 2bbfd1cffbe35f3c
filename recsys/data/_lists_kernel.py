"""Numba kernel that reads lists of integers from the bytes of `marshal`."""

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel

IntArray = npt.NDArray[np.integer[Any]]

LIST, TUPLE, INTEGER = ord("["), ord("("), ord("i")


@kernel
def read_rows(kinds: npt.NDArray[np.uint8], values: IntArray, starts: IntArray, flat: IntArray) -> bool:
    """Read a list of lists of integers; return False if the records hold anything else.

    A record is a kind and a value: a list or tuple and its length, or an integer. The first one is the outer
    list. Output: `flat`, shape (n_integers,), are the integers, end to end; row r has those from starts[r] to
    starts[r + 1] - 1. `flat` has as many entries as there are records beside the lists.
    """
    place, end = 1, 0
    for row in range(len(starts) - 1):
        starts[row] = end
        if place == len(kinds) or (kinds[place] != LIST and kinds[place] != TUPLE):
            return False
        length = values[place]
        place += 1
        # Of other items, records are cut wrongly: a list may then be longer than all that remains.
        if length > len(flat) - end:
            return False
        strange = False
        for offset in range(length):
            strange |= kinds[place + offset] != INTEGER
            flat[end + offset] = values[place + offset]
        if strange:
            return False
        place += length
        end += length
    starts[len(starts) - 1] = end
    return place == len(kinds)


@kernel
def number(flat: IntArray, lowest: int, highest: int) -> IntArray:
    """Replace integers by their positions among the distinct ones, ascending; return those."""
    numbers = np.zeros(highest - lowest + 1, dtype=flat.dtype)
    for value in flat:
        numbers[value - lowest] = 1
    distinct = np.flatnonzero(numbers)
    for position in range(len(distinct)):
        numbers[distinct[position]] = position
    for place in range(len(flat)):
        flat[place] = numbers[flat[place] - lowest]
    return distinct + lowest
