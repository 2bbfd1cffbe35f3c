"""Confidence intervals of means over users, and of differences of two recommenders."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.evaluation.ranking import RankingResult
from recsys.metrics import Interval
from recsys.parameters import require_integer, require_share

#: Draws held in memory at a time.
_BLOCK = 4_000_000


def bootstrap_intervals(
    result: RankingResult, n_resamples: int = 1000, confidence_level: float = 0.95, seed: int = 42
) -> dict[str, Interval]:
    """Return each metric's mean over the users with its bootstrap percentile interval.

    All metrics, and all results over as many users, use the same resamples of users; those of a metric that
    not all users have are drawn from the users who have it. The bounds are the quantiles that leave half of
    1 - confidence_level on either side (Efron and Tibshirani, 1993. An Introduction to the Bootstrap, chapter
    13). Coverage has no interval: it belongs to no user. Values out of range raise ParameterError.
    """
    return _intervals(result.per_user, n_resamples, confidence_level, seed)


def paired_differences(
    result: RankingResult,
    baseline: RankingResult,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    seed: int = 42,
) -> dict[str, Interval]:
    """Return the mean difference (result - baseline) of each metric that both have, with its interval.

    The differences of each user are resampled. An interval without 0 is a difference that the choice of users
    does not explain. Of a metric that not all users have, they are those of the users who have it in both:
    the catalogs of two models may know different targets. Results over different users and values out of
    range raise ParameterError.
    """
    if not np.array_equal(result.users, baseline.users):
        rule = f"measured on the {len(result.users)} users of the result"
        raise ParameterError("baseline", rule, f"{len(baseline.users)} users")
    differences = {}
    for name in result.per_user:
        if name in baseline.per_user:
            ours = result.of_metric(name, baseline.defined.get(name))
            theirs = baseline.of_metric(name, result.defined.get(name))
            if len(ours.users):
                differences[name] = ours.per_user[name] - theirs.per_user[name]
    return _intervals(differences, n_resamples, confidence_level, seed)


def _intervals(
    per_user: Mapping[str, npt.NDArray[np.float64]], n_resamples: int, confidence_level: float, seed: int
) -> dict[str, Interval]:
    require_integer("n_resamples", n_resamples, minimum=1)
    require_share("confidence_level", confidence_level)
    require_integer("seed", seed, minimum=0)
    tail = (1 - confidence_level) / 2
    found: dict[str, Interval] = {}
    for n_users in {len(values) for values in per_user.values()}:
        columns = {name: values for name, values in per_user.items() if len(values) == n_users}
        values = np.stack(list(columns.values()), axis=1)
        means = _resampled_means(values, n_resamples, np.random.default_rng(seed))
        low, high = np.quantile(means, [tail, 1 - tail], axis=0)
        # Each mean by itself: summed beside others it may differ from the metric in its last bit.
        value = [column.mean() for column in columns.values()]
        bounds = zip(columns, value, low, high, strict=True)
        found |= {name: Interval(*map(float, interval)) for name, *interval in bounds}
    return {name: found[name] for name in per_user}


def _resampled_means(
    values: npt.NDArray[np.float64], n_resamples: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the means of resampled rows, shape (n_resamples, n_metrics)."""
    n_users = len(values)
    by_metric = np.ascontiguousarray(values.T)
    block = max(_BLOCK // n_users, 1)
    means = np.empty((n_resamples, values.shape[1]))
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = generator.integers(0, n_users, (size, n_users))
        # How often each user was drawn: a product of matrices is then all that the metrics cost.
        drawn += np.arange(size)[:, np.newaxis] * n_users
        counts = np.bincount(drawn.ravel(), minlength=size * n_users)
        weights = counts.reshape(size, n_users).astype(np.float64)
        # Not the BLAS, whose threads may add in another order.
        means[start : start + size] = np.einsum("ru,mu->rm", weights, by_metric) / n_users
    return means
