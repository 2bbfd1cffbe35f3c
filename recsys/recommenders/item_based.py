"""What the models have in common whose score of an item is a sum over the likes."""

from __future__ import annotations

from abc import abstractmethod
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
    def contributions(self, history: npt.NDArray[np.int32], item: int) -> npt.NDArray[np.float64]:
        """Return what each like of a history contributes to the score of an item, shape (n_likes,)."""

    def explain(self, history: npt.NDArray[np.int32], item: int) -> list[Reason]:
        """Return the likes that speak for an item, the strongest first.

        Each is told like a rule from the like to the item, with the counts of the training part. Its share is
        that of all positive contributions; likes that speak against the item are left out. If all together
        do not speak for it, the reason is its popularity.
        """
        if self.scores_of_one(history)[item] <= 0:
            return [self.popularity.reason(item)]
        values = self.contributions(history, item)
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        shares = values[order] / values[order].sum()
        n, counts, together = self.train.n_users, self.popularity.counts, self._liked_with(item)
        return [
            Reason(
                antecedents=(like,),
                support_count=int(together[like]),
                confidence=float(together[like] / counts[like]),
                lift=float(n * together[like] / (counts[like] * counts[item])),
                share=share,
            )
            for like, share in zip(history[order].tolist(), shares.tolist(), strict=True)
        ]

    def _liked_with(self, item: int) -> npt.NDArray[np.int64]:
        """Return how many users like an item together with each other one, shape (n_items,)."""
        users = self.by_item[[item]].indices
        likes = self.train.matrix[users].indices
        return np.bincount(likes, minlength=self.train.n_items)

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """The likes of the training part as a matrix of float64 ones, shape (n_items, n_users)."""
        return self.train.matrix.T.tocsr()
