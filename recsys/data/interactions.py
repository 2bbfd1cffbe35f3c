"""Interactions: what every dataset loads and preprocessing reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recsys.data.items import ItemCatalog
from recsys.errors import ParameterError


class InteractionSet(Protocol):
    """Interactions in this process or in an engine, as results and records read them."""

    @property
    def name(self) -> str:
        """Name of the dataset."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the interactions."""
        ...

    @property
    def items(self) -> ItemCatalog | None:
        """Titles and genres, if the data has them."""
        ...

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text where no title is known."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Interactions:
    """Who rated or bought what, one entry a (user, item) pair, in canonical order: by user, then by item.

    The order of the input lines is gone once this object stands, so nothing after it can depend on it. The
    sort is stable: entries of one pair, which only `resolve_duplicates` should ever see, keep their order.

    Parameters
    ----------
    user_id, item_id : array_like, shape (n,)
        Ids as the data has them: integers (kept as int64) or text.
    rating : array_like of float, optional
        None when the data has none, as baskets.
    timestamp : array_like of int, optional
        Seconds since 1970 (or any other integers that grow with time); None when the data has none.
    items : ItemCatalog, optional
        Titles and genres, when the data has them.
    name : str
        Name of the dataset, for people and for records of runs.
    page_users : ndarray, optional
        Ids of the users that feedback has added. They are learnt from and never measured: whoever writes
        feedback chooses what they like.

    Raises
    ------
    ParameterError
        If the columns differ in length or an id is neither an integer of 64 bits nor text.
    """

    user_id: npt.NDArray[Any]
    item_id: npt.NDArray[Any]
    rating: npt.NDArray[np.float64] | None = None
    timestamp: npt.NDArray[np.int64] | None = None
    items: ItemCatalog | None = None
    name: str = ""
    page_users: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        columns: dict[str, npt.NDArray[Any]] = {
            "user_id": _as_ids("user_id", self.user_id),
            "item_id": _as_ids("item_id", self.item_id),
        }
        if self.rating is not None:
            columns["rating"] = np.asarray(self.rating, dtype=np.float64)
        if self.timestamp is not None:
            columns["timestamp"] = np.asarray(self.timestamp, dtype=np.int64)
        n = len(columns["user_id"])
        for name, column in columns.items():
            if column.shape != (n,):
                raise ParameterError(name, f"one value for each of the {n} user ids", column.shape)
        user, item = columns["user_id"], columns["item_id"]
        if not _is_sorted(user, item):
            order = _order(user, item)
            columns = {name: column[order] for name, column in columns.items()}
        for name, column in columns.items():
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.user_id)

    def __repr__(self) -> str:
        n_users, n_items = self.n_users, self.n_items
        return f"Interactions({self.name!r}, n={len(self)}, n_users={n_users}, n_items={n_items})"

    @cached_property
    def n_users(self) -> int:
        """Number of users with at least one interaction."""
        return len(np.unique(self.user_id))

    @cached_property
    def n_items(self) -> int:
        """Number of items with at least one interaction; the catalogue may know more."""
        return len(np.unique(self.item_id))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the interactions in canonical order; name and titles are not in it."""
        digest = hashlib.sha256(f"ratings {len(self)}\n".encode())
        for name in ("user_id", "item_id", "rating", "timestamp"):
            column = getattr(self, name)
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


def _as_ids(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return ids as int64 or as text."""
    ids = np.asarray(values)
    if ids.dtype.kind in "iu":
        if ids.dtype.kind == "u" and len(ids) and int(ids.max()) >= 2**63:
            raise ParameterError(name, "integers below 2**63, or text", int(ids.max()))
        return ids.astype(np.int64, copy=False)
    if ids.dtype.kind == "U" or (ids.dtype.kind == "O" and all(isinstance(value, str) for value in ids.flat)):
        return ids.astype(np.str_, copy=False)
    raise ParameterError(name, "integers or text", ids.dtype)


def _is_sorted(user: npt.NDArray[Any], item: npt.NDArray[Any]) -> bool:
    """Tell whether the pairs ascend, by user and then by item."""
    same_user = user[1:] == user[:-1]
    return bool(np.all((user[1:] > user[:-1]) | (same_user & (item[1:] >= item[:-1]))))


def _order(user: npt.NDArray[Any], item: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the stable order of the pairs: by one sort of numbers where 64 bits hold one for each pair."""
    if user.dtype.kind == item.dtype.kind == "i":
        n_places = int(item.max()) - int(item.min()) + 1
        if (int(user.max()) - int(user.min()) + 1) * n_places < 2**63:
            return np.argsort((user - user.min()) * n_places + (item - item.min()), kind="stable")
    return np.lexsort((item, user))
