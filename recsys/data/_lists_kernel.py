"""The compiled part of `Transactions.from_lists`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel

IntArray = npt.NDArray[np.integer[Any]]

INTEGER, LIST, TUPLE = ord("i"), ord("["), ord("(")


@kernel
def read_lists(
    types: npt.NDArray[np.uint8], values: IntArray, n_rows: int
) -> tuple[bool, IntArray, IntArray, int, int, bool]:
    """Read a list of lists of integers that `marshal` has written.

    Parameters
    ----------
    types, values : ndarray, shape (n_records,)
        Type of each record, and its length or value. The first is that of the outer list.
    n_rows : int
        Length of the outer list.

    Returns
    -------
    fits : bool
        Whether the records are what they are taken for. What else is returned holds only if they are.
    indptr : ndarray, shape (n_rows + 1,), int64
        Where the integers of each row start, and where the last ones end.
    items : ndarray, int32
        The integers, one row after the other.
    least, greatest : int
        Among them.
    is_ascending : bool
        Whether the integers of each row ascend, none of them twice.
    """
    n_records = len(types)
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    items = np.empty(max(n_records - 1 - n_rows, 0), dtype=np.int32)
    least, greatest = 2**31 - 1, -(2**31)
    fits, is_ascending = n_records > n_rows, True
    record, n_items = 1, 0
    for row in range(n_rows):
        if not fits or (types[record] != LIST and types[record] != TUPLE):
            fits = False
            break
        length = int(values[record])
        if length < 0 or record + length + n_rows - row > n_records:  # each later row takes a record at least
            fits = False
            break
        before = -(2**31) - 1
        for place in range(record + 1, record + 1 + length):
            value = int(values[place])
            fits = fits and types[place] == INTEGER
            is_ascending = is_ascending and value > before
            least, greatest = min(least, value), max(greatest, value)
            items[n_items] = value
            n_items += 1
            before = value
        record += 1 + length
        indptr[row + 1] = n_items
    return fits and record == n_records, indptr, items, least, greatest, is_ascending


@kernel
def number_items(values: IntArray, least: int, greatest: int) -> tuple[IntArray, IntArray]:
    """Number the distinct integers in ascending order; in time and space of the range that they span.

    Returns
    -------
    indices : ndarray, shape (n_values,), int32
        Number of each value.
    items : ndarray, shape (n_distinct,), int64
        Value of each number.
    """
    numbers = np.zeros(greatest - least + 1, dtype=np.int32)
    for value in values:
        numbers[value - least] = 1
    items = np.empty(int(numbers.sum()), dtype=np.int64)
    n_items = 0
    for place in range(len(numbers)):
        if numbers[place]:
            numbers[place] = n_items
            items[n_items] = least + place
            n_items += 1
    indices = np.empty(len(values), dtype=np.int32)
    for place in range(len(values)):
        indices[place] = numbers[values[place] - least]
    return indices, items
