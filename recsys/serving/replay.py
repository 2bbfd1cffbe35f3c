"""Replay: the ranks at which a model would have recommended what people liked."""

from collections.abc import Sequence

import numpy as np

from recsys.evaluation import RankingResult
from recsys.feedback import Feedback
from recsys.models.bundle import Bundle


def liked(feedback: Sequence[Feedback]) -> list[Feedback]:
    """Return the thumbs up; of a person's thumbs for an item, the last counts."""
    last = {(one.user_id, one.item_id): one for one in feedback}
    return [one for one in last.values() if one.liked]


def replay(bundle: Bundle, thumbs: Sequence[Feedback], k: int = 10) -> RankingResult:
    """Recommend from the likes of each thumb up, and find the rank of the item that was liked.

    Returns the mean per person of `hit@k` (1 if the item is in the list) and `mrr@k` (1/rank, otherwise 0).
    """
    ids = {str(item): item for item in bundle.item_ids}
    likes = [[ids[like] for like in one.likes if like in ids] for one in thumbs]
    lists = bundle.recommend(likes, k)
    ranks = [
        next((rank for rank, shown in enumerate(row, start=1) if str(shown.item_id) == one.item_id), np.inf)
        for one, row in zip(thumbs, lists, strict=True)
    ]
    users, person = np.unique([one.user_id for one in thumbs], return_inverse=True)
    values = {f"hit@{k}": np.isfinite(ranks), f"mrr@{k}": 1 / np.array(ranks)}
    per_user = {name: np.bincount(person, value) / np.bincount(person) for name, value in values.items()}
    metrics = {name: float(value.mean()) for name, value in per_user.items()}
    return RankingResult(metrics=metrics, per_user=per_user, users=users)
