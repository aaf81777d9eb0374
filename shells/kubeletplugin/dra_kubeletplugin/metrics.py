"""What the plugin counts, as Prometheus reads it (text format 0.0.4).

The first four are named as those of Kubernetes' example driver, so dashboards fit both. Written here, for
prometheus-client and the web server that it brings take two megabytes, and a plugin runs on every node.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

from dra_kubeletplugin import own_process

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 45.0)
"""Seconds: from a call without writes to the kubelet's deadline."""

PREFIX = "dra_example_driver_"
RESULTS = ("success", "error")
WRITES = ("CreateSlice", "UpdateSlice", "DeleteSlice")


class Metrics:
    """Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prepares = _Numbers("prepare_claims_total", "Claims asked to be prepared, by result.", "result", RESULTS)
        self._prepare_seconds = _Histogram("prepare_claim_duration_seconds", "Time to prepare.")
        self._unprepares = _Numbers(
            "unprepare_claims_total", "Claims asked to be unprepared, by result.", "result", RESULTS
        )
        self._unprepare_seconds = _Histogram("unprepare_claim_duration_seconds", "Time to unprepare.")
        self._registered = _Numbers("registered", "1: the kubelet has registered the plugin.")
        self._slice_writes = _Numbers("slice_writes_total", "Writes of ResourceSlices, by kind.", "kind", WRITES)
        self._failures = _Numbers("publish_failures_total", "Attempts to publish that failed and are repeated.")
        self._unhealthy = _Numbers("unhealthy_devices", "Devices that are unhealthy.")

    def prepared(self, *, failed: bool, seconds: float) -> None:
        """A claim was prepared or refused, in a call that took so long."""
        with self._lock:
            self._prepares.add("error" if failed else "success")
            self._prepare_seconds.add(seconds)

    def unprepared(self, *, failed: bool, seconds: float) -> None:
        """A claim was unprepared or refused, in a call that took so long."""
        with self._lock:
            self._unprepares.add("error" if failed else "success")
            self._unprepare_seconds.add(seconds)

    def registered(self, *, yes: bool) -> None:
        """What the kubelet said."""
        with self._lock:
            self._registered.values[""] = int(yes)

    def slice_written(self, kind: str) -> None:
        """A slice was created, updated or deleted."""
        with self._lock:
            self._slice_writes.add(kind)

    def publish_failed(self) -> None:
        """An attempt to publish failed."""
        with self._lock:
            self._failures.add("")

    def unhealthy_devices(self, count: int) -> None:
        """So many devices are unhealthy now."""
        with self._lock:
            self._unhealthy.values[""] = count

    def text(self) -> str:
        """Everything, with what the kernel counts for the process."""
        families: Sequence[_Numbers | _Histogram] = (
            self._prepares,
            self._prepare_seconds,
            self._unprepares,
            self._unprepare_seconds,
            self._registered,
            self._slice_writes,
            self._failures,
            self._unhealthy,
        )
        with self._lock:
            lines = [line for family in families for line in family.lines()]
        for name, value in own_process.numbers().items():
            lines += [f"# TYPE {name} {_type(name)}", f"{name} {value}"]
        return "\n".join(lines) + "\n"


class _Numbers:
    """A counter or a gauge: one number, or one for each value of a label."""

    def __init__(self, name: str, help_text: str, label: str = "", label_values: Iterable[str] = ("",)) -> None:
        self._name = PREFIX + name
        self._help = help_text
        self._label = label
        self.values = dict.fromkeys(label_values, 0)

    def add(self, label_value: str) -> None:
        self.values[label_value] += 1

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self._name} {self._help}"
        yield f"# TYPE {self._name} {_type(self._name)}"
        for label_value, number in self.values.items():
            label = f'{{{self._label}="{label_value}"}}' if self._label else ""
            yield f"{self._name}{label} {number}"


class _Histogram:
    """Times, by upper bounds."""

    def __init__(self, name: str, help_text: str) -> None:
        self._name = PREFIX + name
        self._help = help_text
        self._counts = [0] * len(BUCKETS)
        self._count = 0
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._count += 1
        self._sum += seconds
        for position, bound in enumerate(BUCKETS):
            self._counts[position] += seconds <= bound

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self._name} {self._help}"
        yield f"# TYPE {self._name} histogram"
        for bound, count in zip(BUCKETS, self._counts, strict=True):
            yield f'{self._name}_bucket{{le="{bound}"}} {count}'
        yield f'{self._name}_bucket{{le="+Inf"}} {self._count}'
        yield f"{self._name}_count {self._count}"
        yield f"{self._name}_sum {self._sum}"


def _type(name: str) -> str:
    return "counter" if name.endswith("_total") else "gauge"
