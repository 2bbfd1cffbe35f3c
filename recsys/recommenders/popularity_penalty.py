"""Lists with less, or more, of what is popular."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from recsys.data import Histories
from recsys.errors import ParameterError
from recsys.recommenders.model import FloatArray, Model, Reason
from recsys.recommenders.recommendations import Recommendations


@dataclass(frozen=True, eq=False)
class PenalizedModel(Model):
    """A model whose scores are divided by a power of the popularity of the item.

        score / popularity ** penalty,    popularity = users who like the item / users

    0 changes nothing. At 1, the confidence of a rule becomes its lift; below 0, what is popular is preferred.
    Places that the model fills by popularity alone stay as they are. The division comes before lists are
    cut.

    Parameters
    ----------
    train : Histories
        Of the model.
    model : Model
    penalty : float, -1 to 1

    References
    ----------
    Deshpande and Karypis (2004). Item-based top-N recommendation algorithms. ACM TOIS 22(1), equation (3)
    divides a conditional probability by a power of the item's frequency, alpha in [0, 1]. Zhang et al.
    (2021). Causal intervention for leveraging popularity bias in recommendation. SIGIR, multiplies scores by
    a power of the popularity.
    """

    model: Model
    penalty: float

    @classmethod
    def of(cls, model: Model, penalty: float) -> Self:
        """Return a model with a penalty; raise ParameterError if it is not a number from -1 to 1."""
        if isinstance(penalty, bool) or not isinstance(penalty, int | float) or not -1 <= penalty <= 1:
            raise ParameterError("popularity_penalty", "a number from -1 to 1", penalty)
        return cls(model.train, model, float(penalty))

    @cached_property
    def factors(self) -> FloatArray:
        """What scores are multiplied by, shape (n_items,); an item that nobody likes counts as one like."""
        counts = np.maximum(self.model.popularity.counts, 1.0)
        factors: FloatArray = (counts / max(self.train.n_users, 1)) ** -self.penalty
        return factors

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists with the best items of the model after the division."""
        self.model.fill(replace(lists, factors=self.factors), histories, exclude)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the reasons of the model, whose shares the division does not change."""
        return self.model.explain(history, items, n_reasons)
