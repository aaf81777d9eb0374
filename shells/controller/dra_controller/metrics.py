"""Prometheus metrics of the controller."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds: from a decision without writes to requests that time out."""


class Metrics:
    """What the controller counts."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.registry = registry
        self._looks = Counter(
            "dra_example_controller_looks",
            "Claims, PodSchedulingContexts and nodes' states that were looked at, by kind and result.",
            ("kind", "result"),
            registry=registry,
        )
        self._look_seconds = Histogram(
            "dra_example_controller_look_duration_seconds",
            "Time for one look, with all its writes.",
            ("kind",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._writes = Counter(
            "dra_example_controller_writes", "Writes, by kind and result.", ("kind", "result"), registry=registry
        )
        self._broken = Counter(
            "dra_example_controller_broken_watches", "Watches that broke, by kind.", ("kind",), registry=registry
        )
        self._cleaned = Counter(
            "dra_example_controller_cleaned_up", "Writes that cleaned up after somebody.", registry=registry
        )
        self._waiting = Gauge(
            "dra_example_controller_waiting", "Claims and pods that wait for devices.", registry=registry
        )
        self._leading = Gauge("dra_example_controller_leading", "1: this one leads.", registry=registry)

    def looked(self, kind: str, *, failed: bool, seconds: float) -> None:
        """A subject was looked at, in so long."""
        self._looks.labels(kind, "error" if failed else "success").inc()
        self._look_seconds.labels(kind).observe(seconds)

    def written(self, kind: str, result: str) -> None:
        """A write ended: ``success``, ``conflict`` or ``error``."""
        self._writes.labels(kind, result).inc()

    def watch_broke(self, kind: str) -> None:
        """A watch broke."""
        self._broken.labels(kind).inc()

    def cleaned_up(self) -> None:
        """A write of a clean-up succeeded."""
        self._cleaned.inc()

    def leads(self, *, yes: bool) -> None:
        """Whether this one leads."""
        self._leading.set(yes)

    def waiting_is(self, count: Callable[[], float]) -> None:
        """Who knows how many wait."""
        self._waiting.set_function(count)
