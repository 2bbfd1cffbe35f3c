"""Merge feedback into ratings."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.errors import DataError, ParameterError

if TYPE_CHECKING:
    from recsys.feedback import Feedback, FeedbackStore

log = logging.getLogger(__name__)

PARAMETER = "dataset.feedback"

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
    ratings: Interactions, feedback: str | None, weight: int = 1, max_share: float = 0.05
) -> Interactions:
    """Return ratings with the feedback of page users added; the result has their ids in `page_users`.

    Page users are never users of the data: their ids are integers after the last one, in the order of their
    first feedback, or else "page:" and the id on the page. A thumb up is the highest rating of the data, a
    thumb down the lowest; the likes that a recommendation was based on count as thumbs up one second earlier.
    The last judgement of an item counts.

    Parameters
    ----------
    ratings : Interactions
        Each (user, item) pair once.
    feedback : str or None
        Path or URL of the database; None returns the ratings.
    weight : int
        Number of users, all with the same ratings, that each page user becomes.
    max_share : float in (0, 1]
        Maximum number of users that feedback may add to an item, as a share of the users of the data; at
        least one page user. The later ones are dropped with a warning.

    Data without ratings raises ParameterError; a database that cannot be read, and page users for whom there
    are no integers left, raise DataError.
    """
    if feedback is None:
        return ratings
    if ratings.rating is None:
        raise ParameterError("feedback", f"null for {ratings.name}, which has no ratings", feedback)
    with open_feedback(feedback) as store:
        given = store.read()
    return _merge(ratings, given, weight, max_share) if given and len(ratings) else ratings


def _merge(ratings: Interactions, given: Sequence[Feedback], weight: int, max_share: float) -> Interactions:
    assert ratings.rating is not None
    items = _known_items(ratings)
    judged = _judgements(given)
    if unknown := {item for _, item in judged} - items.keys():
        log.warning("%s: %s items are not in %s and left out", PARAMETER, f"{len(unknown):,}", ratings.name)
    judged = {pair: judgement for pair, judgement in judged.items() if pair[1] not in unknown}
    most = max(1, int(max_share * ratings.n_users + 1e-9) // weight)
    judged = _limited(judged, most, ratings, max_share)
    names = _names(ratings.user_id, dict.fromkeys(user for user, _ in judged), weight)
    low, high = float(ratings.rating.min()), float(ratings.rating.max())
    rows = [
        (name, items[item], high if liked else low, second)
        for (user, item), (liked, second) in judged.items()
        for name in names[user]
    ]
    user, item, rating, second = zip(*rows, strict=True) if rows else ((), (), (), ())
    added: dict[str, Any] = {"user_id": user, "item_id": item, "rating": rating, "timestamp": second}
    if ratings.timestamp is None:
        del added["timestamp"]
    before = {name: getattr(ratings, name) for name in added}
    columns: dict[str, Any] = {
        name: np.append(old, np.array(added[name], old.dtype.type)) for name, old in before.items()
    }
    page_users = np.array([one for copies in names.values() for one in copies], ratings.user_id.dtype.type)
    return replace(ratings, **columns, page_users=page_users)


def _limited(judged: Judgements, most: int, ratings: Interactions, max_share: float) -> Judgements:
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
            PARAMETER, f"{len(over):,}", f"{most:,}", max_share, f"{ratings.n_users:,}", ratings.name,
            ratings.titles([_known_items(ratings)[over[0]]])[0], f"{people[over[0]]:,}",
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


def _known_items(ratings: Interactions) -> dict[str, Any]:
    """Return the ids of the rated items and of the catalog, by their text."""
    known = np.unique(ratings.item_id).tolist()
    if ratings.items is not None and ratings.items.item_id.dtype.kind == ratings.item_id.dtype.kind:
        known += ratings.items.item_id.tolist()
    return {str(item): item for item in known}


def _names(user_id: npt.NDArray[Any], people: Collection[str], weight: int) -> dict[str, list[Any]]:
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
