"""Checks of a model before it is promoted or served."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from recsys.errors import DataError
from recsys.models.bundle import Bundle, Recommendation, flatten

N_USERS = 16
K = 10


class SelfCheckError(DataError):
    """A model returns wrong recommendations."""


def self_check(bundle: Bundle, version: str) -> None:
    """Check recommendations for known users, for a user who likes one item, and for one who likes nothing.

    SelfCheckError is raised if a list is too short, contains an item twice, one that is liked (where the
    bundle leaves these out), seen or not in the model, or a value that is not finite; or if a list differs
    alone and in a batch.
    """
    if not bundle.item_ids:
        raise SelfCheckError(f"Version {version} knows no items.")
    users = bundle.histories.users[np.linspace(0, len(bundle.histories) - 1, N_USERS).astype(int)].tolist()
    users = list(dict.fromkeys(users))
    of_user = bundle.steps_of if bundle.has_orders else bundle.likes_of
    likes: list[list[Any]] = [of_user(user) or [] for user in users]
    seen = [bundle.seen_of(user) or [] for user in users]
    likes += [[], [bundle.item_ids[bundle.model.popularity.order[0]]]]
    seen += [[], []]
    lists = bundle.recommend(likes, K, n_reasons=2, seen=seen)
    for row, others, recommendations in zip(likes, seen, lists, strict=True):
        liked = flatten(row)
        left_out = {*others, *liked} if bundle.leaves_out(row) else {*others}
        if wrong := _wrong(bundle, left_out, recommendations):
            raise SelfCheckError(
                f"Version {version} does not pass its check: for {len(liked)} likes it gives {wrong}."
            )
    alone = bundle.recommend(likes[:1], K, n_reasons=2, seen=seen[:1])[0]
    if [one.item_id for one in alone] != [one.item_id for one in lists[0]]:
        raise SelfCheckError(f"Version {version} answers one user alone otherwise than in a batch.")


def _wrong(bundle: Bundle, left_out: set[Any], recommendations: Sequence[Recommendation]) -> str:
    """Return what is wrong with a list; empty if nothing is."""
    ids = [one.item_id for one in recommendations]
    unseen = len(bundle.item_ids) - len(left_out)
    if bundle.model.fills_lists and len(ids) != min(K, unseen):
        return f"{len(ids)} recommendations where there are {unseen:,} items to choose from"
    if len(set(ids)) < len(ids):
        return "an item twice"
    if set(ids) & left_out:
        return "an item that is rated already"
    if not all(bundle.knows(item) for item in ids):
        return "an item that is not in the model"
    try:
        json.dumps(list(map(asdict, recommendations)), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"a value that JSON cannot hold ({error})"
    return ""
