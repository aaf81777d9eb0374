"""The kubelet of one node: registers the node, finds plugins, gives every pod of the node a worker."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.kubelet.claim_manager import ClaimManager
from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.node_parts import COMPONENT, NodeParts
from dra_sandbox.kubelet.node_status import RENEW, Machine, node_writes
from dra_sandbox.kubelet.plugin_instances import classic_instance_from, instance_from
from dra_sandbox.kubelet.plugin_watcher import PluginWatcher
from dra_sandbox.kubelet.plugins import Plugins
from dra_sandbox.kubelet.pod_worker import PodWorker
from dra_sandbox.kubelet.runtime import Runtime
from dra_sandbox.kubelet.slice_wiping import PATIENCE, due, next_due, wipe
from dra_sandbox.world.api import Api, Server
from dra_sandbox.world.loop import Loop
from dra_sandbox.world.objects import POD, World, uid_of

BACKOFF = timedelta(seconds=1)  # a kubelet takes 10 s; people who try something out should not wait


class Kubelet:
    """Can be started once; after ``stop``, a new one with the same runtime and directories goes on where it was."""

    def __init__(
        self,
        server: Server,
        url: str,
        name: str,
        machine: Machine,
        directories: NodeDirectories,
        runtime: Runtime,
        slice_patience: timedelta = PATIENCE,
        generation: Generation = "modern",
    ) -> None:
        self._name = name
        self._machine = machine
        self._slice_patience = slice_patience
        api = Api(server, COMPONENT)
        accept = classic_instance_from if generation == "classic" else instance_from
        plugins = Plugins(self._plugins_changed, accept)
        self._node = NodeParts(
            name=name,
            api=api,
            url=url,
            directories=directories,
            runtime=runtime,
            plugins=plugins,
            claims=ClaimManager(api, plugins, directories.checkpoint),
            backoff=BACKOFF,
        )
        self._watcher = PluginWatcher(directories.registry, plugins)
        self._loop = Loop(f"kubelet-{name}", api, self._step)
        self._lock = threading.Lock()
        self._workers: dict[str, PodWorker] = {}
        self._versions: dict[str, str] = {}
        self._registered: frozenset[str] = frozenset()
        runtime.on_change = self._wake

    def start(self) -> None:
        """Wipe the node's slices, as a kubelet does at its start; then begin."""
        _, world = self._node.api.world()
        self._node.api.carry_out(wipe(world, self._name))
        self._watcher.start()
        self._loop.start()

    def stop(self) -> None:
        """End; containers run on, claims stay prepared, plugins stay where they are."""
        self._loop.stop()
        self._watcher.stop()
        self._node.plugins.close()
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()

    def _step(self, world: World, now: datetime) -> datetime | None:
        self._node.api.carry_out(node_writes(world, self._name, self._machine, now))
        mine = {uid_of(pod): pod for pod in world.all(POD) if text_at(pod, "spec", "nodeName") == self._name}
        for uid, pod in mine.items():
            self._attend(uid, pod)
        left = (self._node.runtime.pods() | self._node.claims.pods()) - mine.keys()
        for uid in left:  # gone from the API while nobody looked
            self._attend(uid, {"apiVersion": "v1", "kind": "Pod", "metadata": {"uid": uid}})
        with self._lock:
            gone = [worker for uid, worker in self._workers.items() if uid not in mine]
        for worker in gone:
            worker.wake()
        return min(now + RENEW, self._wipe_slices(world, now) or now + RENEW)

    def _attend(self, uid: str, pod: JsonObject) -> None:
        version = text_at(pod, "metadata", "resourceVersion")
        with self._lock:
            worker = self._workers.get(uid)
            known = self._versions.get(uid)
            self._versions[uid] = version
            if worker is None:
                worker = self._workers[uid] = PodWorker(self._node, pod, self._ended)
                worker.start()
                return
        if known != version:
            worker.wake()

    def _ended(self, uid: str) -> None:
        with self._lock:
            self._workers.pop(uid, None)
            self._versions.pop(uid, None)

    def _wake(self, uid: str) -> None:
        with self._lock:
            worker = self._workers.get(uid)
        if worker is not None:
            worker.wake()

    def _plugins_changed(self) -> None:
        registered = self._node.plugins.registered()
        with self._lock:
            workers = list(self._workers.values())
            more = registered - self._registered
            self._registered = registered
        for worker in workers:
            if more:
                worker.retry_claims()
            else:
                worker.wake()
        self._loop.poke()

    def _wipe_slices(self, world: World, now: datetime) -> datetime | None:
        absent = self._node.plugins.absent()
        drivers = due(absent, now, self._slice_patience)
        if drivers:
            self._node.api.carry_out(wipe(world, self._name, drivers))
            self._node.plugins.forget_absence(drivers)
        return next_due(self._node.plugins.absent(), self._slice_patience)
