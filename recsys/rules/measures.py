"""Measures of rules, computed from counts.

A measure is a function of n, the number of transactions, and of three arrays of counts, one entry a rule:
n_ac of the whole rule, n_a of the antecedent, n_c of the consequent. s_ac, s_a, s_c are the supports; n_1
and n_2 count the transactions with the antecedent alone and the consequent alone, n_0 those with neither.
Where possible a measure is one division of integers; counts may also be float64, exact for products up to
2^53. Definitions, and conventions for a denominator of 0, are those of mlxtend 0.25 for its twelve, those of
R's arules for the others. A new measure is a function here and a line in MEASURES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.mining import FrequentItemsets

Counts = npt.NDArray[Any]  # int64, or float64 of whole numbers
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
    result: Values = (n * n_ac) / (n_a * n_c)
    return result


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
    result: Values = n_ac / (n_a + n_c - n_ac)
    return result


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


def cosine(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """s_ac / sqrt(s_a s_c) = n_ac / sqrt(n_a n_c), also IS (Tan, Kumar and Srivastava, KDD 2002, table 5)."""
    result: Values = n_ac / np.sqrt(n_a * n_c)
    return result


def phi(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """Correlation of the two sides, in [-1, 1] (Tan, Kumar and Srivastava, KDD 2002, table 5).

    With counts: (n n_ac - n_a n_c) / sqrt(n_a (n - n_a) n_c (n - n_c)); 0 where a side stands in all
    transactions.
    """
    # Two roots: the product of the four would not fit into 64 bits.
    return _ratio(
        _surplus(n, n_ac, n_a, n_c), np.sqrt(n_a * (n - n_a)) * np.sqrt(n_c * (n - n_c)), otherwise=0.0
    )


def odds_ratio(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """n_ac n_0 / (n_1 n_2); 1 if independent (Tan, Kumar and Srivastava, KDD 2002, table 5).

    Infinite where one side never stands without the other; 1 where a side stands in all transactions.
    """
    odds = _ratio(n_ac * (n - n_a - n_c + n_ac), (n_a - n_ac) * (n_c - n_ac), otherwise=np.inf)
    odds[(n_a == n) | (n_c == n)] = 1.0
    return odds


def added_value(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """Confidence - s_c = (n n_ac - n_a n_c) / (n n_a) (Tan, Kumar and Srivastava, KDD 2002, table 5)."""
    result: Values = _surplus(n, n_ac, n_a, n_c) / (n * n_a)
    return result


def imbalance_ratio(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """|s_a - s_c| / (s_a + s_c - s_ac), from 0, balanced, to 1 (Wu, Chen and Han, DMKD 21(3), 2010)."""
    result: Values = np.abs(n_a - n_c) / (n_a + n_c - n_ac)
    return result


def hyper_lift(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """n_ac / Q, with the 0.99 quantile Q of what independence gives (Hahsler and Hornik, IDA 11(5), 2007).

    Q is the smallest q with P(X > q) <= 0.01 for the hypergeometric X. Infinite where Q is 0.
    """
    from recsys.rules._hypergeometric_kernel import quantiles

    return _ratio(n_ac, quantiles(n, _integers(n_a), _integers(n_c), 0.99), otherwise=np.inf)


def hyper_confidence(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """P(X < n_ac), X what independence gives: 1 - p_value (Hahsler and Hornik, IDA 11(5), 2007)."""
    from recsys.rules._hypergeometric_kernel import tails

    return tails(n, _integers(n_ac), _integers(n_a), _integers(n_c), False)


def p_value(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    """P(X >= n_ac), X what independence gives: Fisher's exact test, one-sided (Webb, Mach. Learn. 68, 2007).

    Not corrected for the number of tests: see `recsys.rules.adjust_p_values`. Smaller is better.
    """
    from recsys.rules._hypergeometric_kernel import tails

    return tails(n, _integers(n_ac), _integers(n_a), _integers(n_c), True)


def improvement(itemsets: FrequentItemsets, antecedents: Counts, wholes: Counts) -> Values:
    """Min over A' of confidence(A -> C) - confidence(A' -> C), A' the proper subsets of A, shape (n_rules,).

    Bayardo, Agrawal and Gunopulos, ICDE 1999, section 2.1. The empty subset is among them, as in the paper
    and in R's arules, with the confidence s_c: for an antecedent of one item this is the added value. In
    (-1, 1); a rule with 0 or less is redundant. All A' count, whatever the options. `antecedents`
    and `wholes` are indices of the antecedents, and of antecedent and consequent together.
    """
    from recsys.rules._split_kernel import improvements

    return improvements(
        itemsets.trie,
        itemsets.offsets.astype(np.int64),
        itemsets.counts.astype(np.int64),
        itemsets.n_transactions,
        antecedents.astype(np.int32),
        wholes.astype(np.int32),
        np.argsort(wholes, kind="stable"),
    )


def _surplus(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Counts:
    """Return n n_ac - n_a n_c, n^2 times the leverage; of int64, exact for n up to 3 * 10^9."""
    difference: Counts = n * n_ac - n_a * n_c
    return difference


def _ratio(numerator: Counts, denominator: Counts, otherwise: float) -> Values:
    """Divide, with `otherwise` where the denominator is 0."""
    result = np.full(len(numerator), otherwise)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def _integers(counts: Counts) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(counts, dtype=np.int64)


MEASURES: dict[str, Measure] = {
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
    "cosine": cosine,
    "phi": phi,
    "odds_ratio": odds_ratio,
    "added_value": added_value,
    "imbalance_ratio": imbalance_ratio,
    "hyper_lift": hyper_lift,
    "hyper_confidence": hyper_confidence,
    "p_value": p_value,
}
MLXTEND_MEASURES = tuple(MEASURES)[:12]

# These, and one that depends on other rules, too.
METRICS = (*MEASURES, "improvement")

# For these a rule is kept at or below the threshold, and the smallest comes first.
SMALLER_IS_BETTER = frozenset({"p_value"})
