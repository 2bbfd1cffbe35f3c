"""Users of the page: their ids in the data, the items that they may name, and their rows."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize, positions
from recsys.data.interactions import Interactions
from recsys.errors import DataError

PARAMETER = "dataset.feedback"


def known_items(data: Interactions) -> dict[str, Any]:
    """Return the ids of the items of the data and of its catalog, by their text."""
    known = np.unique(data.item_id).tolist()
    if data.items is not None and data.items.item_id.dtype.kind == data.item_id.dtype.kind:
        known += data.items.item_id.tolist()
    return {str(item): item for item in known}


def new_users(user_id: npt.NDArray[Any], people: Collection[str], weight: int) -> dict[str, list[Any]]:
    """Return `weight` new user ids for each page user."""
    if user_id.dtype.kind == "i":
        first = int(user_id.max()) + 1
        if first + len(people) * weight > 2**63:
            raise DataError(f"{PARAMETER}: people get the integers after {first - 1}, and there are none.")
        starts = range(first, first + len(people) * weight, weight)
        return {one: list(range(start, start + weight)) for one, start in zip(people, starts, strict=True)}
    stem = "page"
    while any(user.startswith((f"{stem}:", f"{stem}#")) for user in np.unique(user_id).tolist()):
        stem += "_"
    copies = [f"{stem}:", *(f"{stem}#{copy}:" for copy in range(2, weight + 1))]
    return {one: [f"{prefix}{one}" for prefix in copies] for one in people}


def appended(data: Interactions, added: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the data with the values of some rows at their ends.

    Added items have the quantity 1, and the mean price and margin of the item, or of all.
    """
    items = np.array(added["item_id"], data.item_id.dtype.type)
    ends = dict(added) | {name: _means(data, name, items) for name in ("price", "margin")}
    ends["quantity"] = np.ones(len(items))
    columns = {name: getattr(data, name) for name in ends}
    return {
        name: np.append(old, np.array(ends[name], old.dtype.type))
        for name, old in columns.items()
        if old is not None
    }


def _means(data: Interactions, name: str, items: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return the mean of a column for each item; None if there is no such column."""
    values = getattr(data, name)
    if values is None:
        return None
    ids, place = factorize(data.item_id)
    known = ~np.isnan(values)
    counts = np.bincount(place[known], minlength=len(ids))
    sums = np.bincount(place[known], values[known], minlength=len(ids))
    total = values[known].mean() if known.any() else np.nan
    means = np.divide(sums, counts, out=np.full(len(ids), total), where=counts > 0)
    column, found = positions(items, ids)
    return np.where(found, means[np.where(found, column, 0)], total)
