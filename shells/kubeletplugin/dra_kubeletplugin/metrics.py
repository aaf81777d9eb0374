"""Prometheus metrics; the first four are named as those of Kubernetes' example driver, so dashboards fit both."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45)
"""Seconds: from a call without writes to the kubelet's deadline."""


class Metrics:
    """What the plugin counts."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.registry = registry
        self._prepares = Counter(
            "dra_example_driver_prepare_claims",
            "Claims asked to be prepared, by result.",
            ("result",),
            registry=registry,
        )
        self._prepare_seconds = Histogram(
            "dra_example_driver_prepare_claim_duration_seconds", "Time to prepare.", buckets=BUCKETS, registry=registry
        )
        self._unprepares = Counter(
            "dra_example_driver_unprepare_claims",
            "Claims asked to be unprepared, by result.",
            ("result",),
            registry=registry,
        )
        self._unprepare_seconds = Histogram(
            "dra_example_driver_unprepare_claim_duration_seconds",
            "Time to unprepare.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._registered = Gauge(
            "dra_example_driver_registered", "1: the kubelet has registered the plugin.", registry=registry
        )
        self._slice_writes = Counter(
            "dra_example_driver_slice_writes", "Writes of ResourceSlices, by kind.", ("kind",), registry=registry
        )
        self._publish_failures = Counter(
            "dra_example_driver_publish_failures",
            "Attempts to publish that failed and are repeated.",
            registry=registry,
        )
        self._unhealthy = Gauge(
            "dra_example_driver_unhealthy_devices", "Devices that are unhealthy.", registry=registry
        )

    def prepared(self, *, failed: bool, seconds: float) -> None:
        """A claim was prepared or refused, in a call that took so long."""
        self._prepares.labels("error" if failed else "success").inc()
        self._prepare_seconds.observe(seconds)

    def unprepared(self, *, failed: bool, seconds: float) -> None:
        """A claim was unprepared or refused, in a call that took so long."""
        self._unprepares.labels("error" if failed else "success").inc()
        self._unprepare_seconds.observe(seconds)

    def registered(self, *, yes: bool) -> None:
        """What the kubelet said."""
        self._registered.set(yes)

    def slice_written(self, kind: str) -> None:
        """A slice was created, updated or deleted."""
        self._slice_writes.labels(kind).inc()

    def publish_failed(self) -> None:
        """An attempt to publish failed."""
        self._publish_failures.inc()

    def unhealthy_devices(self, count: int) -> None:
        """So many devices are unhealthy now."""
        self._unhealthy.set(count)
