"""Models that score an item by the sum of what each like contributes."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Reason, ScoringModel

ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class LikesModel(ScoringModel):
    """A model whose reasons are single likes."""

    def reasons_of_likes(
        self, likes: npt.NDArray[np.int32], item: int, values: FloatArray, n_reasons: int | None
    ) -> list[Reason[int]]:
        """Return the likes with positive values, the strongest first, each with the measures of a rule."""
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        shares = (values[order] / values[order].sum())[:n_reasons]
        n, counts = self.train.n_users, self.popularity.counts
        liked_by = np.zeros(n, dtype=np.bool_)
        liked_by[self._users_of(item)] = True
        reasons = []
        for like, share in zip(likes[order[:n_reasons]].tolist(), shares.tolist(), strict=True):
            count = int(np.count_nonzero(liked_by[self._users_of(like)]))
            lift = float(n * count / (counts[like] * counts[item]))
            reasons.append(Reason((like,), count, float(count / counts[like]), lift, share))
        return reasons

    def _users_of(self, item: int) -> npt.NDArray[np.int32]:
        start, stop = self.by_item.indptr[item : item + 2]
        users: npt.NDArray[np.int32] = self.by_item.indices[start:stop]
        return users

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """The likes of the training data as a matrix of float64 ones, shape (n_items, n_users)."""
        return self.train.matrix.T.tocsr()


@dataclass(frozen=True, eq=False)
class ItemBasedModel(LikesModel):
    """A model whose score of an item is a sum of what each like contributes."""

    @abstractmethod
    def contributions(self, history: Histories, items: Sequence[int]) -> FloatArray:
        """Return what each like of a user contributes to the score of each item, shape (n_items, n_likes)."""

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the likes that speak for each of some items, the strongest first.

        Each has the measures of a rule from the like to the item in the training data. Its share is that of
        all positive contributions; likes that speak against the item are left out. If all together do not
        speak for it, the reason is its popularity.
        """
        scores, likes = self.scores(history)[0], history.latest.of(0)
        speaking = [item for item in items if scores[item] > 0]
        values = dict(zip(speaking, self.contributions(history, speaking), strict=True)) if speaking else {}
        return [
            self.reasons_of_likes(likes, item, values[item], n_reasons)
            if item in values
            else [self.popularity.reason(item)]
            for item in items
        ]


def without_rounding(scores: FloatArray) -> FloatArray:
    """Set scores within rounding error of 0 to 0, in place."""
    scores[np.abs(scores) < ROUNDING] = 0.0
    return scores
