"""From order lines to interactions: what an order is, and items that stand in it twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize
from recsys.data.interactions import Interactions
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fields import shown
from recsys.datasets.table.merging import merge_lines
from recsys.datasets.table.order_checks import DAY, require_one_customer, warn_of_long_orders
from recsys.datasets.table.reading import OrderLines
from recsys.errors import DataFormatError

log = logging.getLogger(__name__)

ORDERS = ("moment", "day", "none")

Ids = npt.NDArray[Any]


def to_interactions(
    lines: OrderLines, orders: str | None, duplicates: str, label: str, can_query: bool = False
) -> Interactions:
    """Return interactions, in which an item stands once in an order.

    Of several lines of an item in an order, quantities are added, the price and margin of a unit are the
    means, and the time is the first. Ratings are resolved by `duplicates`.

    Parameters
    ----------
    lines : OrderLines
        Released on the way, because a table may take half of the memory.
    orders : {"moment", "day", "none"} or None
        What an order is where there is no order id, only customers and times: all lines of a customer at one
        moment, or on one day; with "none" there are no orders. None takes the day where it cannot matter,
        and raises DataFormatError where it does.
    duplicates : str
        See `resolve_duplicates`.
    label : str
        The table, for errors.
    can_query : bool
        Whether a query over the table can correct it.
    """
    order = _order_ids(lines, label)
    if order is None and lines.timestamp is not None and "rating" not in lines.numbers:
        order = _by_time(lines, orders, label)
    user = _users(lines, order, label)
    has_ids, has_customers, names = bool(lines.order_id), lines.user_id is not None, lines.columns
    guests = None if lines.is_guest is None else np.unique(user[lines.is_guest])
    columns: dict[str, Any] = {"item_id": lines.item_id, "timestamp": lines.timestamp, **lines.numbers}
    lines.release()
    found = Interactions(**merge_lines(user, order, columns))
    if has_ids and has_customers:
        require_one_customer(found, names, label, guests, can_query)
    if has_ids:
        warn_of_long_orders(found, names, label, can_query)
    return found if found.rating is None else resolve_duplicates(found, duplicates, label)


def _users(lines: OrderLines, order: Ids | None, label: str) -> Ids:
    """Return the customer of each line; one for each order where there is none."""
    user, guest = lines.user_id, lines.is_guest
    if user is None:
        assert order is not None  # the columns name one of the two
        return order
    if guest is None:
        return user
    if order is None:
        raise DataFormatError(
            f"{label} has no orders, and rows without a customer. Set dataset.missing=drop, or "
            "dataset.columns.order_id to the column of the orders."
        )
    orders, number = factorize(order[guest])
    log.info("dataset.missing=guest: %s orders of %s have no customer", f"{len(orders):,}", label)
    if user.dtype.kind == "i":
        user = user.copy()
        user[guest] = np.int64(user[~guest].max(initial=0)) + 1 + number
        return user
    names = np.array([f"guest:{one}" for one in orders.tolist()], dtype=np.str_)
    user = user.astype(max(user.dtype, names.dtype))
    user[guest] = names[number]
    return user


def _order_ids(lines: OrderLines, label: str) -> Ids | None:
    """Return one id for each order, None if there are none."""
    if not lines.order_id:
        return None
    needs_time = lines.user_id is not None and lines.timestamp is None
    columns, names = lines.columns, lines.columns.order_id or ()
    for name, part in zip(names, lines.order_id, strict=True):
        if needs_time and name != columns.user_id and part.dtype.kind != "i":
            raise DataFormatError(
                f"{label}, column {name!r}: orders are sorted by time, and such ids "
                f"as {shown(str(part[0]))} do not tell it. Set dataset.columns.timestamp to one that does."
            )
    if len(lines.order_id) == 1:
        return lines.order_id[0]
    parts = list(lines.order_id)
    if lines.is_guest is not None and columns.user_id in names:
        # All without a customer are one in this column, whose values there are any.
        place = names.index(columns.user_id)
        parts[place] = np.where(lines.is_guest, 0, factorize(parts[place])[1] + 1)
    return number_tuples(parts, lines.timestamp)


def number_tuples(parts: Sequence[Ids], timestamp: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64]:
    """Number the distinct tuples from 1: by their first time, then by their parts."""
    code = np.zeros(len(parts[0]), dtype=np.int64)
    for part in parts:
        values, position = factorize(part)
        code = factorize(code * np.int64(len(values)) + position)[1].astype(np.int64, copy=False)
    if timestamp is None:
        return code + 1
    first = np.full(int(code.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, code, timestamp)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(1, len(first) + 1)
    return number[code]


def _by_time(lines: OrderLines, orders: str | None, label: str) -> npt.NDArray[np.int64] | None:
    """Return the time of each order, as its id within its customer."""
    timestamp, user = lines.timestamp, lines.user_id
    if orders == "none" or timestamp is None or user is None:
        return None
    day = timestamp // DAY
    if orders != "moment" and (timestamp > 0).any() and not day.any() and len(np.unique(timestamp)) > 1:
        raise DataFormatError(
            f"{label} has no order ids, and times such as {timestamp.max()}, which are seconds of a day in "
            "1970, or no seconds. Set dataset.orders=moment for an order of all that a customer has at such "
            "a time, dataset.orders=none (no orders), or dataset.columns.order_id to that of the orders."
        )
    if orders is None:
        _, customer = factorize(user)
        if _n_pairs(customer, day) != _n_pairs(customer, timestamp):
            raise DataFormatError(
                f"{label} has no order ids, and customers with several times on a day: an order may be all "
                "of one moment, or of one day. Set dataset.orders=moment, dataset.orders=day, or "
                "dataset.orders=none (no orders); or dataset.columns.order_id to the column of the orders."
            )
        log.info("dataset.orders: %s has no order ids; an order is all of a customer on one day", label)
    return timestamp if orders == "moment" else day


def _n_pairs(one: Ids, other: Ids) -> int:
    values, position = factorize(other)
    return len(factorize(one.astype(np.int64) * len(values) + position)[0])
