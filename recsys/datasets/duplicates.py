"""Resolve several ratings of an item by a user."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.errors import DataFormatError

RULES = ("error", "last", "first", "max", "mean")


def resolve_duplicates(ratings: Interactions, rule: str, source: str | Path = "") -> Interactions:
    """Return the ratings with each (user, item) pair once; with orders, each (user, order, item) triple.

    Parameters
    ----------
    ratings : Interactions
        The entries of one pair in the order of the input.
    rule : {"error", "last", "first", "max", "mean"}
        "last" keeps the entry with the largest timestamp, "first" the one with the smallest; ties are
        resolved by the order of the input. "max" keeps the highest rating (the latest of equal ones); "mean"
        takes the mean rating, at the latest timestamp.
    source : str or Path
        The file, for the error; the name of the ratings by default.

    Raises
    ------
    DataFormatError
        With the rule "error", if a pair occurs more than once.
    """
    starts = _starts(ratings)
    if starts.all():
        return ratings
    if rule == "error":
        n_pairs = int(np.count_nonzero(starts[:-1] & ~starts[1:]))
        row = np.flatnonzero(~starts)[0]
        user, item = ratings.user_id[row].item(), ratings.item_id[row].item()
        raise duplicates_error(source or ratings.name, n_pairs, user, item)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(ratings)) - 1
    pair = np.cumsum(starts)
    # The entry to keep is the first or last of its pair; the last key of lexsort is the primary one.
    by = (ratings.timestamp, ratings.rating if rule == "max" else None, pair)
    order = np.lexsort([key for key in by if key is not None])
    kept = ratings.select(order[first] if rule == "first" else order[last])
    if rule == "mean" and ratings.rating is not None:
        # Summed in ascending order, so that the result does not depend on the order of the input.
        ascending = ratings.rating[np.lexsort((ratings.rating, pair))]
        mean = np.bincount(pair - 1, ascending) / (last - first + 1)
        # Rounding must not leave the range of the ratings: equal ratings stay as they are.
        kept = replace(kept, rating=np.clip(mean, ascending[first], ascending[last]))
    return kept


def _starts(ratings: Interactions) -> npt.NDArray[np.bool_]:
    """Return whether each entry is the first of its pair."""
    user, item = ratings.user_id, ratings.item_id
    starts = np.ones(len(ratings), dtype=np.bool_)
    starts[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    if ratings.order_id is not None:
        starts[1:] |= ratings.order_id[1:] != ratings.order_id[:-1]
    return starts


def duplicates_error(source: str | Path, n_pairs: int, user: Any, item: Any) -> DataFormatError:
    """Return the error for repeated pairs, the first of them of this user and item."""
    return DataFormatError(
        f"{source}: each user rates an item once, but {n_pairs} (user, item) pairs stand more than "
        f"once, the first of them user {user!r} with item {item!r}. Set dataset.duplicates to one of "
        f"{', '.join(RULES[1:])} to say which rating counts."
    )
