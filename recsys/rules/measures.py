"""Measures of rules, computed from counts.

A measure is a function of n, the number of transactions, and of three arrays of counts, one entry per rule:
n_ac of the whole rule, n_a of the antecedent, n_c of the consequent. Below, s_ac, s_a and s_c are the
supports; n_1 and n_2 count the transactions with the antecedent alone and the consequent alone, n_0 those
with neither. Where possible a measure is one division of integers; counts may also be float64, exact for
products up to 2^53. Definitions, and conventions for a denominator of 0, are those of mlxtend 0.25 for its
twelve, those of R's arules for the others. A new measure is an entry of MEASURES.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.mining import FrequentItemsets

Counts = npt.NDArray[Any]  # int64, or float64 of whole numbers
Values = npt.NDArray[np.float64]
Measure = Callable[[int, Counts, Counts, Counts], Values]


def _surplus(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Counts:
    """Return n n_ac - n_a n_c, n^2 times the leverage; with int64 exact for n up to 3 * 10^9."""
    return n * n_ac - n_a * n_c  # type: ignore[no-any-return]


def _ratio(numerator: Counts, denominator: Counts, otherwise: float) -> Values:
    """Divide; the result is `otherwise` where the denominator is 0."""
    result = np.full(len(numerator), otherwise)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def _odds_ratio(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    odds = _ratio(n_ac * (n - n_a - n_c + n_ac), (n_a - n_ac) * (n_c - n_ac), otherwise=np.inf)
    odds[(n_a == n) | (n_c == n)] = 1.0
    return odds


def _hyper_lift(n: int, n_ac: Counts, n_a: Counts, n_c: Counts) -> Values:
    from recsys.rules._hypergeometric_kernel import quantiles

    return _ratio(n_ac, quantiles(n, _integers(n_a), _integers(n_c), 0.99), otherwise=np.inf)


def _tails(n: int, n_ac: Counts, n_a: Counts, n_c: Counts, upper: bool) -> Values:
    from recsys.rules._hypergeometric_kernel import tails

    return tails(n, _integers(n_ac), _integers(n_a), _integers(n_c), upper)


def _integers(counts: Counts) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(counts, dtype=np.int64)


# "KDD 2002" is table 5 of Tan, Kumar and Srivastava. X is n_ac of independent sides: hypergeometric.
MEASURES: dict[str, Measure] = {
    # s_a, s_c, s_ac, and s_ac / s_a: how often the rule holds (Agrawal, Imielinski and Swami, SIGMOD 1993).
    "antecedent_support": lambda n, n_ac, n_a, n_c: n_a / n,
    "consequent_support": lambda n, n_ac, n_a, n_c: n_c / n,
    "support": lambda n, n_ac, n_a, n_c: n_ac / n,
    "confidence": lambda n, n_ac, n_a, n_c: n_ac / n_a,
    # s_ac / (s_a s_c); 1 if independent (Brin et al., SIGMOD 1997, as "interest").
    "lift": lambda n, n_ac, n_a, n_c: (n * n_ac) / (n_a * n_c),
    # Share of the transactions without missing values: transactions have none (Ragel, PAKDD 1998).
    "representativity": lambda n, n_ac, n_a, n_c: np.ones(len(n_ac)),
    # s_ac - s_a s_c (Piatetsky-Shapiro, KDD 1991).
    "leverage": lambda n, n_ac, n_a, n_c: _surplus(n, n_ac, n_a, n_c) / n**2,
    # (1 - s_c) / (1 - confidence); infinite for a rule that never fails (Brin et al., SIGMOD 1997).
    "conviction": lambda n, n_ac, n_a, n_c: _ratio(n_a * (n - n_c), n * (n_a - n_ac), otherwise=np.inf),
    # Leverage / max(s_ac (1 - s_a), s_a (s_c - s_ac)), in [-1, 1]; 0 for 0 / 0 (Zhang, PAKDD 2000).
    "zhangs_metric": lambda n, n_ac, n_a, n_c: _ratio(
        _surplus(n, n_ac, n_a, n_c), np.maximum(n_ac * (n - n_a), n_a * (n_c - n_ac)), otherwise=0.0
    ),
    # s_ac / (s_a + s_c - s_ac) (KDD 2002).
    "jaccard": lambda n, n_ac, n_a, n_c: n_ac / (n_a + n_c - n_ac),
    # (confidence - s_c) / (1 - s_c), the certainty factor; 0 if s_c is 1 (Shortliffe and Buchanan, Math.
    # Biosci. 1975). Like mlxtend, it divides by 1 - s_c for a negative dependence, too, where the original
    # does by s_c.
    "certainty": lambda n, n_ac, n_a, n_c: _ratio(
        _surplus(n, n_ac, n_a, n_c), n_a * (n - n_c), otherwise=0.0
    ),
    # Mean confidence of the rule and its converse (Wu, Chen and Han, PKDD 2007).
    "kulczynski": lambda n, n_ac, n_a, n_c: (n_ac * (n_a + n_c)) / (2 * n_a * n_c),
    # s_ac / sqrt(s_a s_c), also IS (KDD 2002).
    "cosine": lambda n, n_ac, n_a, n_c: n_ac / np.sqrt(n_a * n_c),
    # Correlation of the sides, in [-1, 1]; 0 if a side is in all transactions (KDD 2002). Two roots: the
    # product of the four factors would overflow.
    "phi": lambda n, n_ac, n_a, n_c: _ratio(
        _surplus(n, n_ac, n_a, n_c), np.sqrt(n_a * (n - n_a)) * np.sqrt(n_c * (n - n_c)), otherwise=0.0
    ),
    # n_ac n_0 / (n_1 n_2); 1 if independent or a side is in all transactions, infinite if one side is never
    # without the other (KDD 2002).
    "odds_ratio": _odds_ratio,
    # Confidence - s_c (KDD 2002).
    "added_value": lambda n, n_ac, n_a, n_c: _surplus(n, n_ac, n_a, n_c) / (n * n_a),
    # |s_a - s_c| / (s_a + s_c - s_ac), from 0, balanced, to 1 (Wu, Chen and Han, DMKD 21(3), 2010).
    "imbalance_ratio": lambda n, n_ac, n_a, n_c: np.abs(n_a - n_c) / (n_a + n_c - n_ac),
    # n_ac / Q with the smallest Q for which P(X > Q) <= 0.01; infinite if Q is 0 (Hahsler and Hornik, IDA
    # 11(5), 2007).
    "hyper_lift": _hyper_lift,
    # P(X < n_ac) = 1 - p_value (Hahsler and Hornik, IDA 11(5), 2007).
    "hyper_confidence": lambda n, n_ac, n_a, n_c: _tails(n, n_ac, n_a, n_c, False),
    # P(X >= n_ac): Fisher's exact test, one-sided (Webb, Mach. Learn. 68, 2007), not corrected for the number
    # of tests: see `recsys.rules.adjust_p_values`.
    "p_value": lambda n, n_ac, n_a, n_c: _tails(n, n_ac, n_a, n_c, True),
}
MLXTEND_MEASURES = tuple(MEASURES)[:12]

# The measures above, and one that depends on other rules.
METRICS = (*MEASURES, "improvement")

# For these a rule is kept at or below the threshold, and the smallest comes first.
SMALLER_IS_BETTER = frozenset({"p_value"})


def improvement(itemsets: FrequentItemsets, antecedents: Counts, wholes: Counts) -> Values:
    """Return min over A' of confidence(A -> C) - confidence(A' -> C), A' the proper subsets of A.

    Bayardo, Agrawal and Gunopulos, ICDE 1999, section 2.1. The empty subset is among them, as in the paper
    and in R's arules, with the confidence s_c: for an antecedent of one item this is the added value. In (-1,
    1); a rule with 0 or less is redundant. All A' count, whatever the options. `antecedents` and `wholes` are
    indices of the antecedents, and of antecedent and consequent together, shape (n_rules,).
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
