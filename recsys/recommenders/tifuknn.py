"""TIFU-KNN: item frequencies of the customer and of the nearest customers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.parameters import require_fraction, require_integer, require_ratio
from recsys.recommenders.model import FloatArray
from recsys.recommenders.user_based import UserBasedModel
from recsys.rules import Rules


@dataclass(frozen=True)
class TIFUKNNRecommender:
    """Mix the customer's item frequencies, by recency, with those of the nearest customers.

    Hu, He, Gao and Zhang, "Modeling personalized item frequency information for next-basket recommendation",
    SIGIR 2020, as in the code that the authors published with it.

    The n orders of a customer, x_1 to x_n (1 for each item of the order), are divided into m consecutive
    groups of floor(n / m) orders, the last n mod m groups of one more; with fewer than m orders each is a
    group, the first of them the first group. With g(i) the number of the group of order i, s(i) its size and
    c = min(n, m) the number of groups, the profile of the customer is

        v = 1/c sum over i of b^(n - i) r^(m - g(i)) x_i / s(i)

    where b is the decay within and r that between groups. (In the paper b^(n - i) begins again in each
    group.) The scores are a v + (1 - a) times the mean of v of the k customers whose v is nearest by
    Euclidean distance; equals by index. Items with a score of 0 are ranked by popularity. Without orders
    each like is an order. Values out of range raise ParameterError.

    Parameters
    ----------
    n_groups : int
        m.
    within_decay, group_decay : float in (0, 1]
        b and r.
    own_share : float in [0, 1]
        a, the share of the customer's own profile; alpha in the paper.
    n_neighbours : int
        k.
    """

    n_groups: int = 7
    within_decay: float = 0.9
    group_decay: float = 0.7
    own_share: float = 0.7
    n_neighbours: int = 300

    def __post_init__(self) -> None:
        require_integer("n_groups", self.n_groups, minimum=1)
        require_fraction("within_decay", self.within_decay)
        require_fraction("group_decay", self.group_decay)
        require_ratio("own_share", self.own_share)
        require_integer("n_neighbours", self.n_neighbours, minimum=1)

    def fit(self, train: Histories, rules: Rules | None = None) -> "TIFUKNNModel":
        """Keep the training data; see `Recommender`."""
        decays = self.within_decay, self.group_decay
        return TIFUKNNModel(train, self.n_neighbours, self.n_groups, *decays, float(self.own_share))


@dataclass(frozen=True, eq=False)
class TIFUKNNModel(UserBasedModel):
    """Profiles by recency, compared by Euclidean distance; the fields as in the settings."""

    n_groups: int
    within_decay: float
    group_decay: float
    own_share: float

    def profiles(self, histories: Histories) -> sparse.csr_array:
        """Return v of each user."""
        n = histories.n_steps[histories.rows]
        order = n - 1 - histories.step_ages  # from 0, the earliest
        n_small = self.n_groups - n % self.n_groups  # groups of `size` orders, before those of one more
        size = n // self.n_groups
        n_in_small = n_small * size
        in_small = order < n_in_small
        in_large = n_small + (order - n_in_small) // (size + 1)
        group = np.where(in_small, order // np.maximum(size, 1), np.where(size > 0, in_large, order))
        values = self.within_decay**histories.step_ages * self.group_decay ** (self.n_groups - 1.0 - group)
        values /= np.where(in_small, size, size + 1) * np.minimum(n, self.n_groups)
        return histories.sums_of(values)

    def features(self, histories: Histories) -> sparse.csr_array:
        """Return the profiles."""
        return self.profiles(histories)

    def closeness(self, products: FloatArray, features: sparse.csr_array) -> FloatArray:
        """Return 2 v'w - w'w for v of the user and w of the neighbour: v'v less the squared distance."""
        products *= 2
        products -= self.squares
        return products

    @cached_property
    def squares(self) -> FloatArray:
        """Return w'w of each user of the training data, shape (n_train_users,)."""
        values: FloatArray = self.train_features.power(2).sum(axis=1)
        return values

    def weights(self, closeness: FloatArray, n_neighbours: npt.NDArray[np.int64]) -> FloatArray:
        """Return equal weights, 1 - a for all neighbours of a user."""
        weights: FloatArray = (1.0 - self.own_share) / n_neighbours
        return weights

    @property
    def own_weight(self) -> float:
        """The share of the own profile."""
        return self.own_share
