"""Corrections of p-values for multiple tests."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.parameters import require_choice

CORRECTIONS = ("holm", "benjamini_hochberg", "none")

Values = npt.NDArray[np.float64]


def adjust_p_values(p_values: npt.ArrayLike, correction: str = "holm") -> Values:
    """Correct p-values for their number.

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        Of all tests, in [0, 1].
    correction : {"holm", "benjamini_hochberg", "none"}
        Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979) controls the family-wise error
        rate; Benjamini and Hochberg's (Journal of the Royal Statistical Society B 57, 1995) the false
        discovery rate.

    Returns
    -------
    ndarray, shape (n_tests,), float64
        The smallest level at which each test is significant.

    Raises ParameterError if the correction is unknown, or a value is not in [0, 1].

    Examples
    --------
    >>> adjust_p_values([0.01, 0.02, 0.04]).tolist()
    [0.03, 0.04, 0.04]
    """
    require_choice("correction", correction, CORRECTIONS)
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ParameterError("p_values", "numbers in [0, 1]", values[~((values >= 0) & (values <= 1))][0])
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return _adjusted(unique, counts, len(values), correction)[inverse]


def largest_significant(portions: Iterable[Values], alpha: float, correction: str) -> tuple[float, int, int]:
    """Return the largest p-value significant at a level, or -1, and the numbers of significant and all tests.

    The p-values of all tests come in portions. In memory are the distinct ones of at most `alpha`.
    """
    unique, counts, n_tests = np.empty(0), np.empty(0, dtype=np.int64), 0
    for p_values in portions:
        n_tests += len(p_values)
        # No correction lowers a p-value or depends on larger ones.
        more, more_counts = np.unique(p_values[p_values <= alpha], return_counts=True)
        merged, inverse = np.unique(np.concatenate([unique, more]), return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts, more_counts]), len(merged)).astype(np.int64)
        unique = merged
    significant = _adjusted(unique, counts, n_tests, correction) <= alpha
    return float(unique[significant].max(initial=-1.0)), int(counts[significant].sum()), n_tests


def _adjusted(p_values: Values, counts: npt.NDArray[np.int64], n_tests: int, correction: str) -> Values:
    """Adjust distinct ascending p-values with their counts; missing ones are larger."""
    ranks = np.cumsum(counts)
    if correction == "holm":
        adjusted = np.maximum.accumulate((n_tests - (ranks - counts)) * p_values)
    elif correction == "benjamini_hochberg":
        adjusted = np.minimum.accumulate((n_tests / ranks * p_values)[::-1])[::-1]
    else:
        adjusted = p_values
    return np.minimum(adjusted, 1.0)
