"""The embedded cluster as a whole: API server, controllers, scheduler and nodes in one process.

    with sandbox(nodes=2) as cluster:
        cluster.create(objects_in(Path("driver.yaml")))
        cluster.wait_for(lambda world: len(world.all(SLICE)) == 2, "the driver's slices")

Plugins and other containers are real processes; they, and kubectl, reach the cluster at ``cluster.url``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from dra_core.allocation.cel_language import CelLanguage
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.logs import LogQuestion
from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.server import ApiServer, HttpFront
from dra_sandbox.controllers.loop import controllers
from dra_sandbox.heir import Heir
from dra_sandbox.kubelet.container_logs import Wanted
from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.node import Node, node_of
from dra_sandbox.kubelet.slice_wiping import PATIENCE
from dra_sandbox.scheduler.classic_loop import classic_scheduler
from dra_sandbox.scheduler.loop import scheduler
from dra_sandbox.world.api import Api
from dra_sandbox.world.kubeconfig import kubeconfig
from dra_sandbox.world.loop import Loop
from dra_sandbox.world.objects import POD, World, uid_of
from dra_sandbox.world.writes import Create, Write

Found = TypeVar("Found")

LONGEST_ROOT = 20  # bytes: /tmp/dra-xxxxxxxx; then a plugin's socket with a pod's UID in its name fits into 107
ADMINISTRATOR = "kubernetes-admin"


class RefusedError(Exception):
    """The API server refused what the caller of this module wanted; the text is its message."""


class TimeOutError(Exception):
    """What was waited for did not come."""


class Sandbox:
    """A running cluster.

    Attributes:
        server: The API server, for calls in this process.
        url: Where it is for everybody else.
        kubeconfig: A file for kubectl.
        directory: Everything that the cluster keeps; gone when it ends.
        nodes: The nodes by name.
    """

    def __init__(self, server: ApiServer, url: str, directory: Path, nodes: Mapping[str, Node]) -> None:
        self.server = server
        self.url = url
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.nodes = nodes
        self._api = Api(server, "dra-sandbox")

    def world(self) -> World:
        """All objects as they are now."""
        return self.server.world()[1]

    def carry_out(self, *writes: Write) -> None:
        """Do these; raises RefusedError."""
        problem = self._api.carry_out(writes, all_or_stop=True)
        if problem is not None:
            raise RefusedError(problem.message)

    def create(self, objects: Iterable[JsonObject]) -> None:
        """Create objects in their order; raises RefusedError."""
        self.carry_out(*(Create(body=value) for value in objects))

    def wait_for(self, look: Callable[[World], Found | None], what: str, seconds: float = 60.0) -> Found:
        """Look at the cluster after every change until there is an answer.

        Args:
            look: The answer, or None (or another false value) as long as there is none.
            what: What is waited for, in words.
            seconds: For how long.

        Raises:
            TimeOutError: There was none in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            revision, world = self.server.world()
            found = look(world)
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeOutError(f"waited {seconds:.0f} s in vain for {what}")
            self.server.wait(revision, left)

    def output(self, namespace: str, pod: str, container: str) -> str:
        """What a container has printed so far; "" if it has not been started."""
        return b"".join(self._log(namespace, pod, container, follow=False)).decode(errors="replace")

    def wait_for_output(
        self, namespace: str, pod: str, container: str, look: Callable[[str], bool], what: str, seconds: float = 60.0
    ) -> str:
        """Read what a container prints until it holds what is looked for.

        Args:
            namespace: Of the pod.
            pod: Its name.
            container: Name of a container that has been started.
            look: Whether all that was printed so far is enough.
            what: What is waited for, in words.
            seconds: For how long.

        Raises:
            TimeOutError: It did not come in time, or the container ended before.
        """
        deadline = time.monotonic() + seconds
        printed = b""
        for piece in self._log(namespace, pod, container, follow=True):
            printed += piece
            if look(printed.decode(errors="replace")):
                return printed.decode(errors="replace")
            if time.monotonic() > deadline:
                break
        raise TimeOutError(f"waited in vain for {what} of {namespace}/{pod}/{container}; there was\n{printed.decode()}")

    def _log(self, namespace: str, pod: str, container: str, *, follow: bool) -> Iterator[bytes]:
        uid = uid_of(self.world().get(POD, namespace, pod) or {})
        for node in self.nodes.values():
            with contextlib.suppress(LookupError):
                return node.runtime.logs(uid, container, Wanted(), follow=follow, previous=False)
        return iter(())


@contextlib.contextmanager
def sandbox(
    nodes: int = 1, *, generation: Generation = "modern", port: int = 0, slice_patience: timedelta = PATIENCE
) -> Iterator[Sandbox]:
    """A cluster with ``nodes`` nodes, ``node-1`` and so on; everything ends with the context, whatever happens.

    Args:
        nodes: How many nodes.
        generation: Which generation of DRA it speaks.
        port: The API server's port on 127.0.0.1; 0 takes a free one.
        slice_patience: How long a driver may be away before kubelets delete its slices.

    Raises:
        OSError: The port cannot be had, or there is no room for files.
    """
    server = ApiServer(generation=generation)
    with contextlib.ExitStack() as stack:
        directory = _directory()
        heir = Heir(directory)
        stack.callback(heir.close)
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        front = HttpFront(server, "127.0.0.1", port)
        url = front.start()
        stack.callback(front.stop)
        made = {
            name: Node(server, url, name, NodeDirectories(directory / str(number)), heir, slice_patience, generation)
            for number, name in ((number, f"node-{number}") for number in range(1, nodes + 1))
        }
        cluster = Sandbox(server, url, directory, made)
        cluster.kubeconfig.touch(mode=0o600)
        cluster.kubeconfig.write_text(kubeconfig(url, ADMINISTRATOR))
        server.log_source = _logs_from(made)
        for loop in (controllers(Api(server, "kube-controller-manager"), generation), _scheduler(server)):
            loop.start()
            stack.callback(loop.stop)
        stack.callback(_all_at_once, [node.shut_down for node in made.values()])
        for node in made.values():
            node.start_kubelet()
        yield cluster


def _scheduler(server: ApiServer) -> Loop:
    api = Api(server, "kube-scheduler")
    return classic_scheduler(api) if server.generation == "classic" else scheduler(api, CelLanguage())


def _directory() -> Path:
    """A new directory with a short path."""
    roots = [root for root in (tempfile.gettempdir(), "/tmp") if len(os.fsencode(root)) <= LONGEST_ROOT - 13]  # noqa: S108  socket paths must be short; the directory made there is ours alone
    return Path(tempfile.mkdtemp(prefix="dra-", dir=roots[0] if roots else None))


def _logs_from(nodes: Mapping[str, Node]) -> Callable[[LogQuestion], Iterator[bytes] | Problem]:
    def logs(question: LogQuestion) -> Iterator[bytes] | Problem:
        node = nodes.get(node_of(question))
        if node is None:
            return bad_request(f'container "{question.container}" is waiting to start: the pod is on no node yet')
        return node.logs(question)

    return logs


def _all_at_once(actions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
