"""Interactions: what every dataset loads and preprocessing reads."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recsys.data.items import ItemCatalog
from recsys.data.nouns import Nouns
from recsys.data.positives import Positives
from recsys.errors import ParameterError

IDS = ("user_id", "order_id", "item_id")
OPTIONAL = ("order_id", "quantity", "price", "margin")
COLUMNS = ("user_id", "item_id", "rating", "timestamp", *OPTIONAL)
TYPES = {"i": "long", "f": "double", "U": "string"}  # of a column, by NumPy's kind


class InteractionSet(Protocol):
    """Interactions in this process or in an engine, as results and records read them."""

    @property
    def name(self) -> str:
        """Name of the dataset."""

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the interactions."""

    @property
    def items(self) -> ItemCatalog | None:
        """Titles and categories, if the data has them."""

    @property
    def column_types(self) -> dict[str, str]:
        """Type of each column: long, double or string."""

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text where no title is known."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Interactions:
    """Ratings or purchases: one entry a (user, item) pair; with orders, a (user, order, item) triple.

    Entries ascend by user, order and item, whatever the order of the input. The sort is stable: duplicates,
    which only `resolve_duplicates` should ever see, keep their order. Columns of different lengths, other ids
    than integers of 64 bits or text, and orders that cannot be sorted raise ParameterError.

    Parameters
    ----------
    user_id, item_id : array_like, shape (n,)
        Integers (kept as int64) or text. An order without a customer is its own user: its id is the user's.
    rating : array_like of float, optional
    timestamp : array_like of int, optional
        Seconds since 1970, or any other integers that ascend in time.
    items : ItemCatalog, optional
    name : str
        Name of the dataset.
    page_users : ndarray, optional
        Ids of the users that feedback has added: training data, never evaluated.
    refused : ndarray of object, shape (n_refused, 2), optional
        Ids of users and of the items that they refused in feedback, beside the entries: never recommended to
        them.
    order_id : array_like, optional
        Distinct within a user: two users may have an order 1. The orders of a user are sorted by time, then
        by id; without timestamps the ids must be integers that ascend in time.
    quantity : array_like of float, optional
        Units of the item in the order.
    price, margin : array_like of float, optional
        Price of one unit of the item in the order, and the profit in it; NaN where it is not known.
    """

    user_id: npt.NDArray[Any]
    item_id: npt.NDArray[Any]
    rating: npt.NDArray[np.float64] | None = None
    timestamp: npt.NDArray[np.int64] | None = None
    items: ItemCatalog | None = None
    name: str = ""
    page_users: npt.NDArray[Any] | None = None
    order_id: npt.NDArray[Any] | None = None
    quantity: npt.NDArray[np.float64] | None = None
    price: npt.NDArray[np.float64] | None = None
    margin: npt.NDArray[np.float64] | None = None
    refused: npt.NDArray[np.object_] | None = None

    def __post_init__(self) -> None:
        columns = {name: _as_column(name, column) for name, column in self._columns().items()}
        n = len(columns["user_id"])
        for name, column in columns.items():
            if column.shape != (n,):
                raise ParameterError(name, f"one value for each of the {n} user ids", column.shape)
        self._hold(columns)
        order_id = self.order_id if self.has_customers else None
        if order_id is not None and order_id.dtype.kind != "i" and self.timestamp is None:
            rule = "integers that ascend in time, for orders of customers without timestamps"
            raise ParameterError("order_id", rule, order_id.dtype, "Give the timestamps.")
        keys = [key for key in (self.user_id, order_id, self.item_id) if key is not None]
        if not _is_sorted(keys):
            rows = _stable_order(keys)
            self._hold({name: column[rows] for name, column in columns.items()})

    def _hold(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        for name, column in columns.items():
            object.__setattr__(self, name, column)

    def _columns(self) -> dict[str, Any]:
        columns = {name: getattr(self, name) for name in COLUMNS}
        return {name: column for name, column in columns.items() if column is not None}

    @property
    def column_types(self) -> dict[str, str]:
        """Type of each column: long, double or string."""
        return {name: TYPES[column.dtype.kind] for name, column in self._columns().items()}

    def __len__(self) -> int:
        return len(self.user_id)

    def __repr__(self) -> str:
        n_users, n_items = self.n_users, self.n_items
        return f"Interactions({self.name!r}, n={len(self)}, n_users={n_users}, n_items={n_items})"

    def select(self, rows: npt.NDArray[Any]) -> "Interactions":
        """Return some entries."""
        return replace(self, **{name: column[rows] for name, column in self._columns().items()})

    def with_nouns(self, nouns: Nouns) -> "Interactions":
        """Return the same entries with other words for their items."""
        other = copy(self)  # nothing to check or sort again
        catalog = ItemCatalog.empty() if self.items is None else self.items
        object.__setattr__(other, "items", replace(catalog, nouns=nouns))
        return other

    @cached_property
    def n_users(self) -> int:
        """Number of users."""
        return len(np.unique(self.user_id))

    @cached_property
    def n_items(self) -> int:
        """Number of items with at least one interaction."""
        return len(np.unique(self.item_id))

    @cached_property
    def has_customers(self) -> bool:
        """Whether there are orders, and users who may have several."""
        return self.order_id is not None and not np.array_equal(self.order_id, self.user_id)

    def positives(self, **columns: npt.NDArray[Any] | None) -> Positives:
        """Return all entries with the number of their order; all entries of an order have its first time."""
        user, item, timestamp, order = self.user_id, self.item_id, self.timestamp, self.order_id
        columns |= {"price": self.price, "margin": self.margin}
        if order is None or not self.has_customers:
            return Positives(user, item, timestamp, **columns)
        starts = np.flatnonzero(np.append(True, (user[1:] != user[:-1]) | (order[1:] != order[:-1])))
        sizes = np.diff(starts, append=len(self))
        number = np.arange(len(starts))
        if timestamp is not None:
            first = np.minimum.reduceat(timestamp, starts)
            number[np.lexsort((first, user[starts]))] = np.arange(len(starts))
            timestamp = np.repeat(first, sizes)
        return Positives(user, item, timestamp, **columns, order=np.repeat(number, sizes))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the interactions in canonical order; name and titles are not in it."""
        digest = hashlib.sha256(f"ratings {len(self)}\n".encode())
        for name in COLUMNS:
            column = getattr(self, name)
            if name in OPTIONAL and (column is None or (column is self.order_id and not self.has_customers)):
                continue
            kind = "none" if column is None else column.dtype.kind
            digest.update(f"{name} {kind}\n".encode())
            if kind == "U":
                digest.update("\n".join(column.tolist()).encode())
            elif column is not None:
                digest.update(column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text where no title is known."""
        return (self.items or ItemCatalog.empty()).titles(ids)


def _as_column(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    if name not in IDS:
        return np.asarray(values, dtype=np.int64 if name == "timestamp" else np.float64)
    ids = np.asarray(values)
    if ids.dtype.kind in "iu":
        if ids.dtype.kind == "u" and len(ids) and int(ids.max()) >= 2**63:
            raise ParameterError(name, "integers below 2**63, or text", int(ids.max()))
        return ids.astype(np.int64, copy=False)
    if ids.dtype.kind == "U" or (ids.dtype.kind == "O" and all(isinstance(value, str) for value in ids.flat)):
        return ids.astype(np.str_, copy=False)
    raise ParameterError(name, "integers or text", ids.dtype)


def _is_sorted(keys: Sequence[npt.NDArray[Any]]) -> bool:
    n = max(len(keys[0]) - 1, 0)
    ascends, equal = np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    for key in keys:
        ascends |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
    return bool(np.all(ascends | equal))


def _stable_order(keys: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.intp]:
    """Return the stable order by the keys: one sort of integers where 64 bits hold all keys of an entry."""
    if all(key.dtype.kind == "i" for key in keys):
        sizes = [int(key.max()) - int(key.min()) + 1 for key in keys]
        if prod(sizes) < 2**63:
            packed = np.zeros(len(keys[0]), dtype=np.int64)
            for key, size in zip(keys, sizes, strict=True):
                packed = packed * size + (key - key.min())
            return np.argsort(packed, kind="stable")
    return np.lexsort(keys[::-1])
