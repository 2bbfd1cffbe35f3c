"""Metrics of the service in Prometheus' format."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recsys.errors import DataError
from recsys.feedback import Acceptance, FeedbackStore, by_rule, by_source
from recsys.serving.follower import Follower

log = logging.getLogger(__name__)

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds
N_RULES = 20  # those with the most feedback: each is a series of its own


class Metrics:
    """What is counted; a registry a service, so that several can live in a process.

    Parameters
    ----------
    follower : Follower
    store : FeedbackStore
        Read at each look at the metrics.
    """

    def __init__(self, follower: Follower, store: FeedbackStore) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "recsys_requests", "Requests by route and status.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "recsys_request_seconds", "Seconds from request to response.", ("route",),
            buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._recommendations = Counter(
            "recsys_recommendations", "Items recommended, by source.", ("source",), registry=self._registry
        )
        self._registry.register(_ModelCollector(follower))
        self._registry.register(_FeedbackCollector(store))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def count(self, sources: Mapping[str, int]) -> None:
        """Note recommendations."""
        for source, number in sources.items():
            self._recommendations.labels(source).inc(number)

    def text(self) -> bytes:
        """Return all of it."""
        return generate_latest(self._registry)


class _ModelCollector(Collector):
    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def collect(self) -> Iterator[Metric]:
        served = self._follower.current
        info = GaugeMetricFamily("recsys_model_info", "1 for the version that is served.", labels=["version"])
        if served is not None:
            info.add_metric([served.version], 1)
            yield GaugeMetricFamily(
                "recsys_model_loaded_timestamp_seconds", "When it was loaded.", served.loaded
            )
        yield info
        yield CounterMetricFamily(
            "recsys_model_swaps", "Times that another version came into service.", self._follower.swaps
        )
        yield CounterMetricFamily(
            "recsys_model_failures", "Times that a version was refused, or none could be asked for.",
            self._follower.failures,
        )  # fmt: skip


class _FeedbackCollector(Collector):
    def __init__(self, store: FeedbackStore) -> None:
        self._store = store

    def describe(self) -> Iterator[Metric]:
        # Registering a collector without this collects once, which would read the database.
        return iter(())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("recsys_feedback_up", "1 if the database of feedback answers, 0 if not.")
        found: tuple[tuple[str, list[Acceptance]], ...] = ()
        try:
            found = ("source", by_source(self._store)), ("rule", by_rule(self._store, N_RULES))
        except DataError as error:  # all else is to be told then most of all
            log.error("Metrics of feedback are left out: %s", error)
        up.add_metric([], float(bool(found)))
        yield up
        for label, rows in found:
            thumbs = CounterMetricFamily(
                f"recsys_feedback_by_{label}", f"Thumbs by {label}.", labels=[label, "verdict"]
            )
            acceptance = GaugeMetricFamily(
                f"recsys_acceptance_by_{label}", f"Share of thumbs up by {label}.", labels=[label]
            )
            for row in rows:
                thumbs.add_metric([row.name, "up"], row.up)
                thumbs.add_metric([row.name, "down"], row.total - row.up)
                acceptance.add_metric([row.name], row.rate)
            yield thumbs
            yield acceptance
