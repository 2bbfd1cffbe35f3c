"""Lists of items, encoded as a matrix."""

import warnings
from collections.abc import Container, Hashable, Iterable, Sized
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data.factorize import factorize
from recsys.errors import DataFormatError, ParameterError

IntArray = npt.NDArray[np.integer[Any]]


def encode_lists(transactions: Iterable[Any]) -> tuple[sparse.csr_array, npt.NDArray[Any]]:
    """Return a boolean matrix and the items of its columns; see `Transactions.from_lists`."""
    _require_lists(transactions)
    rows = list(transactions)
    indptr, indices, items, is_ascending = _encode_integers(rows) or (*_encode(rows), False)
    ones = np.ones(len(indices), dtype=np.bool_)
    indptr = indptr.astype(indices.dtype)  # scipy copies index arrays of two types
    matrix = sparse.csr_array((ones, indices, indptr), shape=(len(rows), len(items)))
    if is_ascending:
        matrix.has_canonical_format = True  # scipy would look, as it does where this is not known
    return matrix, items


def _encode_integers(rows: list[Any]) -> tuple[IntArray, IntArray, npt.NDArray[Any], bool] | None:
    """Encode lists of integers of 32 bits as `_encode` does, many times faster; None for anything else.

    The last value is whether the columns ascend strictly in each row.
    """
    first = next((item for row in rows if type(row) in (list, tuple) for item in row), None)
    if type(first) is not int:
        return None
    # Imported here: Numba takes a second, and other items do not need it.
    from recsys.data import _lists_kernel as kernel

    is_read, indptr, indices, lowest, highest, is_ascending = kernel.read_rows(
        *map(id, (rows, list, tuple, int))
    )
    if not is_read or lowest < -(2**31) or highest >= 2**31:
        return None
    if highest - lowest <= 4 * len(indices):
        return indptr, indices, kernel.number(indices, lowest, highest), is_ascending
    items, indices = factorize(indices)
    return indptr, indices, items.astype(np.int64), is_ascending


def _encode(rows: list[Any]) -> tuple[IntArray, IntArray, npt.NDArray[Any]]:
    """Return the CSR arrays of lists of items of any kind, and the items of the columns."""
    others = tuple(
        kind for kind in set(map(type, rows)) if kind in (str, bytes) or not issubclass(kind, Iterable)
    )
    if others:
        row = next(row for row in rows if isinstance(row, others))
        cure = "An empty one is []." if _is_missing(row) else f"One of a single item is [{row!r}]."
        raise DataFormatError(f"A transaction must be a list of items. Got {row!r}. {cure}")
    rows = [row if isinstance(row, Sized) else list(row) for row in rows]
    flat = list(chain.from_iterable(rows))
    try:
        distinct = set(flat)
    except TypeError:
        item = next(item for item in flat if not isinstance(item, Hashable) or isinstance(item, tuple))
        raise DataFormatError(
            f"An item must be a number or text, not a {type(item).__name__}. Got {item!r}. "
            "Put the items of a transaction into one flat list."
        ) from None
    if any(map(_is_missing, distinct)):
        raise DataFormatError('An item is missing: None, NaN or "". Leave it out, or give it a name.')
    try:
        vocabulary = sorted(distinct)
    except TypeError as error:
        raise DataFormatError(
            f"Items must be of one sortable type, all text or all numbers: {error}. "
            "Convert them, for example with str(item)."
        ) from error
    _check_text(vocabulary, len(flat) <= len(rows))
    column = {item: index for index, item in enumerate(vocabulary)}
    indices = np.fromiter(map(column.__getitem__, flat), dtype=np.int32, count=len(flat))
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    return np.concatenate(([0], np.cumsum(lengths))), indices, array_of_ids(vocabulary)


def _require_lists(transactions: Any) -> None:
    """Raise ParameterError unless it is an iterable of lists; tables iterate over something else."""
    kind = getattr(getattr(transactions, "dtype", None), "kind", "")
    is_table = hasattr(transactions, "columns") or sparse.issparse(transactions) or kind == "b"
    if is_table or not isinstance(transactions, Iterable):
        cure = "For example [['bread', 'milk'], ['milk']]."
        if is_table:
            cure = "Transactions.from_frame takes a frame of booleans, Transactions(matrix, items) a matrix."
        raise ParameterError("transactions", "an iterable of lists of items", type(transactions), cure)


def _is_missing(item: Any) -> bool:
    try:
        return item is None or bool(item != item) or (isinstance(item, str) and not item.strip())
    except TypeError:  # pandas.NA is neither equal nor unequal
        return True


def _check_text(vocabulary: list[Any], one_item_each: bool) -> None:
    """Raise DataFormatError for items that differ in space alone; warn of items that look like lists."""
    if not vocabulary or not isinstance(vocabulary[0], str):
        return
    stripped: dict[str, str] = {}
    for item in vocabulary:
        other = stripped.setdefault(item.strip(), item)
        if other != item:
            raise DataFormatError(
                f"Items {other!r} and {item!r} differ only in the space around them. "
                "Strip them first: [item.strip() for item in transaction]."
            )
    if one_item_each and (found := find_list(vocabulary)):
        item, separator = found
        warnings.warn(
            f"Every transaction holds one item, and some look like lists: {item!r}. If they are, split them "
            f"first: item.split({separator!r}).",
            stacklevel=5,
        )


def find_list(items: Iterable[str], known: Container[str] | None = None) -> tuple[str, str] | None:
    """Return the first item that looks like a list (of `known` items if given) and its separator, or None."""
    for item in items:
        for separator in (",", ";", "|", "\t"):
            parts = [part.strip() for part in item.split(separator)]
            if len(parts) > 1 and all(part and (known is None or part in known) for part in parts):
                return item, separator
    return None


def array_of_ids(values: list[Any]) -> npt.NDArray[Any]:
    """Make a one-dimensional array of ids; ids that are tuples stay whole, mixed types stay as they are."""
    if len({type(value) for value in values}) == 1 and isinstance(values[0], (str, int, np.integer)):
        array = np.asarray(values)
        if array.dtype.kind in "iuU":
            return array
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
