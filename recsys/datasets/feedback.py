"""Merge feedback into ratings or orders."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.data.interactions import Interactions
from recsys.datasets.feedback_orders import merge_orders
from recsys.datasets.page_users import PARAMETER, appended, known_items, new_users

if TYPE_CHECKING:
    from recsys.feedback import Feedback, FeedbackStore

log = logging.getLogger(__name__)

# By user and item: whether it is liked, and the second of the judgement.
Judgements = dict[tuple[str, str], tuple[bool, int]]


def open_feedback(feedback: str) -> closing[FeedbackStore]:
    """Open an existing database of feedback."""
    from recsys.feedback import FeedbackStore

    return closing(FeedbackStore.open(feedback, PARAMETER, make=False))


def feedback_digest(feedback: str) -> str:
    """Return a digest of all feedback in a database."""
    with open_feedback(feedback) as store:
        return hashlib.sha256(repr(store.read()).encode()).hexdigest()


def with_feedback(
    data: Interactions, feedback: str | None, weight: int = 1, max_share: float = 0.05
) -> Interactions:
    """Return the data with the feedback of page users added; the result has their ids in `page_users`.

    Page users are never users of the data: their ids are integers after the last one, in the order of their
    first feedback, or else "page:" and the id on the page. The last judgement of an item counts.

    Ratings: a thumb up is the highest rating of the data, a thumb down the lowest; the likes that a
    recommendation was based on count as thumbs up one second earlier. Data without ratings gets the thumbs up
    alone.

    Orders: the basket that a list was made for, with the items of the list that were accepted, is an order.
    Without customers, each such order is a user. What nobody accepted is no order.

    Items with a thumb down are `refused`, where no rating says so: serving keeps them from their user.

    Parameters
    ----------
    data : Interactions
        Each (user, item) pair once, or with orders each (user, order, item) triple.
    feedback : str or None
        Path or URL of the database; None returns the data.
    weight : int
        Number of users, all with the same data, that each page user becomes.
    max_share : float in (0, 1]
        Maximum number of users, or of orders, that feedback may add to an item, as a share of the users of
        the data; at least those of one page user. The later ones are dropped with a warning.

    A database that cannot be read, and page users for whom there are no integers left, raise DataError.
    """
    if feedback is None:
        return data
    with open_feedback(feedback) as store:
        given = store.read()
    if not given or not len(data):
        return data
    merge = _merge if data.order_id is None else merge_orders
    return merge(data, given, weight, max_share)


def _merge(data: Interactions, given: Sequence[Feedback], weight: int, max_share: float) -> Interactions:
    items = known_items(data)
    judged = _judgements(given)
    if unknown := {item for _, item in judged} - items.keys():
        log.warning("%s: %s items are not in %s and left out", PARAMETER, f"{len(unknown):,}", data.name)
    judged = {pair: judgement for pair, judgement in judged.items() if pair[1] not in unknown}
    most = max(1, int(max_share * data.n_users + 1e-9) // weight)
    judged = _limited(judged, most, data, max_share)
    names = new_users(data.user_id, dict.fromkeys(user for user, _ in judged), weight)
    rows = [
        (name, items[item], liked, second)
        for (user, item), (liked, second) in judged.items()
        for name in names[user]
    ]
    counted = [row for row in rows if row[2] or data.rating is not None]
    user, item, liked, second = zip(*counted, strict=True) if counted else ((), (), (), ())
    added: dict[str, Any] = {"user_id": user, "item_id": item, "timestamp": second}
    refused = None
    if data.rating is None:
        refused = np.array([row[:2] for row in rows if not row[2]], dtype=object).reshape(-1, 2)
    else:
        added["rating"] = np.where(liked, data.rating.max(), data.rating.min())
    page_users = np.array([one for copies in names.values() for one in copies], data.user_id.dtype.type)
    return replace(data, **appended(data, added), page_users=page_users, refused=refused)


def _limited(judged: Judgements, most: int, data: Interactions, max_share: float) -> Judgements:
    """Keep the judgements of the first `most` people for each item."""
    people: Counter[str] = Counter()
    kept: Judgements = {}
    for (user, item), said in sorted(judged.items(), key=lambda one: one[1][1]):
        people[item] += 1
        if people[item] <= most:
            kept[user, item] = said
    over = [item for item, n in people.most_common() if n > most]
    if over:
        log.warning(
            "%s: %s items were judged by more than %s people of the page, %g of the %s users of %s "
            "(dataset.feedback_max_share), such as %s by %s; the later ones' judgements are left out",
            PARAMETER, f"{len(over):,}", f"{most:,}", max_share, f"{data.n_users:,}", data.name,
            data.titles([known_items(data)[over[0]]])[0], f"{people[over[0]]:,}",
        )  # fmt: skip
    return {pair: kept[pair] for pair in judged if pair in kept}


def _judgements(given: Sequence[Feedback]) -> Judgements:
    judged: Judgements = {}
    for one in given:
        second = one.created // 1000
        for like in one.likes:
            liked, _ = judged.get((one.user_id, like), (False, 0))
            if not liked:
                judged[one.user_id, like] = True, second - 1
        judged[one.user_id, one.item_id] = one.liked, second
    return judged
