"""Feedback merged into the ratings that the next model is learnt from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.ratings import Ratings
from recsys.errors import ParameterError
from recsys.parameters import require_integer

if TYPE_CHECKING:
    from recsys.feedback import Feedback

log = logging.getLogger(__name__)

PARAMETER = "dataset.feedback"


def check_feedback(feedback: str | None, weight: int) -> None:
    """Raise ParameterError unless these are settings of feedback."""
    if feedback is not None and not (isinstance(feedback, str) and feedback):
        raise ParameterError("feedback", "a path or a URL, or null", feedback)
    require_integer("feedback_weight", weight, minimum=1)


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


def with_feedback(ratings: Ratings, feedback: str | None, weight: int = 1) -> Ratings:
    """Return ratings with those of the page among them.

    A thumb up is the highest rating of the data, a thumb down the lowest, so that they lie on either side of
    whatever makes a like. What the person had picked, and the recommendation was made from, they like, too;
    it comes the second before. Of what a person says of an item at different times the last counts, be it a
    rating of the data. A user of the data is told by their id. Everybody else becomes a user of their own:
    after the last id of the data where ids are integers, in the order of their first feedback, else "page:"
    and what the page calls them.

    Parameters
    ----------
    ratings : Ratings
        Each (user, item) pair once.
    feedback : str or None
        Path or URL of the database; None leaves the ratings as they are.
    weight : int
        As how many users everybody else counts, who all have said the same: as that many transactions.

    Raises
    ------
    ParameterError
        If the data has no ratings.
    DataError
        If the database cannot be read.
    """
    if feedback is None:
        return ratings
    from recsys.feedback import FeedbackStore, shown

    if ratings.rating is None:
        raise ParameterError("feedback", f"null for {ratings.name}, which has no ratings", shown(feedback))
    store = FeedbackStore.open(feedback, PARAMETER, make=False)
    try:
        said = store.read()
    finally:
        store.close()
    return _merge(ratings, said, weight) if said and len(ratings) else ratings


def _merge(ratings: Ratings, said: Sequence[Feedback], weight: int) -> Ratings:
    assert ratings.rating is not None
    items = _known_items(ratings)
    judged = _judgements(said)
    unknown = {item for _, item in judged if item not in items}
    if unknown:
        log.warning("%s: %s items are not in %s and left out", PARAMETER, f"{len(unknown):,}", ratings.name)
    names = _names(ratings.user_id, [user for user, _ in judged], weight)
    low, high = float(ratings.rating.min()), float(ratings.rating.max())
    rows = [
        (name, items[item], high if liked else low, when)
        for (user, item), (liked, when) in judged.items()
        if item in items
        for name in names[user]
    ]
    users, ids, rating, when = zip(*rows, strict=True) if rows else ((), (), (), ())
    # Behind those of the data, where "last" finds them.
    merged = replace(
        ratings,
        user_id=np.concatenate([ratings.user_id, _ids(users, ratings.user_id)]),
        item_id=np.concatenate([ratings.item_id, _ids(ids, ratings.item_id)]),
        rating=np.concatenate([ratings.rating, np.array(rating, np.float64)]),
        timestamp=None
        if ratings.timestamp is None
        else np.concatenate([ratings.timestamp, np.array(when, np.int64)]),
    )
    return resolve_duplicates(merged, "last", PARAMETER)


def _judgements(said: Sequence[Feedback]) -> dict[tuple[str, str], tuple[bool, int]]:
    """Return whether each person likes each item, and since which second."""
    judged: dict[tuple[str, str], tuple[bool, int]] = {}
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


def _known_items(ratings: Ratings) -> dict[str, Any]:
    """Return the id of each item, rated or in the catalogue, by its text."""
    known = np.unique(ratings.item_id).tolist()
    if ratings.items is not None and ratings.items.item_id.dtype.kind == ratings.item_id.dtype.kind:
        known += ratings.items.item_id.tolist()
    return {str(item): item for item in known}


def _names(user_id: npt.NDArray[Any], people: Sequence[str], weight: int) -> dict[str, list[Any]]:
    """Return the user ids that each person goes by in the ratings."""
    known = {str(user): user for user in np.unique(user_id).tolist()}
    numbered = user_id.dtype.kind == "i"
    number = int(user_id.max()) + 1 if numbered else 0
    names: dict[str, list[Any]] = {}
    for person in dict.fromkeys(people):
        if person in known:
            names[person] = [known[person]]
        elif numbered:
            names[person] = list(range(number, number + weight))
            number += weight
        else:
            copies = [f"page:{person}"] + [f"page:{person}#{copy}" for copy in range(2, weight + 1)]
            names[person] = copies
    return names
