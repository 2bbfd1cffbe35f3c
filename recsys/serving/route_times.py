"""Requests of a route and their durations, from a histogram."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from recsys.recommenders.model import JSON_CONFIG


@dataclass
class RouteTimes:
    """Requests of one route since the service started."""

    __pydantic_config__: ClassVar = JSON_CONFIG

    route: str
    n_requests: int
    n_refused: int
    """With a status of 400 to 499."""
    n_failed: int
    """With a status of 500 or more."""
    p50: float | None
    """Milliseconds within which half of the requests were answered; None if it was more than 5,000."""
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, route: str, counts: Mapping[str, int], below: Sequence[tuple[float, float]]) -> Self:
        """Compute them from counts by class of status ("2", "4"), and a histogram as `quantile` takes it."""
        times = [quantile(below, share) for share in (0.5, 0.95, 0.99)]
        milliseconds = [None if one is None else 1000 * one for one in times]
        return cls(route, sum(counts.values()), counts.get("4", 0), counts.get("5", 0), *milliseconds)


def quantile(below: Sequence[tuple[float, float]], share: float) -> float | None:
    """Return a quantile of a histogram, interpolated within its bucket; None if it is above the last bound.

    This is what histogram_quantile of Prometheus computes, which returns the last bound instead of None.

    Parameters
    ----------
    below : sequence of (float, float)
        Upper bounds of the buckets, ascending, the last one infinite; and the number of values up to each.
    share : float, 0 to 1
    """
    rank = share * below[-1][1]
    start, before = 0.0, 0.0
    for bound, count in below[:-1]:
        if count >= rank and count > before:
            return start + (bound - start) * (rank - before) / (count - before)
        start, before = bound, count
    return None
