"""Numba kernels that read Python's lists of integers."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config, types
from numba.extending import intrinsic

from recsys.kernel import kernel, kernel_of_objects

IntArray = npt.NDArray[np.integer[Any]]

# Functions of Python's C API. An object is given by its address, which is what `id` returns.
ADDRESS: Any = types.uintp
SIZE: Any = types.intp
list_size: Any = types.ExternalFunction("PyList_Size", SIZE(ADDRESS))
list_item: Any = types.ExternalFunction("PyList_GetItem", ADDRESS(ADDRESS, SIZE))
tuple_size: Any = types.ExternalFunction("PyTuple_Size", SIZE(ADDRESS))
tuple_item: Any = types.ExternalFunction("PyTuple_GetItem", ADDRESS(ADDRESS, SIZE))
integer: Any = types.ExternalFunction("PyLong_AsLongLongAndOverflow", types.int64(ADDRESS, ADDRESS))

Rows = tuple[bool, IntArray, IntArray, int, int, bool]  # see read_rows


def _type_of(_context: Any, _of: Any) -> Any:
    """Return the type of an object: a macro in C, for which Numba has a function."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        python = context.get_python_api(builder)
        kind = python.get_type(builder.inttoptr(arguments[0], python.pyobj))
        return builder.ptrtoint(kind, context.get_value_type(ADDRESS))

    return ADDRESS(ADDRESS), generate


type_of: Any = intrinsic(_type_of)


def read_rows(rows: int, of_list: int, of_tuple: int, of_int: int) -> Rows:
    """Read a list of lists or tuples of integers; subclasses, such as `bool`, are something else.

    `rows`, `list`, `tuple` and `int` are given by their addresses. The GIL is held and nothing runs that is
    written in Python, so the lists stay as they are.

    Returns
    -------
    is_read : bool
        Whether the lists hold integers of 64 bits and nothing else; if not, the rest is void.
    starts, integers : ndarray, int64 and int32
        Row r has the integers starts[r] to starts[r + 1] - 1; they fit 32 bits if the next two do.
    lowest, highest : int
    is_ascending : bool
        Whether each row ascends strictly.
    """
    starts: IntArray = np.zeros(list_size(rows) + 1, dtype=np.int64)
    end, is_read = 0, True
    for row in range(len(starts) - 1):
        one = list_item(rows, row)
        kind = type_of(one)
        if kind == of_list:
            end += list_size(one)
        elif kind == of_tuple:
            end += tuple_size(one)
        else:
            is_read = False
        starts[row + 1] = end
    integers = np.empty(end, dtype=np.int32)
    overflow = np.zeros(1, dtype=np.int32)
    lowest, highest = 2**62, -(2**62)
    is_ascending = True
    for row in range(len(starts) - 1 if is_read else 0):
        one, start = list_item(rows, row), starts[row]
        is_list = type_of(one) == of_list
        before = -(2**62)
        for place in range(starts[row + 1] - start):
            item = list_item(one, place) if is_list else tuple_item(one, place)
            if type_of(item) != of_int:
                return False, starts, integers, 0, 0, False
            value = integer(item, overflow.ctypes.data)
            is_read &= overflow[0] == 0
            lowest, highest = min(lowest, value), max(highest, value)
            is_ascending &= value > before
            before = value
            integers[np.uint64(start + place)] = value
    return is_read, starts, integers, lowest, highest, is_ascending


def read_rows_uncompiled(rows: int, of_list: int, of_tuple: int, of_int: int) -> Rows:
    """Read nothing, where Numba's compiler is switched off: the caller has another way."""
    return False, np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), 0, 0, False


_UNCOMPILED: bool = config.DISABLE_JIT  # type: ignore[attr-defined]
read_rows = read_rows_uncompiled if _UNCOMPILED else kernel_of_objects(read_rows)


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
