"""Item-based nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories
from recsys.parameters import require_at_least, require_integer
from recsys.recommenders.item_based import ItemBasedModel
from recsys.recommenders.model import FloatArray, State
from recsys.rules import Rules

CSR_ARRAYS = ("data", "indices", "indptr")


@dataclass(frozen=True)
class ItemKNNRecommender:
    """Recommend the nearest neighbours of the liked items, by cosine with shrinkage.

    The similarity of items i and j is n_ij / (sqrt(n_i n_j) + shrinkage), with n_ij users who like both. The
    score of an item is the sum of its similarities to the likes among whose nearest neighbours it is
    (Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004). The shrinkage draws
    the similarity of rare items to 0 (Bell and Koren, "Scalable collaborative filtering with jointly derived
    neighborhood interpolation weights", ICDM 2007).

    Parameters
    ----------
    n_neighbours : int
        Nearest neighbours that are kept of each item.
    shrinkage : float
        0 or more; 0 is the cosine.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    n_neighbours: int = 50
    shrinkage: float = 10.0

    def __post_init__(self) -> None:
        require_integer("n_neighbours", self.n_neighbours, minimum=1)
        require_at_least("shrinkage", self.shrinkage, 0)

    def fit(self, train: Histories, rules: Rules | None = None) -> ItemKNNModel:
        """Find the neighbours of each item; see `Recommender`."""
        from recsys.recommenders._item_knn_kernel import nearest

        n_items = train.n_items
        by_user, by_item = train.matrix, train.matrix.tocsc()
        neighbours = np.full((n_items, min(self.n_neighbours, n_items)), -1, dtype=np.int32)
        similarities = np.zeros(neighbours.shape)
        nearest(
            by_user.indptr,
            by_user.indices,
            by_item.indptr,
            by_item.indices,
            float(self.shrinkage),
            neighbours,
            similarities,
        )
        there = neighbours >= 0
        pairs = (np.nonzero(there)[0], neighbours[there])
        matrix = sparse.csr_array((similarities[there], pairs), shape=(n_items, n_items))
        return ItemKNNModel(train, matrix)


@dataclass(frozen=True, eq=False)
class ItemKNNModel(ItemBasedModel):
    """Items with their nearest neighbours.

    Parameters
    ----------
    train : Histories
    similarities : csr_array, shape (n_items, n_items), float64
        Row i holds the similarities of item i to its nearest neighbours.
    """

    similarities: sparse.csr_array

    def state(self) -> State:
        """Return the arrays of the sparse matrix."""
        return State(arrays={name: getattr(self.similarities, name) for name in CSR_ARRAYS})

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model."""
        arrays = tuple(state.arrays[name] for name in CSR_ARRAYS)
        return cls(train, sparse.csr_array(arrays, shape=(train.n_items, train.n_items)))

    def scores(self, histories: Histories) -> FloatArray:
        """Return the sums of the similarities of the likes to each item."""
        scores: FloatArray = (histories.matrix @ self.similarities).toarray()
        return scores

    def contributions(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return the similarity of each like to each item, where the item is among its neighbours."""
        similar: FloatArray = self.similarities[likes].tocsc()[:, list(items)].toarray().T
        return similar
