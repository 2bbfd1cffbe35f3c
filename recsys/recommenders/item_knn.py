"""Item-based nearest neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.parameters import require_at_least, require_integer
from recsys.recommenders.item_based import ItemBasedModel
from recsys.recommenders.model import FloatArray
from recsys.rules import Rules


@dataclass(frozen=True)
class ItemKNNRecommender:
    """Recommend the nearest neighbours of the liked items, by cosine with shrinkage.

    The similarity of items i and j is n_ij / (sqrt(n_i n_j) + shrinkage), with n_ij users who like both. The
    score of an item is the sum of its similarities to the likes that have it among their nearest neighbours
    (Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004). The shrinkage draws
    the similarity of rare items to 0 (Bell and Koren, "Scalable collaborative filtering with jointly derived
    neighborhood interpolation weights", ICDM 2007). Values out of range raise ParameterError.

    Parameters
    ----------
    n_neighbours : int
        Nearest neighbours kept per item.
    shrinkage : float
        At least 0; 0 is the cosine.
    """

    n_neighbours: int = 50
    shrinkage: float = 10.0

    def __post_init__(self) -> None:
        require_integer("n_neighbours", self.n_neighbours, minimum=1)
        require_at_least("shrinkage", self.shrinkage, 0)

    def fit(self, train: Histories, rules: Rules | None = None) -> "ItemKNNModel":
        """Find the neighbours of each item; see `Recommender`."""
        from recsys.recommenders._item_knn_kernel import nearest

        n_items = train.n_items
        by_user, by_item = train.matrix, train.matrix.tocsc()
        neighbours = np.full((n_items, min(self.n_neighbours, n_items)), -1, dtype=np.int32)
        similarities = np.zeros(neighbours.shape)
        of_users, of_items = (by_user.indptr, by_user.indices), (by_item.indptr, by_item.indices)
        nearest(*of_users, *of_items, float(self.shrinkage), neighbours, similarities)
        return ItemKNNModel(train, neighbours, similarities)


@dataclass(frozen=True, eq=False)
class ItemKNNModel(ItemBasedModel):
    """Items with their nearest neighbours.

    Parameters
    ----------
    train : Histories
    neighbours : ndarray, shape (n_items, n), int32
        Item indices; -1 at the end of rows with fewer neighbours.
    similarities : ndarray, shape (n_items, n), float64
    """

    neighbours: npt.NDArray[np.int32]
    similarities: FloatArray

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """Similarities of each item (row) to its nearest neighbours, shape (n_items, n_items), float64."""
        there, n_items = self.neighbours >= 0, self.train.n_items
        pairs = np.nonzero(there)[0], self.neighbours[there]
        return sparse.csr_array((self.similarities[there], pairs), shape=(n_items, n_items))

    def scores(self, histories: Histories) -> FloatArray:
        """Return the sums of the similarities of the likes to each item."""
        scores: FloatArray = (histories.matrix @ self.matrix).toarray()
        return scores

    def contributions(self, history: Histories, items: Sequence[int]) -> FloatArray:
        """Return the similarity of each like to each item, where the item is among its neighbours."""
        similar: FloatArray = self.matrix[history.latest.of(0)].tocsc()[:, list(items)].toarray().T
        return similar
