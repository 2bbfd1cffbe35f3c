"""Lists within limits: pinned items first, and not too many of one category."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.data import CategoryIndex, Histories
from recsys.recommenders.model import Model
from recsys.recommenders.recommendations import POLICY, Recommendations

BoolArray = npt.NDArray[np.bool_]

AT_ONCE = 4  # times the length of a list that are ranked at once, where some of them may not fit


@dataclass(frozen=True, eq=False)
class CategoryLimit:
    """The largest number of items of one category in a list; an item of several counts in each.

    Parameters
    ----------
    maximum : int
        At least 1.
    categories : CategoryIndex
        Of the items of the model. An item without any is not limited.
    """

    maximum: int
    categories: CategoryIndex


def select(
    model: Model,
    histories: Histories,
    k: int,
    exclude: Histories,
    candidates: BoolArray | None = None,
    pinned: Sequence[Sequence[int]] | None = None,
    limit: CategoryLimit | None = None,
) -> Recommendations:
    """Return the k best items of each user that fit; a list is shorter only if fewer fit.

    Parameters
    ----------
    model, histories, k, exclude, candidates
        See `Model.recommend`.
    pinned : sequence of sequence of int, optional
        Items at the top of the list of each user, in this order. They have to fit like all others.
    limit : CategoryLimit, optional
        Applied from the top of the list: an item beyond it is left out for the next best one.
    """
    tops = [[]] * len(histories) if pinned is None else _fitting(pinned, exclude, candidates)
    if limit is not None:
        return _limited(model, histories, k, exclude, candidates, tops, limit)
    if not any(tops):
        return model.recommend(histories, k, exclude, candidates)
    lists = model.recommend(histories, k, exclude.plus(tops), candidates)
    for user, items in enumerate(tops):
        size = min(len(items), k)
        for values in (lists.item_indices, lists.scores, lists.sources):
            values[user, size:] = values[user, : k - size].copy()
        _pin(lists, user, items[:size])
    return lists


def _pin(lists: Recommendations, user: int, items: Sequence[int]) -> None:
    """Write items of a policy to the top of a list; their scores descend to 1."""
    size = len(items)
    lists.item_indices[user, :size] = items
    lists.scores[user, :size] = np.arange(size, 0, -1)
    lists.sources[user, :size] = POLICY


def _fitting(
    pinned: Sequence[Sequence[int]], exclude: Histories, candidates: BoolArray | None
) -> list[list[int]]:
    """Return the pinned items of each user that are not left out, each once."""
    fitting = []
    for user, items in enumerate(pinned):
        left_out = set(exclude.of(user).tolist()) if items else set()
        fitting.append(
            [
                item
                for item in dict.fromkeys(items)
                if item not in left_out and (candidates is None or candidates[item])
            ]
        )
    return fitting


def _limited(
    model: Model,
    histories: Histories,
    k: int,
    exclude: Histories,
    candidates: BoolArray | None,
    pinned: Sequence[Sequence[int]],
    limit: CategoryLimit,
) -> Recommendations:
    lists = Recommendations.empty(len(histories), k)
    size = AT_ONCE * k
    for user, items in enumerate(pinned):
        rows = slice(user, user + 1)
        one = _Limited(limit, k)
        one.take(items, [float(score) for score in range(len(items), 0, -1)], [POLICY] * len(items))
        left_out = exclude[rows].plus([items])
        while one.size < k:
            # Full categories are left out, so that each round but the last fills another one.
            allowed = one.open if candidates is None else one.open & candidates
            found = model.recommend(histories[rows], size, left_out, allowed)
            shown = int((found.sources[0] >= 0).sum())
            ranked = found.item_indices[0, :shown].tolist()
            one.take(ranked, found.scores[0, :shown].tolist(), found.sources[0, :shown].tolist())
            if shown < size:
                break
            left_out = left_out.plus([ranked])
        lists.item_indices[user, : one.size] = one.items
        lists.scores[user, : one.size] = one.scores
        lists.sources[user, : one.size] = one.sources
    return lists


class _Limited:
    """One list, filled from the top within the limit of each category."""

    def __init__(self, limit: CategoryLimit, k: int) -> None:
        self.limit, self.k = limit, k
        self.items: list[int] = []
        self.scores: list[float] = []
        self.sources: list[int] = []
        # Items whose categories are not full.
        self.open = np.ones(len(limit.categories.of_items), dtype=np.bool_)
        self._counts: Counter[str] = Counter()

    @property
    def size(self) -> int:
        return len(self.items)

    def take(self, items: Sequence[int], scores: Sequence[float], sources: Sequence[int]) -> None:
        """Append the items that fit, in their order."""
        for item, score, source in zip(items, scores, sources, strict=True):
            if self.size == self.k or not self.open[item]:
                continue
            self.items.append(item)
            self.scores.append(score)
            self.sources.append(source)
            for category in self.limit.categories.of_items[item]:
                self._counts[category] += 1
                if self._counts[category] == self.limit.maximum:
                    self.open[self.limit.categories.members[category]] = False
