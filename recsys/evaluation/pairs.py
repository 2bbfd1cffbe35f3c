"""Differences of all pairs of recommenders that are measured on the same users."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from recsys.evaluation.bootstrap import paired_differences
from recsys.evaluation.ranking import RankingResult
from recsys.metrics import Interval
from recsys.rules.significance import adjust_p_values


@dataclass(frozen=True)
class PairedDifference:
    """A metric of the first recommender minus that of the second.

    `difference` has the bootstrap interval of this pair alone. `p_value` is that of the two-sided paired
    t-test by user, after Holm's correction for the number of pairs.
    """

    first: str
    second: str
    difference: Interval
    p_value: float


def pairwise_differences(
    results: Mapping[str, RankingResult],
    metric: str,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    seed: int = 42,
) -> list[PairedDifference]:
    """Return the differences of all pairs, in the order of the results.

    The paired t-test keeps its level best among the tests of retrieval metrics (Urbano, Lima and Hanjalic,
    "Statistical significance testing in information retrieval", SIGIR 2019). Results over different users and
    values out of range raise ParameterError.
    """
    one = {name: result.of_metric(metric) for name, result in results.items()}
    pairs = list(combinations(one, 2))
    differences = [
        paired_differences(one[first], one[second], n_resamples, confidence_level, seed)[metric]
        for first, second in pairs
    ]
    p_values = [_p_value(one[first], one[second], metric) for first, second in pairs]
    found = zip(pairs, differences, adjust_p_values(p_values).tolist(), strict=True)
    return [PairedDifference(*pair, difference, p_value) for pair, difference, p_value in found]


def _p_value(first: RankingResult, second: RankingResult, metric: str) -> float:
    """Return the p-value of the paired t-test; 1 if no user differs, or a single user was measured."""
    values = first.per_user[metric] - second.per_user[metric]
    if len(values) < 2 or not values.any():
        return 1.0
    if np.ptp(values) == 0:  # every user differs by as much
        return 0.0
    from scipy import stats  # takes half a second

    return float(stats.ttest_1samp(values, 0.0).pvalue)
