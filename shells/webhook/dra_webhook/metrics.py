"""Prometheus metrics of the webhook."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds: from one small claim to what the API server does not wait for."""

Outcome: TypeAlias = Literal["allowed", "refused", "unreadable", "failed"]
"""unreadable: no AdmissionReview; failed: a bug."""


class Metrics:
    """What the webhook counts."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.registry = registry
        self._reviews = Counter(
            "dra_example_webhook_reviews", "Requests for a review, by result.", ("result",), registry=registry
        )
        for outcome in get_args(Outcome):
            self._reviews.labels(outcome)  # at 0 from the start, so that a rate has a beginning
        self._seconds = Histogram(
            "dra_example_webhook_review_duration_seconds",
            "Time for one review, from its body to the answer's.",
            buckets=BUCKETS,
            registry=registry,
        )

    def reviewed(self, outcome: Outcome, seconds: float) -> None:
        """A request for a review was answered, in so long."""
        self._reviews.labels(outcome).inc()
        self._seconds.observe(seconds)
