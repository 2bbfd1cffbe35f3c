"""Sort order lines, and merge those of one item in one order, without a copy of all columns at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize

Column = npt.NDArray[Any]

_ADDED = ("timestamp", "quantity", "price", "margin")


def merge_lines(user: Column, order: Column | None, columns: dict[str, Any]) -> dict[str, Any]:
    """Sort lines by user, order and item, and merge those of one item in one order, unless they have ratings.

    Parameters
    ----------
    user, order : ndarray, shape (n,)
        The order is None if there are none, and the user itself where orders have no customers.
    columns : dict of ndarray, shape (n,), or None
        The items, and what else there is; emptied on the way, so that a column is freed when it is sorted.
    """
    columns["user_id"], is_own_user = user, order is user
    columns["order_id"] = None if is_own_user else order
    del user, order
    columns = {name: column for name in list(columns) if (column := columns.pop(name)) is not None}
    keys = [columns[name] for name in ("user_id", "order_id", "item_id") if name in columns]
    rows, is_first = _sorted_rows(keys)
    del keys
    starts = None if "rating" in columns or is_first.all() else np.flatnonzero(is_first)
    weight = columns.get("quantity")
    if starts is not None and weight is not None and rows is not None:
        weight = weight[rows]
    merged = {name: _merged(name, columns.pop(name), rows, starts, weight) for name in list(columns)}
    return {**merged, "order_id": merged["user_id"]} if is_own_user else merged


def _merged(
    name: str, values: Column, rows: Column | None, starts: Column | None, weight: Column | None
) -> Column:
    """Return a column in sorted order, merged from one start to the next."""
    if starts is None:
        return values if rows is None else values[rows]
    if name not in _ADDED:
        return values[starts if rows is None else rows[starts]]
    values = values if rows is None else values[rows]
    if name == "timestamp":
        return np.minimum.reduceat(values, starts)
    if name == "quantity":
        return np.add.reduceat(values, starts)
    # A unit's price: the mean, over units where their number is known.
    if weight is None:
        return np.add.reduceat(values, starts) / np.diff(starts, append=len(values))
    return np.add.reduceat(values * weight, starts) / np.add.reduceat(weight, starts)


def _sorted_rows(keys: Sequence[Column]) -> tuple[npt.NDArray[np.intp] | None, npt.NDArray[np.bool_]]:
    """Return the stable order of rows by some keys, and which rows in it differ from the one before.

    The order is None if the rows ascend already.
    """
    packed, *rest = _packed(keys)
    if rest:
        rows = np.lexsort([packed, *rest][::-1])
        return rows, np.logical_or.reduce([_differs(key[rows]) for key in (packed, *rest)])
    if bool(np.all(packed[1:] >= packed[:-1])):
        return None, _differs(packed)
    rows = np.argsort(packed, kind="stable")
    return rows, _differs(packed[rows])


def _packed(keys: Sequence[Column]) -> list[npt.NDArray[np.int64]]:
    """Return integers that sort as the keys: one for all where 64 bits hold them."""
    numbers = [key if key.dtype.kind == "i" else factorize(key)[1] for key in keys]
    lowest = [int(key.min()) for key in numbers]
    sizes = [int(key.max()) - low + 1 for key, low in zip(numbers, lowest, strict=True)]
    if prod(sizes) >= 2**63:
        numbers = [factorize(key)[1] for key in keys]
        lowest, sizes = [0] * len(keys), [int(key.max()) + 1 for key in numbers]
    if prod(sizes) >= 2**63:
        return [key.astype(np.int64) for key in numbers]
    packed = np.zeros(len(numbers[0]), dtype=np.int64)
    for key, low, size in zip(numbers, lowest, sizes, strict=True):
        packed *= size
        packed += key
        packed -= low
    return [packed]


def _differs(values: Column) -> npt.NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    differs[1:] = values[1:] != values[:-1]
    return differs
