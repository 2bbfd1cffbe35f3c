"""Weights of rules in recommendations."""

import numpy as np
import numpy.typing as npt

from recsys.rules import METRICS, SMALLER_IS_BETTER, Rules

DAMPED_LIFT = "damped_lift"
# Higher weights are better: not the p-value, but hyper_confidence, which is 1 - it.
WEIGHTS = (DAMPED_LIFT, *(name for name in METRICS if name not in SMALLER_IS_BETTER))


def rule_weights(rules: Rules, weight: str, damping: float, alpha: float) -> npt.NDArray[np.float64]:
    """Return the weight of each rule, finite; 0 or less for a rule that recommends nothing.

    The measure `weight` times (support count of the consequent)^-alpha; see `RuleRecommender`. An infinite
    measure, such as the conviction of a rule that never fails, counts as the highest finite value (1 if there
    is none), NaN as 0.
    """
    values = damped_lift(rules, damping) if weight == DAMPED_LIFT else rules.measure(weight)
    finite = np.isfinite(values)
    if not finite.all():
        highest = float(values[finite].max(initial=-np.inf)) if finite.any() else 1.0
        values = np.nan_to_num(values, nan=0.0, posinf=highest, neginf=0.0)
    if alpha:
        # Of the frequent items, not of the rules: these are far more.
        factors = rules.source.level_counts(1) ** -float(alpha)
        values = values * factors[rules.consequents]
    return values


def damped_lift(rules: Rules, damping: float) -> npt.NDArray[np.float64]:
    """Return (n_ac + d) / (n_a n_c / n + d): observed to expected count, both with d transactions more.

    The shrunk observed-to-expected ratio of Norén, Hopstadius and Bate, "Shrinkage observed-to-expected
    ratios for robust and transparent large-scale pattern discovery", Statistical Methods in Medical Research
    2013, who take d = 1/2. With d = 0 it is lift.
    """
    counts = rules.source.counts
    expected = counts[rules.antecedents] * counts[rules.consequents] / rules.source.n_transactions
    values: npt.NDArray[np.float64] = (rules.support_counts + damping) / (expected + damping)
    return values
