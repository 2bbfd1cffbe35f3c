"""Checks of orders that have been read: one customer each, and not of many days."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from optuna_sweeper.shell import typed_override
from recsys.data.interactions import Interactions
from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.errors import DataFormatError

log = logging.getLogger(__name__)

DAY = 86_400  # seconds


def require_one_customer(
    found: Interactions,
    columns: TableColumns,
    label: str,
    guests: npt.NDArray[Any] | None = None,
    can_query: bool = False,
) -> None:
    """Raise DataFormatError if an order has two customers, or one on some of its lines only.

    Parameters
    ----------
    found : Interactions
    columns : TableColumns
    label : str
        The table.
    guests : ndarray, optional
        Users that stand for no customer.
    can_query : bool
        Whether a query over the table can correct it.
    """
    user, order = found.user_id, found.order_id
    assert order is not None
    starts = _starts(found)
    ids, counts = np.unique(order[starts], return_counts=True)
    if len(ids) == len(starts):
        return
    position = np.searchsorted(ids, order[starts])
    is_customer = np.ones(len(starts), dtype=np.bool_) if guests is None else ~np.isin(user[starts], guests)
    has_two = np.bincount(position[is_customer], minlength=len(ids)) > 1
    wrong = ids[np.argmax(has_two if has_two.any() else counts > 1)]
    customers = user[starts][is_customer & (order[starts] == wrong)].tolist()
    one = shown(str(customers[0]))
    if has_two.any():
        cure = typed_override("dataset.columns.order_id", list(columns.used(("user_id", "order_id"))))
        raise DataFormatError(
            f"{label}: the order {shown(str(wrong))} has two customers, {one} and "
            f"{shown(str(customers[1]))}. If customers number their orders each on their own, set "
            f"{cure}; otherwise correct the table."
        )
    fill = f"{_fill(columns)} to give these the customer of their order, or " if can_query else ""
    raise DataFormatError(
        f"{label}: the order {shown(str(wrong))} has lines of the customer {one}, and lines without a "
        f"customer. Set {fill}dataset.missing=drop to leave out all lines without a customer."
    )


def _fill(columns: TableColumns) -> str:
    """Return the override that gives lines without a customer that of their order."""
    user = identifier(str(columns.user_id))
    orders = ", ".join(map(identifier, columns.order_id or ()))
    sql = f"select * replace (max({user}) over (partition by {orders}) as {user}) from data"
    return typed_override("dataset.query", sql)


def warn_of_long_orders(found: Interactions, columns: TableColumns, label: str, can_query: bool) -> None:
    """Warn if orders have lines of more than two days in a row, for their numbers may begin anew."""
    timestamp, order, starts = found.timestamp, found.order_id, _starts(found)
    if timestamp is None or order is None:
        return
    first, last = np.minimum.reduceat(timestamp, starts), np.maximum.reduceat(timestamp, starts)
    is_long = last // DAY - first // DAY > 1
    if not is_long.any():
        return
    key, ids = "dataset.columns.order_id", columns.order_id or ()
    if not (timestamp % DAY).any():
        cure = typed_override(key, [*ids, columns.timestamp])
    elif can_query:
        sql = f"select *, cast({identifier(str(columns.timestamp))} as date) as order_day from data"
        cure = f"{typed_override('dataset.query', sql)} {typed_override(key, [*ids, 'order_day'])}"
    else:
        cure = f"{key} to several columns that tell them apart"
    log.warning(
        "%s: %s orders have lines of several days, such as %s, over %s days. If orders are numbered anew "
        "each day, set %s.",
        label, f"{int(is_long.sum()):,}", shown(str(order[starts][np.argmax(is_long)])),
        f"{int((last - first)[np.argmax(is_long)] // DAY):,}", cure,
    )  # fmt: skip


def _starts(found: Interactions) -> npt.NDArray[np.intp]:
    """Return the first row of each order of each user."""
    user, order = found.user_id, found.order_id
    assert order is not None
    return np.flatnonzero(np.append(True, (user[1:] != user[:-1]) | (order[1:] != order[:-1])))
