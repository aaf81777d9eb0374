"""What a pod is given before its first container starts: directory, volumes, ports, access to the API server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from dra_core.snapshot.json_value import JsonObject, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.kubelet.container_start import Surroundings, sources_in
from dra_sandbox.kubelet.node_parts import NodeParts
from dra_sandbox.kubelet.ports import free_ports, named_ports
from dra_sandbox.kubelet.service_account import give_access
from dra_sandbox.kubelet.volumes import make_volumes, mounts_of, volume_files, volume_places
from dra_sandbox.world.objects import name_of, objects_at, uid_of

PORTS_FILE = "ports.json"


class PodSetup:
    """Makes everything once; what a restarted kubelet must find again is in files."""

    def __init__(self, node: NodeParts, pod: JsonObject) -> None:
        self._node = node
        self._pod = pod
        self._made: Surroundings | None = None

    @property
    def directory(self) -> Path:
        """The pod's own directory, in which its processes start."""
        return self._node.directories.pods / uid_of(self._pod)

    def ports(self) -> Mapping[int, int]:
        """Container port → port of this machine; the same for the pod's whole life."""
        file = self.directory / PORTS_FILE
        if file.exists():
            return msgspec.json.decode(file.read_bytes(), type=dict[int, int])
        ports = free_ports(named_ports(self._pod))
        self.directory.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(ports))
        return ports

    def surroundings(self) -> Result[Surroundings, str]:
        """Everything that containers need besides themselves, made if it is not there yet."""
        if self._made is None:
            made = self._make()
            if isinstance(made, Failure):
                return made
            self._made = made.unwrap()
        return Success(self._made)

    def _make(self) -> Result[Surroundings, str]:
        self.directory.mkdir(parents=True, exist_ok=True)
        places = volume_places(self._pod, self._node.directories)
        _, world = self._node.api.world()
        files = volume_files(self._pod, sources_in(world, self._pod))
        if isinstance(files, Failure):
            return Failure(files.failure())
        made = make_volumes(self._pod, places, files.unwrap())
        if isinstance(made, Failure):
            return Failure(made.failure())
        access = give_access(self._node.api, self._pod, self.directory, self._node.url)
        if isinstance(access, Failure):
            return Failure(access.failure())
        containers = (*objects_at(self._pod, "spec", "initContainers"), *objects_at(self._pod, "spec", "containers"))
        host, _, port = self._node.url.rpartition("://")[2].rpartition(":")
        return Success(
            Surroundings(
                env={
                    "HOSTNAME": name_of(self._pod),
                    "KUBERNETES_SERVICE_HOST": host,
                    "KUBERNETES_SERVICE_PORT": port,
                    **access.unwrap(),
                },
                mounts={text_at(item, "name"): mounts_of(item, places) for item in containers},
                ports=self.ports(),
            )
        )
