"""EASE: a linear item-item model in closed form."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recsys.data import Histories
from recsys.errors import BudgetError, ParameterError
from recsys.parameters import require_number, require_positive
from recsys.recommenders.item_based import ItemBasedModel, without_rounding
from recsys.recommenders.model import FloatArray, Popularity, recency
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
    alpha : float
        Scores are multiplied by (number of users who like the item)^-alpha; below 0 it favours popular items.
    half_life : float or None
        Later likes after which a like counts half in x; None: all count alike, as in data without times.
    """

    regularization: float = 250.0
    alpha: float = 0.0
    half_life: float | None = None

    def __post_init__(self) -> None:
        require_positive("regularization", self.regularization)
        require_number("alpha", self.alpha)
        if self.half_life is not None:
            require_positive("half_life", self.half_life)

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
        matrix, half_life = train.matrix, None if train.steps is None else self.half_life
        factors = np.maximum(Popularity.of(train).counts, 1.0) ** -self.alpha
        if train.n_users < train.n_items:
            inverse = _inverse(matrix @ matrix.T, self.regularization)
            return DualEASE(train, half_life, inverse, _diagonal(matrix, inverse), factors)
        weights = _inverse(matrix.T @ matrix, self.regularization)
        weights /= -np.diagonal(weights).copy()
        np.fill_diagonal(weights, 0.0)
        weights *= factors
        return PrimalEASE(train, half_life, weights)


@dataclass(frozen=True, eq=False)
class EASEModel(ItemBasedModel):
    """What the two forms of EASE have in common; `half_life` as in `EASERecommender`."""

    half_life: float | None

    def x(self, histories: Histories) -> sparse.csr_array:
        """Return the recency of each like, shape (n_users, n_items)."""
        latest = histories.latest
        return latest.matrix_of(recency(latest, self.half_life))

    def contributions(self, history: Histories, items: Sequence[int]) -> FloatArray:
        """Return the recency of each like times its entries of B to each item."""
        latest = history.latest
        values: FloatArray = self.entries(latest.of(0), items) * recency(latest, self.half_life)
        return values

    @abstractmethod
    def entries(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return the entries of B from each like to each item, shape (n_items, n_likes)."""


@dataclass(frozen=True, eq=False)
class PrimalEASE(EASEModel):
    """EASE by its item-item weights.

    Parameters
    ----------
    weights : ndarray, shape (n_items, n_items), float64
        B: what a like of the row's item contributes to the score of the column's item.
    """

    weights: FloatArray

    def scores(self, histories: Histories) -> FloatArray:
        """Return x B for each history x."""
        # Sparse times dense: row by row, in one order, so that a row does not depend on its neighbours.
        return without_rounding(self.x(histories) @ self.weights)

    def entries(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return the entries of B."""
        values: FloatArray = self.weights[likes, np.asarray(items)[:, np.newaxis]]
        return values


@dataclass(frozen=True, eq=False)
class DualEASE(EASEModel):
    """EASE by user-user weights.

    Parameters
    ----------
    inverse : ndarray, shape (n_users, n_users), float64
        K.
    taken : ndarray, shape (n_items,), float64
        q_j = 1 - l P_jj, the diagonal of X' K X.
    factors : ndarray, shape (n_items,), float64
        What the scores of each item are multiplied by.
    """

    inverse: FloatArray
    taken: FloatArray
    factors: FloatArray

    def scores(self, histories: Histories) -> FloatArray:
        """Return x B = (x X' K X - x q) / (1 - q) for each history x."""
        # Sparse times dense, as above.
        x = self.x(histories)
        users = (x @ self.by_item) @ self.inverse
        scores = np.ascontiguousarray((self.by_item @ users.T).T)
        likes = x.tocoo()
        scores[likes.row, likes.col] -= likes.data * self.taken[likes.col]
        scores /= 1 - self.taken
        scores *= self.factors
        return without_rounding(scores)

    def entries(self, likes: npt.NDArray[np.int32], items: Sequence[int]) -> FloatArray:
        """Return (X' K X)_ij / (1 - q_j), 0 from an item to itself."""
        places = np.asarray(items)
        likes_of_users = self.by_item[places].toarray()
        values: FloatArray = (self.by_item[likes] @ (self.inverse @ likes_of_users.T)).T
        values *= (self.factors[places] / (1 - self.taken[places]))[:, np.newaxis]
        values[likes == places[:, np.newaxis]] = 0.0
        return values


def _inverse(gram: sparse.csr_array, regularization: float) -> FloatArray:
    """Return (gram + regularization I)^-1 of a symmetric matrix, by Cholesky."""
    matrix = gram.toarray(order="F")  # LAPACK's order: it works in place
    # From here on Cholesky succeeds whatever the matrix (Higham, Accuracy and Stability, theorem 10.7).
    enough = 2 * len(matrix) * (len(matrix) + 1) * np.finfo(np.float64).eps * float(gram.diagonal().max())
    matrix[np.diag_indices_from(matrix)] += regularization
    # The number of threads changes the last digits, and so the order of items that are nearly equal.
    with threadpool_limits(limits=1, user_api="blas"):
        matrix, failed = linalg.lapack.dpotrf(matrix, lower=1, overwrite_a=1)
        if failed:
            rule = "large enough that X'X + l I can be inverted"
            raise ParameterError("regularization", rule, regularization, f"{enough:.0e} is surely enough.")
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
