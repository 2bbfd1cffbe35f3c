"""mlxtend's measures of rules, computed from supports: a frame of itemsets has no counts.

They have the formulas of mlxtend 0.25 in its order of operations, so that a rule whose metric equals the
threshold is kept here if it is kept there. For definitions see `recsys.rules.measures`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class RuleSupports:
    """Supports of rules, of their antecedents and of their consequents, shape (n_rules,) each.

    `n` is mlxtend's `num_itemsets`, which cancels out except for rounding.
    """

    s_ac: Values
    s_a: Values
    s_c: Values
    n: int

    @cached_property
    def confidence(self) -> Values:
        """How often the rule holds."""
        return (self.s_ac * self.n) / (self.s_a * self.n)

    @cached_property
    def leverage(self) -> Values:
        """Support beyond that of independent sides."""
        return self.s_ac - self.s_a * self.s_c


def _conviction(rules: RuleSupports) -> Values:
    fails = 1 - rules.confidence
    return np.where(rules.confidence < 1, (1 - rules.s_c) / fails, np.inf)


def _zhangs_metric(rules: RuleSupports) -> Values:
    s_ac, s_a, s_c = rules.s_ac, rules.s_a, rules.s_c
    denominator = np.maximum(s_ac * (1 - s_a), s_a * (s_c - s_ac))
    return np.where(denominator == 0, 0, rules.leverage / denominator)


def _certainty(rules: RuleSupports) -> Values:
    absent = 1 - rules.s_c
    return np.where(absent == 0, 0, (rules.confidence - rules.s_c) / absent)


def _kulczynski(rules: RuleSupports) -> Values:
    converse = (rules.s_ac * rules.n) / (rules.s_c * rules.n)
    return (rules.confidence + converse) / 2


METRICS: dict[str, Callable[[RuleSupports], Values]] = {
    "antecedent support": lambda rules: rules.s_a,
    "consequent support": lambda rules: rules.s_c,
    "support": lambda rules: rules.s_ac,
    "confidence": lambda rules: rules.confidence,
    "lift": lambda rules: rules.confidence / rules.s_c,
    "representativity": lambda rules: np.full(len(rules.s_ac), rules.n / rules.n),
    "leverage": lambda rules: rules.leverage,
    "conviction": _conviction,
    "zhangs_metric": _zhangs_metric,
    "jaccard": lambda rules: rules.s_ac / (rules.s_a + rules.s_c - rules.s_ac),
    "certainty": _certainty,
    "kulczynski": _kulczynski,
}
