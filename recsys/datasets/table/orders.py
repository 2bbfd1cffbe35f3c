"""From order lines to interactions: what an order is, and items that stand in it twice."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.factorize import factorize
from recsys.data.interactions import Interactions
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.reading import OrderLines
from recsys.errors import DataFormatError

log = logging.getLogger(__name__)

ORDERS = ("moment", "day", "none")
DAY = 86_400  # seconds

Ids = npt.NDArray[Any]


def to_interactions(lines: OrderLines, orders: str | None, duplicates: str, label: str) -> Interactions:
    """Return interactions, in which an item stands once in an order.

    Parameters
    ----------
    lines : OrderLines
    orders : {"moment", "day", "none"} or None
        What an order is where there is no order id, only customers and times: all lines of a customer at one
        moment, or on one day; with "none" there are no orders. None takes the day where it cannot matter,
        and raises DataFormatError where it does.
    duplicates : str
        See `resolve_duplicates`; applies to ratings.
    label : str
        The table, for errors.
    """
    order = _order_ids(lines, label)
    if order is None and lines.timestamp is not None and "rating" not in lines.numbers:
        order = _by_time(lines, orders, label)
    user = _users(lines, order, label)
    if order is not None and lines.user_id is not None and lines.order_id:
        _require_one_customer(order, user, lines.columns, label)
    numbers: dict[str, Any] = lines.numbers
    found = Interactions(user, lines.item_id, timestamp=lines.timestamp, order_id=order, **numbers)
    return _merged(found, duplicates, label)


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
    return number_tuples(lines.order_id, lines.timestamp)


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


def _require_one_customer(order: Ids, user: Ids, columns: TableColumns, label: str) -> None:
    """Raise DataFormatError if an order has two customers."""
    _, number = factorize(order)
    _, customer = factorize(user)
    last = np.empty(int(number.max()) + 1, dtype=customer.dtype)
    last[number] = customer
    wrong = np.flatnonzero(last[number] != customer)
    if not len(wrong):
        return
    row = wrong[0]
    other = np.flatnonzero((number == number[row]) & (customer == last[number[row]]))[0]
    both = ",".join(columns.used(("user_id", "order_id")))
    raise DataFormatError(
        f"{label}: the order {shown(str(order[row]))} has two customers, {shown(str(user[row]))} and "
        f"{shown(str(user[other]))}. If customers number their orders each on their own, set "
        f"{shlex.quote(f'dataset.columns.order_id=[{both}]')}; otherwise correct the table."
    )


def _merged(lines: Interactions, duplicates: str, label: str) -> Interactions:
    """Return each item of an order once: with the sum of the quantities and the mean prices of a unit."""
    is_first = _is_first(lines)
    starts = np.flatnonzero(is_first)
    if len(starts) == len(lines):
        return lines
    if lines.rating is not None:
        once = resolve_duplicates(lines, duplicates, label)
    else:
        once = lines.select(is_first)
        if lines.timestamp is not None:
            once = replace(once, timestamp=np.minimum.reduceat(lines.timestamp, starts))
    weight = np.ones(len(lines)) if lines.quantity is None else lines.quantity
    merged: dict[str, Any] = {} if lines.quantity is None else {"quantity": np.add.reduceat(weight, starts)}
    for name in ("price", "margin"):
        values = getattr(lines, name, None)
        if values is not None:
            merged[name] = np.add.reduceat(values * weight, starts) / np.add.reduceat(weight, starts)
    return replace(once, **merged) if merged else once


def _is_first(lines: Interactions) -> npt.NDArray[np.bool_]:
    """Return whether each line is the first of its item in its order, shape (n,)."""
    is_first = np.ones(len(lines), dtype=np.bool_)
    is_first[1:] = lines.item_id[1:] != lines.item_id[:-1]
    for key in (lines.user_id, lines.order_id):
        if key is not None:
            is_first[1:] |= key[1:] != key[:-1]
    return is_first
