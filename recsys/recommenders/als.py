"""ALS: matrix factorization for implicit feedback, from the library implicit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recsys.data import Histories
from recsys.parameters import require_integer, require_positive
from recsys.recommenders.item_based import ItemBasedModel, without_rounding
from recsys.recommenders.model import FloatArray, State
from recsys.rules import Rules

if TYPE_CHECKING:
    from implicit.cpu.als import AlternatingLeastSquares


@dataclass(frozen=True)
class ALSRecommender:
    """Alternating least squares for implicit feedback, from the library implicit.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.
    Values out of range raise ParameterError.

    Parameters
    ----------
    factors : int
        Number of latent factors.
    regularization : float
        Above 0.
    confidence : float
        That of a like, implicit's `alpha`; that of other items is 1.
    iterations : int
    seed : int
        Of the initial factors.
    """

    factors: int = 64
    regularization: float = 10.0
    confidence: float = 1.0
    iterations: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        require_integer("factors", self.factors, minimum=1)
        require_positive("regularization", self.regularization)
        require_positive("confidence", self.confidence)
        require_integer("iterations", self.iterations, minimum=1)
        require_integer("seed", self.seed, minimum=0)

    def fit(self, train: Histories, rules: Rules | None = None) -> "ALSModel":
        """Factorise the likes; see `Recommender`."""
        # Threads of BLAS change the last digits of sums; those of implicit do not, a row is one thread's.
        with threadpool_limits(limits=1, user_api="blas"):
            als = _unfitted(
                factors=self.factors,
                regularization=self.regularization,
                alpha=self.confidence,
                iterations=self.iterations,
                random_state=self.seed,
            )
            als.fit(sparse.csr_matrix(train.matrix), show_progress=False)
            _ = als.YtY  # computed here, and kept by the library
        return ALSModel(train, als)


@dataclass(frozen=True, eq=False)
class ALSModel(ItemBasedModel):
    """Factors of the items; those of users are computed from their histories."""

    als: "AlternatingLeastSquares"

    @property
    def requirements(self) -> tuple[str, ...]:
        """The library, which folds histories in."""
        return ("implicit",)

    def state(self) -> State:
        """Return the vectors of the items and their product with themselves."""
        settings = {name: getattr(self.als, name) for name in ("factors", "regularization", "alpha")}
        # Y'Y is saved: computed again, by another number of threads, its last digits could differ.
        return State(settings, {"item_factors": self.als.item_factors, "YtY": self.als.YtY})

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model."""
        with threadpool_limits(limits=1, user_api="blas"):
            als = _unfitted(**state.settings)
        als.item_factors, als._YtY = state.arrays["item_factors"], state.arrays["YtY"]
        return cls(train, als)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the products of the items' vectors with that of each history, folded in (equation 4)."""
        users = np.arange(len(histories))
        vectors = self.als.recalculate_user(users, sparse.csr_matrix(histories.matrix))
        # As a sparse matrix: row by row, in one order, so that a row does not depend on its neighbours.
        return without_rounding(sparse.csr_array(vectors) @ self._by_factor)

    def contributions(self, history: Histories, items: Sequence[int]) -> FloatArray:
        """Return what each like adds to the scores (equation 7): c y_j' (Y'Y + Y'(C - I)Y + l I)^-1 y_i."""
        vectors, alpha = self.als.item_factors, self.als.alpha
        liked = vectors[history.latest.of(0)]
        system = self.als.YtY + (alpha - 1) * liked.T @ liked
        system[np.diag_indices_from(system)] += self.als.regularization
        solved = linalg.solve(system, vectors[list(items)].T, assume_a="pos", check_finite=False)
        values: FloatArray = (alpha * liked @ solved).T
        return values

    @cached_property
    def _by_factor(self) -> FloatArray:
        return np.ascontiguousarray(self.als.item_factors.T)


def _unfitted(**settings: Any) -> "AlternatingLeastSquares":
    """Return the library's model; it warns unless BLAS is limited to one thread."""
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(**settings, dtype=np.float64, num_threads=1)
