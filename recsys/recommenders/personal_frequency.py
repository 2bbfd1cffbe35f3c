"""Personal frequency: what the customer buys most often."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.errors import DataError
from recsys.parameters import require_choice, require_positive
from recsys.recommenders.model import FloatArray, Popularity, Reason, ScoringModel, rank_into
from recsys.recommenders.recommendations import FALLBACK, NOTHING, Recommendations
from recsys.rules import Rules

#: What follows the items that the customer has bought.
FILLS = ("popularity", "none")


@dataclass(frozen=True)
class PersonalFrequencyRecommender:
    """Recommend what the customer has bought, the most frequent first, then what all customers buy.

    The score of an item is the number of the customer's orders that contain it, with a half-life each times
    2^(-age / half_life), where age is the number of later orders. Of equal scores the item that is in more
    orders of all customers comes first. These are two baselines of Li et al. [1]_, by `fill`: P-TopFreq
    ("none") and GP-TopFreq ("popularity"); their code leaves equal scores in the order of purchase. Values
    out of range raise ParameterError.

    Parameters
    ----------
    fill : {"popularity", "none"}
        What follows the customer's own items: the items that are in most orders; or nothing, so that lists
        may be shorter than k.
    half_life : float or None
        Later orders after which an order counts half; None: all count alike, as published.

    References
    ----------
    .. [1] Li, Jullien, Ariannezhad and de Rijke (2023). A next basket recommendation reality check.
       ACM TOIS 41(4).
    """

    fill: str = "popularity"
    half_life: float | None = None

    def __post_init__(self) -> None:
        require_choice("fill", self.fill, FILLS)
        if self.half_life is not None:
            require_positive("half_life", self.half_life)

    def fit(self, train: Histories, rules: Rules | None = None) -> "PersonalFrequencyModel":
        """Count the orders of each item; see `Recommender`. Data without orders raise DataError."""
        if not train.repeats:
            raise DataError(
                "recommender=personal_frequency needs customers with several orders: in these data nobody "
                "buys an item twice. Set recommender=popularity."
            )
        return PersonalFrequencyModel(train, self.fill == "popularity", self.half_life)


@dataclass(frozen=True, eq=False)
class PersonalFrequencyModel(ScoringModel):
    """Scores items by the customer's own orders; `half_life` as in the settings."""

    fills_up: bool
    half_life: float | None

    @property
    def fills_lists(self) -> bool:
        """Not where nothing follows the customer's own items."""
        return self.fills_up

    @cached_property
    def frequency(self) -> Popularity:
        """The orders of each item in the training data."""
        return Popularity.of_steps(self.train)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the number of the customer's orders with each item, weighted by their ages."""
        weights = np.ones(len(histories.item_indices))
        if self.half_life is not None:
            weights = np.exp2(-histories.step_ages / self.half_life)
        scores: FloatArray = histories.sums_of(weights).toarray()
        return scores

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by score; of equal scores the item in more orders comes first."""
        order = self.frequency.order
        # In this order of the columns, as the first of equal scores is taken.
        scores = np.ascontiguousarray(self.scores(histories)[:, order])
        rank_into(lists, scores, exclude, self.frequency, items=order)
        if not self.fills_up:
            of_others = lists.sources == FALLBACK
            lists.item_indices[of_others] = lists.sources[of_others] = NOTHING
            lists.scores[of_others] = 0.0

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return one reason for each item: the item itself and its number of orders, or its popularity."""
        times = np.bincount(history.item_indices, minlength=self.train.n_items)
        return [
            [own_reason(item, int(self.n_repeaters[item]), int(times[item]))]
            if times[item]
            else [self.popularity.reason(item)]
            for item in items
        ]

    @cached_property
    def n_repeaters(self) -> npt.NDArray[np.int64]:
        """Number of users with each item in several steps, shape (n_items,)."""
        return count_repeaters(self.train)


def count_repeaters(train: Histories) -> npt.NDArray[np.int64]:
    """Return the number of users who have each item in several steps, shape (n_items,).

    Where no item is repeated: who have it.
    """
    keys, counts = np.unique(train.rows * train.n_items + train.item_indices, return_counts=True)
    return np.bincount(keys[(counts > 1) | (not train.repeats)] % train.n_items, minlength=train.n_items)


def own_reason(item: int, n_repeaters: int, times: int | None, share: float = 1.0) -> Reason[int]:
    """Return the reason for an item that the user has had before: the item, and how many had it again."""
    return Reason((item,), n_repeaters, None, None, share, times)
