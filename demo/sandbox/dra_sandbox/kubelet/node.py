"""A node: its directories, its container runtime, and a kubelet that may come and go."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import timedelta

from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import text_at

from dra_sandbox.apiserver.logs import LogQuestion
from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.resources import KUBERNETES
from dra_sandbox.heir import Heir
from dra_sandbox.kubelet.container_logs import Wanted
from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.kubelet import Kubelet
from dra_sandbox.kubelet.node_status import Machine
from dra_sandbox.kubelet.runtime import Runtime
from dra_sandbox.kubelet.slice_wiping import PATIENCE
from dra_sandbox.world.api import Server
from dra_sandbox.world.objects import name_of, uid_of


class Node:
    """One node of the cluster.

    Attributes:
        name: Of the Node object.
        directories: Where its files are.
        runtime: What runs its containers.
    """

    def __init__(
        self,
        server: Server,
        url: str,
        name: str,
        directories: NodeDirectories,
        heir: Heir,
        slice_patience: timedelta = PATIENCE,
        generation: Generation = "modern",
    ) -> None:
        self.name = name
        self.directories = directories
        self._server = server
        self._url = url
        self._slice_patience = slice_patience
        self._generation: Generation = generation
        directories.make()
        self.runtime = Runtime(directories.pods, heir)
        self._kubelet: Kubelet | None = None

    def start_kubelet(self) -> None:
        """Start the kubelet, on whatever an earlier one left behind."""
        if self._kubelet is None:
            self._kubelet = Kubelet(
                self._server,
                self._url,
                self.name,
                this_machine(self._generation),
                self.directories,
                self.runtime,
                self._slice_patience,
                self._generation,
            )
            self._kubelet.start()

    def stop_kubelet(self) -> None:
        """Stop the kubelet; containers run on."""
        if self._kubelet is not None:
            self._kubelet.stop()
            self._kubelet = None

    def shut_down(self) -> None:
        """Stop the kubelet and kill all containers."""
        self.stop_kubelet()
        self.runtime.kill_all()

    def logs(self, question: LogQuestion) -> Iterator[bytes] | Problem:
        """The answer to pods/log for a pod of this node."""
        wanted = Wanted(
            tail_lines=question.tail_lines,
            since=question.since,
            timestamps=question.timestamps,
            limit_bytes=question.limit_bytes,
        )
        try:
            return self.runtime.logs(
                uid_of(question.pod), question.container, wanted, follow=question.follow, previous=question.previous
            )
        except LookupError:
            what = "previous terminated container" if question.previous else "container"
            end = "not found" if question.previous else "is waiting to start: ContainerCreating"
            return bad_request(f'{what} "{question.container}" in pod "{name_of(question.pod)}" {end}')


def node_of(question: LogQuestion) -> str:
    """The name of the node that the pod is on."""
    return text_at(question.pod, "spec", "nodeName")


def this_machine(generation: Generation) -> Machine:
    """What a node shows of the machine that it shares with all others."""
    release = platform.freedesktop_os_release() if hasattr(platform, "freedesktop_os_release") else {}
    machine = platform.machine()
    return Machine(
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        kernel=platform.release(),
        kubelet=KUBERNETES[generation],
        operating_system=release.get("PRETTY_NAME", platform.system()),
    )
