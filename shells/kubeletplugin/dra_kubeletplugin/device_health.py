"""The health of mock devices: a file in a directory makes the device of that name unhealthy, its text says why.

A real driver asks its hardware here; everything behind stays the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from dra_core.profiles import DeviceHealth, DevicePool, health_of

from dra_kubeletplugin.logs import Log
from dra_kubeletplugin.metrics import Metrics

LOOK_SECONDS = 1.0
"""How often the directory is read; the kubelet's own limit is 30 s without news."""

DEFAULT_MESSAGE = "marked unhealthy"
LONGEST_TEXT = 4096
"""Characters of a file that are read: more than any message may have."""


class DeviceHealthWatch:
    """The devices' health now, and a way to wait until it changes."""

    def __init__(self, pools: tuple[DevicePool, ...], directory: Path, metrics: Metrics, log: Log) -> None:
        self._pools = pools
        self._directory = directory
        self._metrics = metrics
        self._log = log
        self._changed = threading.Condition()
        self._unhealthy: Mapping[str, str] = self._look()
        self._version = 0
        self._stopped = threading.Event()
        self._tell: Callable[[], None] = lambda: None

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call this after each change."""
        self._tell = tell

    def now(self) -> tuple[int, tuple[DeviceHealth, ...]]:
        """A number that grows with each change, and the health of every device."""
        with self._changed:
            return self._version, health_of(self._pools, self._unhealthy)

    def wait(self, version: int, seconds: float) -> None:
        """Until the health is newer than ``version``, the time is over, ``wake`` is called, or all ends."""
        with self._changed:
            if self._version == version and not self._stopped.is_set():
                self._changed.wait(seconds)

    def wake(self) -> None:
        """End all waits."""
        with self._changed:
            self._changed.notify_all()

    def run(self) -> None:
        """Look at the directory again and again, until ``stop``."""
        while not self._stopped.wait(LOOK_SECONDS):
            found = self._look()
            if found != self._unhealthy:
                self._log.info("health changed", unhealthy=dict(found))
                with self._changed:
                    self._unhealthy = found
                    self._version += 1
                    self._changed.notify_all()
                self._tell()

    def stop(self) -> None:
        """End ``run`` and all waits."""
        self._stopped.set()
        self.wake()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()

    def _look(self) -> Mapping[str, str]:
        names = {device.name for pool in self._pools for device in pool.devices}
        try:
            found = {path.name: _text(path) for path in self._directory.iterdir() if path.name in names}
        except OSError:
            found = {}  # no directory: nobody complains of a device
        self._metrics.unhealthy_devices(len(found))
        return found


def _text(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.read(LONGEST_TEXT).strip() or DEFAULT_MESSAGE
    except OSError as error:
        return f"{DEFAULT_MESSAGE} ({error.strerror})"
