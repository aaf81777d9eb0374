"""Keep the plugin's part of the node's NodeAllocationState as it should be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from dra_core.nodestate import PoolAndDevice, allocatable_devices, uuids_of
from dra_core.nodestate.publishing import NodePublication, NodeStateEffect, publish_node_state
from dra_core.preparation import DriverOnNode, report_prepared
from dra_core.profiles import Health
from dra_logs import Log

from dra_kubeletplugin.cluster import ClusterError
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.node_states import NodeStates
from dra_kubeletplugin.publishing import Publishing

FIRST_PAUSE_SECONDS = 0.1
"""After a failure; then twice as long each time, up to the time between two looks."""

MOST_STEPS = 10
"""Writes in a row: create or replace, and a conflict with the controller or two."""

Prepared: TypeAlias = Callable[[], Mapping[str, Sequence[PoolAndDevice]] | None]
"""The devices of each prepared claim by UID, as the checkpoint tells now; None: it does not."""


class NodeStatePublishing(Publishing):
    """Writes what ``_effect`` says, after each change, and looks now and then whether somebody has undone it."""

    look_seconds: float

    def __init__(self, states: NodeStates, log: Log) -> None:
        self._states = states
        self._log = log
        self._told = ""
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._writing = threading.Lock()

    def loops(self) -> tuple[Callable[[], None], ...]:
        """One."""
        return (self._run,)

    def claims_changed(self) -> None:
        """Publish soon."""
        self._due.set()

    def stop(self) -> None:
        """End the loop."""
        self._stopped.set()
        self._due.set()

    def _effect(self) -> NodeStateEffect | None:
        """The next write; None: nothing is to be written. Raises ClusterError."""
        raise NotImplementedError

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            self._due.clear()
            try:
                with self._writing:
                    if not self._stopped.is_set():
                        self._publish()
            except ClusterError as error:
                self._tell_once(str(error))
                self._stopped.wait(pause)
                pause = min(2 * pause, self.look_seconds)
            else:
                self._told = ""
                pause = FIRST_PAUSE_SECONDS
                self._due.wait(self.look_seconds)

    def _publish(self) -> None:
        """Write until nothing is to be written. Raises ClusterError."""
        for _ in range(MOST_STEPS):
            effect = self._effect()
            if effect is None:
                return
            self._states.carry_out(effect)
            self._log.info("the node's state was written", effect=type(effect).__name__)
        raise ClusterError("somebody else writes the same fields again and again")

    def _tell_once(self, error: str) -> None:
        if error != self._told:
            self._log.warning("the node's state could not be published; trying again", error=error)
        self._told = error


class ClassicNodeState(NodeStatePublishing):
    """Devices, prepared claims, and Ready while calls are answered: what classic claims are allocated from."""

    look_seconds = 10.0

    def __init__(
        self,
        states: NodeStates,
        driver: DriverOnNode,
        namespace: str,
        health: DeviceHealthWatch,
        prepared: Prepared,
        log: Log,
    ) -> None:
        super().__init__(states, log)
        self._driver = driver
        self._namespace = namespace
        self._health = health
        self._prepared = prepared
        self._uuid_of = {place: uuid for uuid, place in uuids_of(driver.pools).items()}
        self._ready = True

    def health_changed(self) -> None:
        """Publish soon."""
        self._due.set()

    def registered(self) -> None:
        """Look soon: an instance that has just ended has said NotReady."""
        self._due.set()

    def stop(self) -> None:
        """Say NotReady, once, and end the loop."""
        self._ready = False
        super().stop()
        try:
            with self._writing:  # a look of the loop that is under way may be about to say Ready
                self._publish()
        except ClusterError as error:
            self._log.warning("the node's state still says Ready", error=str(error))

    def _effect(self) -> NodeStateEffect | None:
        devices = [device for pool in self._driver.pools for device in pool.devices]
        unhealthy = [each.device for each in self._health.now()[1] if each.health is Health.UNHEALTHY]
        publication = NodePublication(
            node_name=self._driver.node_name,
            node_uid=self._states.node_uid(),
            namespace=self._namespace,
            devices=allocatable_devices(devices, unhealthy),
            prepared=self._prepared_uuids(),
            ready=self._ready,
        )
        return publish_node_state(publication, self._states.found())

    def _prepared_uuids(self) -> Mapping[str, tuple[str, ...]] | None:
        prepared = self._prepared()
        if prepared is None:
            return None
        return {
            uid: tuple(self._uuid_of[place] for place in places if place in self._uuid_of)
            for uid, places in prepared.items()
        }


class PreparedClaims(NodeStatePublishing):
    """Which claims are prepared, for people, where the API server knows NodeAllocationStates: a report and no more."""

    look_seconds = 300.0

    def __init__(self, states: NodeStates, driver: DriverOnNode, namespace: str, prepared: Prepared, log: Log) -> None:
        super().__init__(states, log)
        self._driver = driver
        self._namespace = namespace
        self._prepared = prepared
        self._served = False

    def claims_changed(self) -> None:
        """Publish soon, where there is somewhere to publish."""
        if self._served:
            self._due.set()

    def _effect(self) -> NodeStateEffect | None:
        found = self._states.found()
        self._served = found is not None or self._states.served()
        if not self._served:
            self._log.debug("the API server knows no NodeAllocationStates; looking again later")
            return None
        prepared = self._prepared()
        if prepared is None:
            return None
        node_uid = "" if found is not None else self._states.node_uid()
        return report_prepared(self._driver, node_uid, self._namespace, prepared, found)
