"""Measures of rules, computed from counts.

Each measure is a function of n, the number of transactions, and of three arrays of counts, one entry a rule:
of the whole rule (antecedent and consequent together), of the antecedent and of the consequent. Each is one
division of integers, so that no rounded fraction enters another. Definitions, and conventions where a
denominator is 0, are those of mlxtend 0.25. A new measure is a function here and a line in METRICS.

Notation: n_ac, n_a, n_c are the counts; s_ac, s_a, s_c the supports, that is the counts divided by n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer[Any]]
Values = npt.NDArray[np.float64]
Measure = Callable[[int, Counts, Counts, Counts], Values]


def antecedent_support(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_a = n_a / n (Agrawal, Imielinski and Swami, SIGMOD 1993)."""
    return n_a / n


def consequent_support(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_c = n_c / n (Agrawal, Imielinski and Swami, SIGMOD 1993)."""
    return n_c / n


def support(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac = n_ac / n (Agrawal, Imielinski and Swami, SIGMOD 1993)."""
    return n_ac / n


def confidence(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac / s_a = n_ac / n_a: how often the rule holds (Agrawal, Imielinski and Swami, SIGMOD 1993)."""
    return n_ac / n_a


def lift(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac / (s_a s_c) = n n_ac / (n_a n_c); 1 if independent (Brin et al., SIGMOD 1997, as "interest")."""
    return (n * n_ac) / (n_a * n_c)


def representativity(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """Share of the transactions without missing values: 1, as transactions have none (Ragel, PAKDD 1998)."""
    return np.ones(len(n_ac))


def leverage(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac - s_a s_c = (n n_ac - n_a n_c) / n^2 (Piatetsky-Shapiro, KDD 1991)."""
    return _surplus(n, n_ac, n_a, n_c) / n**2


def conviction(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """(1 - s_c) / (1 - confidence) = n_a (n - n_c) / (n (n_a - n_ac)) (Brin et al., SIGMOD 1997).

    Infinite for a rule that never fails.
    """
    return _ratio(n_a * (n - n_c), n * (n_a - n_ac), otherwise=np.inf)


def zhangs_metric(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """Leverage / max(s_ac (1 - s_a), s_a (s_c - s_ac)), in [-1, 1] (Zhang, PAKDD 2000).

    With counts: (n n_ac - n_a n_c) / max(n_ac (n - n_a), n_a (n_c - n_ac)); 0 where that is 0 / 0.
    """
    return _ratio(
        _surplus(n, n_ac, n_a, n_c), np.maximum(n_ac * (n - n_a), n_a * (n_c - n_ac)), otherwise=0.0
    )


def jaccard(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac / (s_a + s_c - s_ac) = n_ac / (n_a + n_c - n_ac) (Tan, Kumar and Srivastava, KDD 2002)."""
    return n_ac / (n_a + n_c - n_ac)


def certainty(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """(confidence - s_c) / (1 - s_c), the certainty factor (Shortliffe and Buchanan, Math. Biosci. 1975).

    With counts: (n n_ac - n_a n_c) / (n_a (n - n_c)); 0 where all transactions hold the consequent. Like
    mlxtend, it divides by 1 - s_c for a negative dependence too, where the original divides by s_c.
    """
    return _ratio(_surplus(n, n_ac, n_a, n_c), n_a * (n - n_c), otherwise=0.0)


def kulczynski(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """Mean of the confidences of the rule and of its converse (Wu, Chen and Han, PKDD 2007).

    With counts: n_ac (n_a + n_c) / (2 n_a n_c).
    """
    result: Values = (n_ac * (n_a + n_c)) / (2 * n_a * n_c)
    return result


def _surplus(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Counts:
    """Return n n_ac - n_a n_c, n^2 times the leverage; exact for n up to 3 * 10^9."""
    difference: Counts = n * n_ac - n_a * n_c
    return difference


def _ratio(numerator: Counts, denominator: Counts, otherwise: float) -> Values:
    """Divide, with `otherwise` where the denominator is 0."""
    result = np.full(len(numerator), otherwise)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


METRICS: dict[str, Measure] = {
    "antecedent_support": antecedent_support,
    "consequent_support": consequent_support,
    "support": support,
    "confidence": confidence,
    "lift": lift,
    "representativity": representativity,
    "leverage": leverage,
    "conviction": conviction,
    "zhangs_metric": zhangs_metric,
    "jaccard": jaccard,
    "certainty": certainty,
    "kulczynski": kulczynski,
}
