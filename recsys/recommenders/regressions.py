"""Regressions of learned rules, one for each consequent, on all processors."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from recsys.errors import ParameterError
from recsys.recommenders.processors import on_all_processors

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]

BLOCK = 2**19  # entries of matrices that a thread holds at once: 4 MB


def solve(
    rows: tuple[IntArray, IntArray, FloatArray],
    sums: FloatArray,
    scales: FloatArray,
    candidates: tuple[IntArray, IntArray, FloatArray],
    sums_of_targets: FloatArray,
    regularization: float,
) -> FloatArray:
    """Return the weight of each candidate, 0 for those that are dropped; see `_learning_kernel.regress`.

    The result does not depend on the number of processors. Raises ParameterError if the regularization is
    too small to solve the equations.
    """
    from recsys.recommenders._learning_kernel import regress

    starts, nodes, products = candidates
    sizes = np.concatenate(([0], np.cumsum(np.diff(starts) ** 2)))  # of the matrices before each target
    cuts = np.searchsorted(sizes, np.arange(BLOCK, sizes[-1], BLOCK), side="right") - 1
    bounds = np.unique([0, *cuts, len(sizes) - 1]).tolist()
    weights = np.empty(starts[-1])
    # Of one type, so that the kernel is compiled once.
    candidates = starts, nodes.astype(np.int32, copy=False), products
    system = rows, sums, scales, candidates, sums_of_targets, float(regularization)
    # A thread of the BLAS each: their number changes the last digits.
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            on_all_processors(regress, [(*system, *block, weights) for block in pairwise(bounds)])
        except np.linalg.LinAlgError as error:
            rule = "large enough that G + l I can be inverted"
            raise ParameterError("regularization", rule, regularization, "Raise it.") from error
    return weights
