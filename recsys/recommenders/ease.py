"""EASE: a linear item-item model in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recsys.data import Histories
from recsys.errors import BudgetError, ParameterError
from recsys.parameters import require_positive
from recsys.recommenders.item_based import ItemBasedModel, without_rounding
from recsys.recommenders.model import FloatArray
from recsys.rules import Rules

MAX_SIZE = 20_000  # rows of the matrix that is inverted, in 3.2 GB and some minutes


@dataclass(frozen=True)
class EASERecommender:
    """The embarrassingly shallow autoencoder, a linear item-item model in closed form.

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. The scores of a user with likes x
    are x B, where B minimises |X - X B|^2 + l |B|^2 with a zero diagonal: B_ij = -P_ij / P_jj with
    P = (X'X + l I)^-1 (equation 8). With fewer users than items, K = (X X' + l I)^-1 is computed instead: by
    Woodbury's identity P = (I - X' K X) / l. Values out of range raise ParameterError.

    Parameters
    ----------
    regularization : float
        l, above 0. Larger values require more users in common before one item predicts another.
    """

    regularization: float = 250.0

    def __post_init__(self) -> None:
        require_positive("regularization", self.regularization)

    def fit(self, train: Histories, rules: Rules | None = None) -> "PrimalEASE | DualEASE":
        """Solve for B, or for K if there are fewer users than items; see `Recommender`.

        More than `MAX_SIZE` users and items raise BudgetError, too small a regularization ParameterError.
        """
        size = min(train.n_users, train.n_items)
        if size > MAX_SIZE:
            raise BudgetError(
                f"EASE would invert a matrix of {size:,} rows, users or items; {MAX_SIZE:,} are the most. "
                "Raise preprocessing.min_movie_ratings, or take recommender=item_knn or recommender=als."
            )
        matrix = train.matrix
        if train.n_users < train.n_items:
            inverse = _inverse(matrix @ matrix.T, self.regularization)
            return DualEASE(train, inverse, _diagonal(matrix, inverse))
        weights = _inverse(matrix.T @ matrix, self.regularization)
        weights /= -np.diagonal(weights).copy()
        np.fill_diagonal(weights, 0.0)
        return PrimalEASE(train, weights)


@dataclass(frozen=True, eq=False)
class PrimalEASE(ItemBasedModel):
    """EASE by its item-item weights.

    Parameters
    ----------
    train : Histories
    weights : ndarray, shape (n_items, n_items), float64
        B: what a like of the row's item contributes to the score of the column's item.
    """

    weights: FloatArray

    def scores(self, histories: Histories) -> FloatArray:
        """Return x B for each history x."""
        # Sparse times dense: row by row, in one order, so that a row does not depend on its neighbours.
        return without_rounding(histories.matrix @ self.weights)

    def contributions(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return the entries of B from each like to each item."""
        values: FloatArray = self.weights[likes, np.asarray(items)[:, np.newaxis]]
        return values


@dataclass(frozen=True, eq=False)
class DualEASE(ItemBasedModel):
    """EASE by user-user weights.

    Parameters
    ----------
    train : Histories
    inverse : ndarray, shape (n_users, n_users), float64
        K.
    taken : ndarray, shape (n_items,), float64
        q_j = 1 - l P_jj, the diagonal of X' K X.
    """

    inverse: FloatArray
    taken: FloatArray

    def scores(self, histories: Histories) -> FloatArray:
        """Return x B = (x X' K X - x q) / (1 - q) for each history x."""
        # Sparse times dense, as above.
        users = (histories.matrix @ self.by_item) @ self.inverse
        scores = np.ascontiguousarray((self.by_item @ users.T).T)
        scores[histories.rows, histories.item_indices] -= self.taken[histories.item_indices]
        scores /= 1 - self.taken
        return without_rounding(scores)

    def contributions(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return the entries of B from each like to each item: (X' K X)_ij / (1 - q_j), 0 from itself."""
        places = np.asarray(items)
        likes_of_users = self.by_item[places].toarray()
        values: FloatArray = (self.by_item[likes] @ (self.inverse @ likes_of_users.T)).T
        values /= 1 - self.taken[places][:, np.newaxis]
        values[likes == places[:, np.newaxis]] = 0.0
        return values


def _inverse(gram: sparse.csr_array, regularization: float) -> FloatArray:
    """Return (gram + regularization I)^-1 of a symmetric matrix, by Cholesky."""
    matrix = gram.toarray(order="F")  # LAPACK's order: it works in place
    matrix[np.diag_indices_from(matrix)] += regularization
    # The number of threads changes the last digits, and so the order of items that are nearly equal.
    with threadpool_limits(limits=1, user_api="blas"):
        matrix, failed = linalg.lapack.dpotrf(matrix, lower=1, overwrite_a=1)
        if failed:
            rule = "large enough that X'X + l I can be inverted"
            raise ParameterError("regularization", rule, regularization, "Raise it.")
        matrix, _ = linalg.lapack.dpotri(matrix, lower=1, overwrite_c=1)
    for row in range(len(matrix)):
        matrix[row, row + 1 :] = matrix[row + 1 :, row]
    inverse: FloatArray = matrix.T  # the same, as it is symmetric, in the order that products take
    return inverse


def _diagonal(matrix: sparse.csr_array, inverse: FloatArray) -> FloatArray:
    """Return the diagonal of X' K X, shape (n_items,)."""
    products, likes = matrix.T @ inverse, matrix.tocoo()
    values = products[likes.col, likes.row]
    return np.bincount(likes.col, weights=values, minlength=matrix.shape[1]).astype(np.float64)
