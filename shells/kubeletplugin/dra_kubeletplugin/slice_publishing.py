"""Keep the node's ResourceSlices as they should be: list, let the core plan, write; again when something changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dra_core.preparation import DriverOnNode
from dra_core.publication import Acknowledged, DeleteSlice, Publisher, acknowledge, limits_of, plan, with_health_taints
from dra_core.refusal import Refusal, sentences
from dra_logs import Log

from dra_kubeletplugin.cluster import ClusterError
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.modern_cluster import ModernCluster, SliceConflictError, WatchBroke
from dra_kubeletplugin.publishing import Publishing

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between a foreign change and the answer to it. The Go slice controller always waits 30 s; here the first
answer comes soon, and only a fight (two instances that want different things during an update) slows it down."""

PEACE_SECONDS = 60.0
"""After so long without a write the next foreign change is answered soon again."""


class SlicePublishing(Publishing):
    """At the end the slices stay, for the next instance to take over."""

    def __init__(
        self, driver: DriverOnNode, cluster: ModernCluster, health: DeviceHealthWatch, metrics: Metrics, log: Log
    ) -> None:
        self._driver = driver
        self._cluster = cluster
        self._health = health
        self._metrics = metrics
        self._log = log
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._acknowledged = Acknowledged()
        self._told: frozenset[Refusal] = frozenset()
        self._pause = SHORTEST_PAUSE
        self._last_write = float("-inf")

    def loops(self) -> tuple[Callable[[], None], ...]:
        """Writing, and watching what others write."""
        return self._run, self._watch

    def health_changed(self) -> None:
        """Publish soon: an unhealthy device has a taint."""
        self._due.set()

    def stop(self) -> None:
        """End the loops, the watch at its next sign of life."""
        self._stopped.set()
        self._due.set()

    def _run(self) -> None:
        """Publish, and publish again whenever it is due."""
        while not self._stopped.is_set():
            self._due.clear()
            if not self._publish():
                self._due.set()
                self._slow_down()
            self._due.wait()
            self._stopped.wait(self._pause)

    def _watch(self) -> None:
        """Make publishing due whenever a slice of this driver and node changes, or may have."""
        for news in self._cluster.watch_slices():
            if self._stopped.is_set():
                return
            if isinstance(news, WatchBroke):
                self._log.warning("the watch on slices broke", error=news.why, again_in_seconds=news.again_in_seconds)
            else:
                self._due.set()

    def _publisher(self) -> Publisher:
        """Who publishes. Asked anew each time: a node may be registered again, the API server be updated."""
        return Publisher(
            driver_name=self._driver.driver_name,
            node_name=self._driver.node_name,
            node_uid=self._cluster.node_uid(),
            limits=limits_of(self._cluster.server_minor()),
        )

    def _publish(self) -> bool:
        """Write what is missing; whether everything is published (as far as it can be)."""
        pools = with_health_taints(self._driver.driver_name, self._driver.pools, self._health.now()[1])
        try:
            publisher = self._publisher()
            found = self._cluster.list_slices()
            publication = plan(publisher, pools, found, self._acknowledged)
            for effect in publication.effects:
                returned = self._cluster.write_slice(effect)
                self._metrics.slice_written(type(effect).__name__)
                if not isinstance(effect, DeleteSlice):
                    self._acknowledged, notes = acknowledge(self._acknowledged, effect, returned)
                    for note in notes:
                        self._log.warning("a field was not published", code=note.code, reason=note.sentence)
        except SliceConflictError as error:
            self._log.info("slices changed meanwhile; planning again", reason=str(error))
            return False
        except ClusterError as error:
            self._failed(error)
            return False
        self._tell_once(publication.refusals)
        if publication.effects:
            self._log.info(
                "slices published", writes=len(publication.effects), devices=sum(len(pool.devices) for pool in pools)
            )
            self._after_a_write()
        else:
            self._log.debug("slices are as they should be", slices=len(found))
        return True

    def _after_a_write(self) -> None:
        now = time.monotonic()
        if now - self._last_write < PEACE_SECONDS:
            self._slow_down()
        else:
            self._pause = SHORTEST_PAUSE
        self._last_write = now

    def _slow_down(self) -> None:
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _failed(self, error: ClusterError) -> None:
        self._metrics.publish_failed()
        self._log.warning("slices could not be published; trying again", error=str(error))

    def _tell_once(self, refusals: tuple[Refusal, ...]) -> None:
        new = tuple(refusal for refusal in refusals if refusal not in self._told)
        if new:
            self._log.error("a pool cannot be published", error=sentences(new))
        self._told = frozenset(refusals)
