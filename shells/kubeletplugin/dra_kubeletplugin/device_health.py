"""The devices' health, looked at again and again, for all who want to know when it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from dra_core.profiles import DeviceHealth, DevicePool, health_of
from dra_logs import Log

from dra_kubeletplugin.metrics import Metrics

LOOK_SECONDS = 1.0
"""How often the source is asked; the kubelet's own limit is 30 s without news."""


class DeviceHealthWatch:
    """The devices' health now, and a way to wait until it changes."""

    def __init__(
        self, pools: tuple[DevicePool, ...], source: Callable[[], Mapping[str, str]], metrics: Metrics, log: Log
    ) -> None:
        self._pools = pools
        self._source = source
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
        """Ask the source again and again, until ``stop``."""
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
        found = {name: why for name, why in self._source().items() if name in names}
        self._metrics.unhealthy_devices(len(found))
        return found
