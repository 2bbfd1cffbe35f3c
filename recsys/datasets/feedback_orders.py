"""Merge feedback into orders: an accepted item completes its basket, a refused one is kept from its user."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.data.interactions import Interactions
from recsys.datasets.page_users import PARAMETER, appended, known_items, new_users

if TYPE_CHECKING:
    from recsys.feedback import Feedback

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Order:
    """The basket of a list with the items that its user accepted from the list."""

    person: str
    items: tuple[str, ...]
    second: int  # of the last acceptance


def merge_orders(
    data: Interactions, given: Sequence["Feedback"], weight: int, max_share: float
) -> Interactions:
    """Return orders with those of page users added; see `recsys.datasets.feedback.with_feedback`."""
    items = known_items(data)
    last = {(one.user_id, one.item_id): one for one in given}
    orders = _orders([one for one in last.values() if one.liked], items, data.name)
    orders = _limited(orders, max(1, int(max_share * data.n_users + 1e-9) // weight), data, max_share)
    people = [order.person for order in orders]
    owners = people if data.has_customers else _numbered(people)  # an order without one is its own user
    names = new_users(data.user_id, dict.fromkeys(owners), weight)
    numbers = _order_ids(data, len(orders))
    rows = [
        (name, number if data.has_customers else name, items[item], order.second)
        for order, owner, number in zip(orders, owners, numbers, strict=True)
        for name in names[owner]
        for item in order.items
    ]
    user, order_id, item, second = zip(*rows, strict=True) if rows else ((), (), (), ())
    added: dict[str, Any] = {"user_id": user, "order_id": order_id, "item_id": item, "timestamp": second}
    if data.rating is not None:
        added["rating"] = np.full(len(rows), data.rating.max())
    names_of: dict[str, set[Any]] = {}
    for person, owner in zip(people, owners, strict=True):
        names_of.setdefault(person, set()).update(names[owner])
    refused = [
        (name, items[item])
        for (person, item), one in last.items()
        if not one.liked and item in items
        for name in sorted(names_of.get(person, ()))
    ]
    page_users = np.array([name for copies in names.values() for name in copies], data.user_id.dtype.type)
    return replace(
        data,
        **appended(data, added),
        page_users=page_users,
        refused=np.array(refused, dtype=object).reshape(-1, 2),
    )


def _orders(accepted: Sequence["Feedback"], items: dict[str, Any], name: str) -> list[_Order]:
    """Return the baskets with their accepted items that are in the data, the earliest first."""
    by_list: dict[tuple[str, str], list[Feedback]] = {}
    for one in accepted:
        by_list.setdefault((one.user_id, one.list_id), []).append(one)
    unknown: set[str] = set()
    orders = []
    for (person, _), thumbs in by_list.items():
        named = dict.fromkeys([*thumbs[0].likes, *(one.item_id for one in thumbs)])
        unknown |= named.keys() - items.keys()
        if any(one.item_id in items for one in thumbs):
            known = tuple(item for item in named if item in items)
            orders.append(_Order(person, known, max(one.created for one in thumbs) // 1000))
    if unknown:
        log.warning("%s: %s items are not in %s and left out", PARAMETER, f"{len(unknown):,}", name)
    return sorted(orders, key=lambda order: order.second)


def _limited(orders: list[_Order], most: int, data: Interactions, max_share: float) -> list[_Order]:
    """Keep the earliest orders, at most `most` with each item."""
    n_orders: Counter[str] = Counter()
    kept = []
    for order in orders:
        if all(n_orders[item] < most for item in order.items):
            kept.append(order)
            n_orders.update(order.items)
    if left := len(orders) - len(kept):
        log.warning(
            "%s: %s of %s orders of people of the page are left out: an item may stand in %s of them, %g of "
            "the %s users of %s (dataset.feedback_max_share)",
            PARAMETER, f"{left:,}", f"{len(orders):,}", f"{most:,}", max_share, f"{data.n_users:,}",
            data.name,
        )  # fmt: skip
    return kept


def _numbered(people: Sequence[str]) -> list[str]:
    """Return a name for each order of some people: ann/1, bob/1, ann/2."""
    counts: Counter[str] = Counter()
    names = []
    for person in people:
        counts[person] += 1
        names.append(f"{person}/{counts[person]}")
    return names


def _order_ids(data: Interactions, n: int) -> list[Any]:
    """Return ids for `n` orders after those of the data."""
    assert data.order_id is not None
    if data.order_id.dtype.kind == "i":
        first = int(data.order_id.max()) + 1
        return list(range(first, first + n))
    return [f"page:{number}" for number in range(1, n + 1)]
