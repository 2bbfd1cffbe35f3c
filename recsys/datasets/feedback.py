"""Feedback merged into the ratings that the next model is learnt from."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.errors import DataError, ParameterError
from recsys.parameters import require_integer, require_number

if TYPE_CHECKING:
    from recsys.feedback import Feedback

log = logging.getLogger(__name__)

PARAMETER = "dataset.feedback"

#: Whether each person likes each item, and since which second.
Judgements = dict[tuple[str, str], tuple[bool, int]]


def check_feedback(feedback: str | None, weight: int, max_share: float) -> None:
    """Raise ParameterError unless these are settings of feedback."""
    if feedback is not None and not (isinstance(feedback, str) and feedback):
        raise ParameterError("feedback", "a path or a URL, or null", feedback)
    require_integer("feedback_weight", weight, minimum=1)
    if not 0 < require_number("feedback_max_share", max_share) <= 1:
        raise ParameterError("feedback_max_share", "a share of the users, above 0 and at most 1", max_share)


def feedback_fingerprint(feedback: str | None) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when there is new feedback."""
    if feedback is None:
        return ()
    from recsys.feedback import FeedbackStore

    store = FeedbackStore.open(feedback, PARAMETER, make=False)
    try:
        return ((feedback, *store.state()),)
    finally:
        store.close()


def feedback_digest(feedback: str) -> str:
    """Return a digest of all feedback in a database."""
    from recsys.feedback import FeedbackStore

    store = FeedbackStore.open(feedback, PARAMETER, make=False)
    try:
        return hashlib.sha256(repr(store.read()).encode()).hexdigest()
    finally:
        store.close()


def with_feedback(
    ratings: Interactions, feedback: str | None, weight: int = 1, max_share: float = 0.05
) -> Interactions:
    """Return ratings with those of the page among them.

    Each person of the page becomes a user of their own, whatever the page calls them, so that no feedback
    changes what a user of the data has rated: after the last id of the data where ids are integers, in the
    order of their first feedback, else "page:" and what the page calls them. A thumb up is the highest rating
    of the data, a thumb down the lowest, so that they lie on either side of whatever makes a like. What the
    recommendation was made from they like, too; it comes the second before. Of what a person says of an item
    at different times the last counts.

    Parameters
    ----------
    ratings : Interactions
        Each (user, item) pair once.
    feedback : str or None
        Path or URL of the database; None leaves the ratings as they are.
    weight : int
        Users that each person of the page becomes, all with the same ratings: as many transactions.
    max_share : float in (0, 1]
        Most users that feedback may add to those of one item, as a share of the users of the data; of the
        people of the page at least one, the earliest first. A warning tells what is left out.

    Returns
    -------
    Interactions
        Their `page_users` are the users that were added.

    Raises
    ------
    ParameterError
        If the data has no ratings.
    DataError
        If the database cannot be read, or there are no integers left for the people of the page.
    """
    if feedback is None:
        return ratings
    from recsys.feedback import FeedbackStore

    if ratings.rating is None:
        raise ParameterError("feedback", f"null for {ratings.name}, which has no ratings", feedback)
    store = FeedbackStore.open(feedback, PARAMETER, make=False)
    try:
        said = store.read()
    finally:
        store.close()
    return _merge(ratings, said, weight, max_share) if said and len(ratings) else ratings


def _merge(ratings: Interactions, said: Sequence[Feedback], weight: int, max_share: float) -> Interactions:
    assert ratings.rating is not None
    items = _known_items(ratings)
    judged = _judgements(said)
    unknown = {item for _, item in judged if item not in items}
    if unknown:
        log.warning("%s: %s items are not in %s and left out", PARAMETER, f"{len(unknown):,}", ratings.name)
    judged = {pair: said for pair, said in judged.items() if pair[1] in items}
    judged = _limited(judged, max(1, int(max_share * ratings.n_users + 1e-9) // weight), ratings, max_share)
    names = _names(ratings.user_id, [user for user, _ in judged], weight)
    low, high = float(ratings.rating.min()), float(ratings.rating.max())
    rows = [
        (name, items[item], high if liked else low, when)
        for (user, item), (liked, when) in judged.items()
        for name in names[user]
    ]
    users, ids, rating, when = zip(*rows, strict=True) if rows else ((), (), (), ())
    page_users = _ids([name for copies in names.values() for name in copies], ratings.user_id)
    return replace(
        ratings,
        user_id=np.concatenate([ratings.user_id, _ids(users, ratings.user_id)]),
        item_id=np.concatenate([ratings.item_id, _ids(ids, ratings.item_id)]),
        rating=np.concatenate([ratings.rating, np.array(rating, np.float64)]),
        timestamp=None
        if ratings.timestamp is None
        else np.concatenate([ratings.timestamp, np.array(when, np.int64)]),
        page_users=page_users,
    )


def _limited(judged: Judgements, most: int, ratings: Interactions, max_share: float) -> Judgements:
    """Keep the judgements of the first people for each item."""
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


def _judgements(said: Sequence[Feedback]) -> Judgements:
    """Return whether each person likes each item, and since which second."""
    judged: Judgements = {}
    for one in said:
        second = one.created // 1000
        for like in one.likes:
            liked, _ = judged.get((one.user_id, like), (False, 0))
            if not liked:
                judged[one.user_id, like] = True, second - 1
        judged[one.user_id, one.item_id] = one.liked, second
    return judged


def _ids(ids: Sequence[Any], like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.array(ids, np.int64 if like.dtype.kind == "i" else np.str_)


def _known_items(ratings: Interactions) -> dict[str, Any]:
    """Return the id of each item, rated or in the catalogue, by its text."""
    known = np.unique(ratings.item_id).tolist()
    if ratings.items is not None and ratings.items.item_id.dtype.kind == ratings.item_id.dtype.kind:
        known += ratings.items.item_id.tolist()
    return {str(item): item for item in known}


def _names(user_id: npt.NDArray[Any], people: Sequence[str], weight: int) -> dict[str, list[Any]]:
    """Return the user ids that each person gets: none of them is an id of the data."""
    people = list(dict.fromkeys(people))
    if user_id.dtype.kind == "i":
        first = int(user_id.max()) + 1
        if first + len(people) * weight > 2**63:
            raise DataError(f"{PARAMETER}: people get the integers after {first - 1}, and there are none.")
        return {
            person: list(range(start, start + weight))
            for person, start in zip(people, range(first, first + len(people) * weight, weight), strict=True)
        }
    stem = "page"
    while any(user.startswith((f"{stem}:", f"{stem}#")) for user in np.unique(user_id).tolist()):
        stem += "_"
    copies = [f"{stem}:", *(f"{stem}#{copy}:" for copy in range(2, weight + 1))]
    return {person: [f"{prefix}{person}" for prefix in copies] for person in people}
