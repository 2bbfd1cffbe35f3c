"""Metrics of the service in Prometheus' format."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recsys.errors import DataError
from recsys.feedback import FeedbackStore
from recsys.serving.reloader import ModelReloader
from recsys.serving.route_times import RouteTimes

log = logging.getLogger(__name__)

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds
MAX_RULES = 20  # those with the most feedback: each is a time series


class Metrics(Collector):
    """Counters of requests, and the state of model and feedback, which is read whenever the metrics are."""

    def __init__(self, reloader: ModelReloader, store: FeedbackStore | None) -> None:
        self._reloader, self._store, self.started = reloader, store, time.time()
        self._registry = registry = CollectorRegistry()  # a process can run several services
        labels = ("method", "route", "status")
        self._requests = prometheus.Counter(
            "recsys_requests", "Requests by route and status.", labels, registry=registry
        )
        self._seconds = Histogram(
            "recsys_request_seconds", "Seconds from request to response.", ("route",),
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._recommendations = prometheus.Counter(
            "recsys_recommendations", "Items recommended, by source.", ("source",), registry=registry
        )
        registry.register(self)
        # To look up the time series of labels takes twice as long as to count.
        self._requests_of = lru_cache(self._requests.labels)
        self._seconds_of = lru_cache(self._seconds.labels)
        self._recommendations_of = lru_cache(self._recommendations.labels)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests_of(method, route, status).inc()
        self._seconds_of(route).observe(seconds)

    def count(self, sources: Mapping[str, int]) -> None:
        """Count recommendations."""
        for source, number in sources.items():
            self._recommendations_of(source).inc(number)

    def routes(self) -> list[RouteTimes]:
        """Return the requests of each route since the start, the most used first."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)  # by route and class of status
        below: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for metric in [*self._requests.collect(), *self._seconds.collect()]:
            for sample in metric.samples:
                if sample.name == "recsys_requests_total":
                    counts[sample.labels["route"]][sample.labels["status"][0]] += int(sample.value)
                elif sample.name == "recsys_request_seconds_bucket":
                    bound = float(sample.labels["le"])
                    below[sample.labels["route"]].append((bound, sample.value))
        times = [RouteTimes.of(route, counts[route], sorted(below[route])) for route in below]
        return sorted(times, key=lambda one: (-one.n_requests, one.route))

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self._registry)

    def describe(self) -> Iterator[Metric]:
        """Return nothing; without this method, registration would read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the state of model and feedback."""
        model, reloader = self._reloader.current, self._reloader
        info = GaugeMetricFamily("recsys_model_info", "1 for the version that is served.", labels=["version"])
        if model is not None:
            info.add_metric([model.version], 1)
            yield GaugeMetricFamily(
                "recsys_model_loaded_timestamp_seconds", "When it was loaded.", model.loaded
            )
        yield info
        for name, text, value in (
            ("swaps", "Times that another version replaced the served one.", reloader.swaps),
            ("failures", "Times that a version or the source of the model failed.", reloader.failures),
        ):
            yield CounterMetricFamily(f"recsys_model_{name}", text, value)
        yield from self._of_policies()
        if self._store is None:
            return
        try:
            thumbs = [self._store.acceptance("source"), self._store.acceptance("rule", MAX_RULES)]
        except DataError as error:  # the other metrics remain available
            log.error("Metrics of feedback are left out: %s", error)
            thumbs = []
        up = "1 if the database of feedback answers, 0 if not."
        yield GaugeMetricFamily("recsys_feedback_up", up, float(bool(thumbs)))
        for label, rows in zip(("source", "rule"), thumbs, strict=False):
            counts = CounterMetricFamily(
                f"recsys_feedback_by_{label}", f"Thumbs by {label}.", labels=[label, "verdict"]
            )
            rate = GaugeMetricFamily(
                f"recsys_acceptance_by_{label}", f"Share of thumbs up by {label}.", labels=[label]
            )
            for row in rows:
                counts.add_metric([row.name, "up"], row.up)
                counts.add_metric([row.name, "down"], row.total - row.up)
                rate.add_metric([row.name], row.rate)
            yield from (counts, rate)

    def _of_policies(self) -> Iterator[Metric]:
        policies = self._reloader.policies
        if policies is None:
            return
        info = GaugeMetricFamily("recsys_policies_info", "1 for the policies in use.", labels=["version"])
        info.add_metric([policies.version], 1)
        yield info
        for name, text, value in (
            ("swaps", "Times that a changed file replaced the policies.", policies.swaps),
            ("failures", "Times that a changed file could not be used.", policies.failures),
        ):
            yield CounterMetricFamily(f"recsys_policies_{name}", text, value)
