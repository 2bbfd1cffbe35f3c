"""Base class of models whose score of an item is a sum over the likes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.recommenders.recommender import Reason
from recsys.recommenders.scoring import ScoringModel


@dataclass(frozen=True, eq=False)
class ItemBasedModel(ScoringModel):
    """A model whose score of an item is a sum of what each like contributes."""

    @abstractmethod
    def contributions(self, history: npt.NDArray[np.int32], items: Sequence[int]) -> npt.NDArray[np.float64]:
        """Return what each like of a history contributes to the score of each item, shape (n, n_likes)."""

    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason[int]]]:
        """Return the likes that speak for each of some items, the strongest first.

        Each has the measures of a rule from the like to the item in the training part. Its share is
        that of all positive contributions; likes that speak against the item are left out. If all together
        do not speak for it, the reason is its popularity.
        """
        scores = self.scores_of_one(history)
        speaking = [item for item in items if scores[item] > 0]
        values = dict(zip(speaking, self.contributions(history, speaking), strict=True)) if speaking else {}
        return [
            self._likes_for(history, item, values[item], n_reasons)
            if item in values
            else [self.popularity.reason(item)]
            for item in items
        ]

    def _likes_for(
        self,
        history: npt.NDArray[np.int32],
        item: int,
        values: npt.NDArray[np.float64],
        n_reasons: int | None,
    ) -> list[Reason[int]]:
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        shares = (values[order] / values[order].sum())[:n_reasons]
        likes = history[order[:n_reasons]].tolist()
        n, counts, together = self.train.n_users, self.popularity.counts, self._liked_with(item, likes)
        return [
            Reason(
                antecedents=(like,),
                support_count=count,
                confidence=float(count / counts[like]),
                lift=float(n * count / (counts[like] * counts[item])),
                share=share,
            )
            for like, count, share in zip(likes, together, shares.tolist(), strict=True)
        ]

    def _liked_with(self, item: int, likes: Sequence[int]) -> list[int]:
        """Return how many users like an item together with each of some others."""
        liked_by = np.zeros(self.train.n_users, dtype=np.bool_)
        liked_by[self.users_of(item)] = True
        return [int(np.count_nonzero(liked_by[self.users_of(like)])) for like in likes]

    def users_of(self, item: int) -> npt.NDArray[np.int32]:
        """Return the positions of the users of the training part who like an item, ascending."""
        start, stop = self.by_item.indptr[item : item + 2]
        users: npt.NDArray[np.int32] = self.by_item.indices[start:stop]
        return users

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """The likes of the training part as a matrix of float64 ones, shape (n_items, n_users)."""
        return self.train.matrix.T.tocsr()
