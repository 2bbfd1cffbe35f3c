"""UP-CF: recent item frequencies of similar customers."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.parameters import require_integer, require_positive, require_ratio
from recsys.recommenders.model import FloatArray
from recsys.recommenders.user_based import UserBasedModel
from recsys.rules import Rules


@dataclass(frozen=True)
class UPCFRecommender:
    """Sum the recent item frequencies of the customer and of similar ones, by their similarity.

    UP-CF@r of Faggioli, Polato and Aiolli, "Recency aware collaborative filtering for next basket
    recommendation", UMAP 2020. The profile p_u(i) is the share of the last r orders of customer u that
    contain item i, of all orders if there are fewer. With I_u the set of all items that u has bought, the
    similarity is the asymmetric cosine

        s(u, v) = |I_u and I_v| / (|I_u|^a |I_v|^(1 - a))

    and the score of item i is p_u(i) plus the sum of s(u, v)^q p_v(i) over the k most similar other customers
    v, equals by index. (The paper sums over all customers, the authors' code over the most similar.) Items
    with a score of 0 are ranked by popularity. Without orders each like is an order. Values out of range
    raise ParameterError.

    Parameters
    ----------
    recency : int or None
        r, in orders; None: all orders.
    locality : float
        q, above 0; larger values give more weight to the most similar customers.
    asymmetry : float in [0, 1]
        a; 0.5 is the cosine.
    n_neighbours : int or None
        k; None: all customers.
    """

    recency: int | None = 10
    locality: float = 10.0
    asymmetry: float = 0.75
    n_neighbours: int | None = 100

    def __post_init__(self) -> None:
        if self.recency is not None:
            require_integer("recency", self.recency, minimum=1)
        require_positive("locality", self.locality)
        require_ratio("asymmetry", self.asymmetry)
        if self.n_neighbours is not None:
            require_integer("n_neighbours", self.n_neighbours, minimum=1)

    def fit(self, train: Histories, rules: Rules | None = None) -> "UPCFModel":
        """Keep the training data; see `Recommender`."""
        return UPCFModel(train, self.n_neighbours, self.recency, float(self.locality), float(self.asymmetry))


@dataclass(frozen=True, eq=False)
class UPCFModel(UserBasedModel):
    """Profiles of recent orders, compared by all items; the fields as in the settings."""

    #: Customers with nothing in common are no neighbours.
    lowest_closeness: ClassVar[float] = 0.0

    recency: int | None
    locality: float
    asymmetry: float

    def profiles(self, histories: Histories) -> sparse.csr_array:
        """Return the share of each user's last orders that contain each item."""
        n_orders = histories.n_steps[histories.rows].astype(np.float64)
        if self.recency is None:
            return histories.sums_of(1 / n_orders)
        is_recent = histories.step_ages < self.recency
        profiles = histories.sums_of(is_recent / np.minimum(n_orders, self.recency))
        profiles.eliminate_zeros()
        return profiles

    def features(self, histories: Histories) -> sparse.csr_array:
        """Return the items of each user, as ones."""
        return histories.matrix

    def closeness(self, products: FloatArray, features: sparse.csr_array) -> FloatArray:
        """Return the asymmetric cosine."""
        n_items = np.maximum(np.diff(features.indptr), 1)
        products *= (n_items**-self.asymmetry)[:, np.newaxis]
        products *= self.scales
        return products

    @cached_property
    def scales(self) -> FloatArray:
        """Number of items^(a - 1) of each user of the training data, shape (n_train_users,)."""
        n_items = np.maximum(np.diff(self.train_features.indptr), 1)
        scales: FloatArray = n_items ** (self.asymmetry - 1.0)
        return scales

    def weights(self, closeness: FloatArray, n_neighbours: npt.NDArray[np.int64]) -> FloatArray:
        """Return the similarities to the power of q."""
        weights: FloatArray = closeness**self.locality
        return weights

    @property
    def own_weight(self) -> float:
        """The similarity of a user to itself, 1."""
        return 1.0
