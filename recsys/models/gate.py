"""The promotion gate: conditions that a version must meet to be served."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from recsys.errors import ParameterError
from recsys.metrics import DECIMALS, NDCG, cutoff
from recsys.parameters import require_number, require_positive

if TYPE_CHECKING:
    from recsys.models.bundle import Bundle
    from recsys.runs.refit import Measurement

REQUESTS = 200  # that are timed
LIST, REASONS = 10, 3  # items of a request, and reasons of each


@dataclass(frozen=True)
class Gate:
    """Conditions for a challenger, on the test part.

    It is refused if the interval of the difference of its `metric` to the champion's, paired by user, is
    below 0: for both bundles as served, or for both refitted without the test part. Users that feedback has
    added are not measured. `min_coverage` (0 to 1) is the minimum catalog coverage with the cut-off of the
    metric, `max_latency` the maximum 99th percentile of milliseconds per request of ten items with reasons.
    """

    metric: str = NDCG
    min_coverage: float = 0.01
    max_latency: float = 50.0

    def __post_init__(self) -> None:
        if not cutoff(self.metric):
            raise ParameterError("metric", "a metric of lists with its cut-off, such as ndcg@10", self.metric)
        if not 0 <= require_number("min_coverage", self.min_coverage) <= 1:
            raise ParameterError("min_coverage", "a number from 0 to 1", self.min_coverage)
        require_positive("max_latency", self.max_latency)

    @property
    def coverage(self) -> str:
        """Name of the coverage with the cut-off of the metric."""
        return f"coverage@{cutoff(self.metric)}"


@dataclass(frozen=True)
class Check:
    """One condition, with the measured values."""

    passed: bool
    text: str

    def __str__(self) -> str:
        return f"{'passed ' if self.passed else 'REFUSED'} {self.text}"


@dataclass(frozen=True)
class Decision:
    """Result of all conditions."""

    checks: tuple[Check, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether every check was passed."""
        return all(check.passed for check in self.checks)


class Latency(NamedTuple):
    """Milliseconds per request: median and 99th percentile."""

    p50: float
    p99: float


def judge(
    gate: Gate,
    challenger: Measurement,
    latency: Latency,
    champion: Measurement | None = None,
    served: tuple[Measurement, Measurement] | None = None,
) -> Decision:
    """Decide whether a challenger becomes the champion.

    `challenger` and `champion` are measurements of the refitted configurations, `served` those of their own
    bundles, all on one test part. ParameterError is raised if the metric was not measured.
    """
    ranking = challenger.ranking
    if gate.metric not in ranking.per_user or gate.coverage not in ranking.metrics:
        measured = ", ".join(ranking.per_user)
        raise ParameterError("metric", f"one that was measured on the test part ({measured})", gate.metric)
    checks = [_quality(gate, "as served: ", *served)] if served else []
    checks += [_quality(gate, "", challenger, champion)] if champion else []
    coverage = ranking.metrics[gate.coverage]
    text = f"{gate.coverage} {coverage:{DECIMALS}}; minimum {gate.min_coverage:g}"
    checks.append(Check(coverage >= gate.min_coverage, text))
    times = f"{latency.p50:.2f} ms (p50) and {latency.p99:.2f} ms (p99)"
    text = f"a request takes {times}; maximum {gate.max_latency:g} ms (p99)"
    checks.append(Check(latency.p99 <= gate.max_latency, text))
    return Decision(tuple(checks))


def _quality(gate: Gate, how: str, challenger: Measurement, champion: Measurement) -> Check:
    difference = challenger.differences(champion)[gate.metric]
    values = (one.ranking.metrics[gate.metric] for one in (challenger, champion))
    ours, theirs = (f"{value:{DECIMALS}}" for value in values)
    text = (
        f"{how}{gate.metric} {ours}, the champion's {theirs}: difference {difference:+{DECIMALS}} "
        f"at {challenger.evaluation.confidence_level:.0%}, {len(challenger.ranking.users):,} users; "
        "an interval below 0 is worse"
    )
    return Check(difference.high >= 0, text)


def measure_latency(bundle: Bundle) -> Latency:
    """Time requests for single users, spread evenly over the users of the bundle."""
    likes = bundle.sample_likes(REQUESTS)
    bundle.recommend(likes[:3], LIST, n_reasons=REASONS)  # compiles the kernels
    milliseconds = []
    for row in likes:
        started = perf_counter()
        bundle.recommend([row], LIST, n_reasons=REASONS)
        milliseconds.append(1000 * (perf_counter() - started))
    percentiles = quantiles(milliseconds, n=100, method="inclusive")
    return Latency(percentiles[49], percentiles[98])
