"""Keep the node's NodeAllocationState as it should be: devices, prepared claims, Ready while calls are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from dra_core.nodestate import allocatable_devices, uuids_of
from dra_core.nodestate.publishing import NodePublication
from dra_core.preparation import DriverOnNode
from dra_core.profiles import Health

from dra_kubeletplugin.classic_cluster import ClassicCluster
from dra_kubeletplugin.cluster import ClusterError
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.logs import Log

LOOK_SECONDS = 10.0
"""How often to look whether somebody has changed or removed it."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 10.0
"""After failures and conflicts."""

MOST_STEPS = 10
"""Writes in a row: create or replace, and a conflict with the controller or two."""


class ClassicPublishing:
    """Publishes from ``run`` until ``stop``, which says NotReady."""

    def __init__(
        self,
        driver: DriverOnNode,
        cluster: ClassicCluster,
        namespace: str,
        health: DeviceHealthWatch,
        prepared: Callable[[], Mapping[str, tuple[str, ...]]],
        log: Log,
    ) -> None:
        self._driver = driver
        self._cluster = cluster
        self._namespace = namespace
        self._health = health
        self._prepared = prepared
        self._log = log
        self._uuid_of = {name: uuid for uuid, (_, name) in uuids_of(driver.pools).items()}
        self._ready = False
        self._due = threading.Event()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Publish, and publish again when it is due, or now and then."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            self._due.clear()
            try:
                self._publish()
                pause = FIRST_PAUSE_SECONDS
            except ClusterError as error:
                self._log.warning("the node's state could not be published; trying again", error=str(error))
                self._stopped.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            self._due.wait(LOOK_SECONDS)

    def serve(self) -> None:
        """Claims can be prepared from now on."""
        self._ready = True
        self._due.set()

    def make_due(self) -> None:
        """Publish soon."""
        self._due.set()

    def stop(self) -> None:
        """Say NotReady, once, and end ``run``."""
        self._ready = False
        self._stopped.set()
        self._due.set()
        try:
            self._publish()
        except ClusterError as error:
            self._log.warning("the node's state still says Ready", error=str(error))

    def _publish(self) -> None:
        for _ in range(MOST_STEPS):
            devices = [device for pool in self._driver.pools for device in pool.devices]
            unhealthy = [each.device for each in self._health.now()[1] if each.health is Health.UNHEALTHY]
            publication = NodePublication(
                node_name=self._driver.node_name,
                node_uid=self._cluster.node_uid(),
                namespace=self._namespace,
                devices=allocatable_devices(devices, unhealthy),
                prepared={
                    uid: tuple(self._uuid_of[name] for name in names if name in self._uuid_of)
                    for uid, names in self._prepared().items()
                },
                ready=self._ready,
            )
            if self._cluster.publish(publication):
                return
            self._log.info("the node's state was written", ready=self._ready, prepared=len(publication.prepared))
        raise ClusterError("somebody else writes the same fields again and again")
