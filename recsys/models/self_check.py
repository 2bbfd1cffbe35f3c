"""What a model must show before it is promoted, and before it is served."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from recsys.errors import DataError
from recsys.models.bundle import Bundle
from recsys.models.recommendation import Recommendation

N_USERS = 16
K = 10


class SelfCheckError(DataError):
    """A model does not answer as it must."""


def self_check(bundle: Bundle, version: str) -> None:
    """Ask for lists for known users, for who likes one item, and for who likes nothing; look at the answers.

    Parameters
    ----------
    bundle : Bundle
    version : str
        What errors call it.

    Raises
    ------
    SelfCheckError
        If a list is empty, holds an item twice, one that is liked already or unknown, or anything that is no
        finite number; or if a list made alone is not the one made among others.
    """
    if not bundle.item_ids:
        raise SelfCheckError(f"Version {version} knows no items.")
    users = bundle.histories.users[np.linspace(0, len(bundle.histories) - 1, N_USERS).astype(int)].tolist()
    likes = [bundle.likes_of(user) or [] for user in dict.fromkeys(users)] if users else []
    n_likes = np.bincount(bundle.histories.item_indices, minlength=len(bundle.item_ids))
    likes += [[], [bundle.item_ids[int(n_likes.argmax())]]]
    lists = bundle.recommend(likes, K, n_reasons=2)
    for row, recommendations in zip(likes, lists, strict=True):
        _check(bundle, version, row, recommendations)
    alone = bundle.recommend(likes[:1], K, n_reasons=2)[0]
    if [one.item_id for one in alone] != [one.item_id for one in lists[0]]:
        raise SelfCheckError(f"Version {version} answers one person otherwise than among others.")


def _check(
    bundle: Bundle, version: str, likes: Sequence[Any], recommendations: Sequence[Recommendation]
) -> None:
    ids = [one.item_id for one in recommendations]
    unseen = len(bundle.item_ids) - len(set(likes))
    wrong = None
    if len(ids) != min(K, unseen):
        wrong = f"{len(ids)} recommendations where there are {unseen:,} items to choose from"
    elif len(set(ids)) < len(ids):
        wrong = "an item twice"
    elif set(ids) & set(likes):
        wrong = "an item that is liked already"
    elif not all(bundle.knows(item) for item in ids):
        wrong = "an item that there is not"
    elif not all(math.isfinite(one.score) for one in recommendations):
        wrong = "a score that is no finite number"
    else:
        try:
            json.dumps(list(map(asdict, recommendations)), allow_nan=False)
        except (TypeError, ValueError) as error:
            wrong = f"what JSON cannot hold ({error})"
    if wrong:
        raise SelfCheckError(
            f"Version {version} does not pass its check: for {len(likes)} likes it gives {wrong}."
        )
