"""Replay: where a model would have put what people liked of their recommendations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recsys.evaluation import RankingResult
from recsys.feedback import Feedback
from recsys.models.bundle import Bundle


def liked(said: Sequence[Feedback]) -> list[Feedback]:
    """Return the thumbs up that stand: of what a person says of an item, the last counts."""
    last = {(one.user_id, one.item_id): one for one in said}
    return [one for one in last.values() if one.liked]


def replay(bundle: Bundle, thumbs: Sequence[Feedback], k: int = 10) -> RankingResult:
    """Recommend from what each recommendation was made from, and look for what was liked of it.

    Parameters
    ----------
    bundle : Bundle
    thumbs : sequence of Feedback
        Thumbs up, at least one.
    k : int
        Length of the lists.

    Returns
    -------
    RankingResult
        Of each person, the mean over what they liked: `hit@k`, whether it is among the k best, and `mrr@k`,
        one over its place, 0 if it is not. An item that the model does not know is not among them.
    """
    ids = {str(item): item for item in bundle.item_ids}
    lists = bundle.recommend([[ids[like] for like in one.likes if like in ids] for one in thumbs], k)
    places = [
        next((place for place, shown in enumerate(row, start=1) if str(shown.item_id) == one.item_id), 0)
        for one, row in zip(thumbs, lists, strict=True)
    ]
    users, person = np.unique([one.user_id for one in thumbs], return_inverse=True)
    hits = np.array([float(place > 0) for place in places])
    ranks = np.array([1 / place if place else 0.0 for place in places])
    n_liked = np.bincount(person)
    per_user = {
        f"hit@{k}": np.bincount(person, hits) / n_liked,
        f"mrr@{k}": np.bincount(person, ranks) / n_liked,
    }
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    return RankingResult(metrics=metrics, per_user=per_user, users=users)
