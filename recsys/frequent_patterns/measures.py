"""mlxtend's measures of rules, computed from supports: a frame of itemsets has no counts.

They have the formulas of mlxtend 0.25 in its order of operations, so that a rule whose metric equals the
threshold is kept here if it is kept there. For definitions see `recsys.rules.measures`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]


def _confidence(s_ac: Values, s_a: Values, n: int) -> Values:
    return (s_ac * n) / (s_a * n)


def _conviction(s_ac: Values, s_a: Values, s_c: Values, n: int) -> Values:
    confidence = _confidence(s_ac, s_a, n)
    return np.where(confidence < 1, (1 - s_c) / (1 - confidence), np.inf)


def _zhangs_metric(s_ac: Values, s_a: Values, s_c: Values, n: int) -> Values:
    denominator = np.maximum(s_ac * (1 - s_a), s_a * (s_c - s_ac))
    return np.where(denominator == 0, 0, (s_ac - s_a * s_c) / denominator)


def _certainty(s_ac: Values, s_a: Values, s_c: Values, n: int) -> Values:
    absent = 1 - s_c
    return np.where(absent == 0, 0, (_confidence(s_ac, s_a, n) - s_c) / absent)


# Functions of the supports of rules, antecedents and consequents, shape (n_rules,), and of mlxtend's
# `num_itemsets`, which cancels out except for rounding.
METRICS: dict[str, Callable[[Values, Values, Values, int], Values]] = {
    "antecedent support": lambda s_ac, s_a, s_c, n: s_a,
    "consequent support": lambda s_ac, s_a, s_c, n: s_c,
    "support": lambda s_ac, s_a, s_c, n: s_ac,
    "confidence": lambda s_ac, s_a, s_c, n: _confidence(s_ac, s_a, n),
    "lift": lambda s_ac, s_a, s_c, n: _confidence(s_ac, s_a, n) / s_c,
    "representativity": lambda s_ac, s_a, s_c, n: np.full(len(s_ac), n / n),
    "leverage": lambda s_ac, s_a, s_c, n: s_ac - s_a * s_c,
    "conviction": _conviction,
    "zhangs_metric": _zhangs_metric,
    "jaccard": lambda s_ac, s_a, s_c, n: s_ac / (s_a + s_c - s_ac),
    "certainty": _certainty,
    "kulczynski": lambda s_ac, s_a, s_c, n: (_confidence(s_ac, s_a, n) + _confidence(s_ac, s_c, n)) / 2,
}
