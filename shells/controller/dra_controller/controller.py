"""The controller from start to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from dra_apiserver import ApiServer
from dra_apiserver.leader import Leader
from dra_apiserver.lease import Candidate
from dra_core.negotiation import Concerned, Subject, names_of

from dra_controller.carrying_out import CarryingOut
from dra_controller.cleaning_up import CleaningUp
from dra_controller.following import Following
from dra_controller.known_cluster import KnownCluster
from dra_controller.logs import Log
from dra_controller.looking import Looking
from dra_controller.metrics import Metrics
from dra_controller.objects import WATCHED
from dra_controller.probes import ProbeServer
from dra_controller.settings import Settings, StartError
from dra_controller.work_queue import WorkQueue

LOOK_SECONDS = 0.2
"""How often to look whether it is time to stop."""

STOP_SECONDS = 10.0
"""For writes in progress at the end; a request ends after that long anyway, and a pod has 30 s by default."""


class LostError(Exception):
    """The controller cannot go on; the text is one line for people."""


def run(settings: Settings, server: ApiServer, stop: threading.Event, log: Log) -> None:
    """Allocate claims until ``stop`` is set.

    Raises:
        StartError: It cannot run as it is set up.
        LostError: It led, and another leads now, or the API server cannot be reached.
    """
    metrics = Metrics()
    with ExitStack() as stack:
        controller = _Controller(settings, server, metrics, log)
        if settings.http_port >= 0:
            stack.callback(_serve_probes(settings.http_port, controller, metrics, log))
        leader = _leader(settings, server)
        if leader is not None:
            leader.start()
            stack.callback(leader.stop)  # once the workers have ended, so that nobody takes over in their midst
            if not _leads(leader, stop, log):
                return
        metrics.leads(yes=True)
        controller.start()
        stack.callback(controller.stop)
        log.info("leading", identity=settings.identity)
        while not stop.wait(LOOK_SECONDS):
            if leader is not None and leader.lost.is_set():
                raise LostError(f"the lease was lost: {leader.failure or 'another one holds it'}")
        log.info("stopping")
    log.info("stopped")


class _Controller:
    """All threads of a controller that leads."""

    def __init__(self, settings: Settings, server: ApiServer, metrics: Metrics, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._stopped = threading.Event()
        self._queue: WorkQueue[Subject] = WorkQueue()
        self._known = KnownCluster(settings.driver_name, self._concern)
        out = CarryingOut(server, settings.driver_name, settings.namespace, settings.identity, log)
        self._looking = Looking(server, self._known, out, self._queue, metrics, log)
        self._cleaning_up = CleaningUp(server, settings.namespace, self._known, out, metrics, log)
        self._followings = [Following(kind, server, settings.namespace, self._known, metrics, log) for kind in WATCHED]
        self._workers: list[threading.Thread] = []
        self._started = threading.Event()

    def start(self) -> None:
        """Follow, and work as soon as everything was seen once."""
        for following in self._followings:
            threading.Thread(target=following.run, daemon=True, name="following").start()
        threading.Thread(target=self._begin, daemon=True, name="beginning").start()

    def stop(self) -> None:
        """End everything; writes in progress are ended first."""
        self._stopped.set()
        self._queue.stop()
        for following in self._followings:
            following.stop()
        for worker in self._workers:
            worker.join(STOP_SECONDS)

    def trouble(self) -> str:
        """Why it does not work; "" if it does, or has not begun."""
        dead = [worker.name for worker in self._workers if not worker.is_alive()]
        return f"ended: {', '.join(dead)}" if dead and not self._stopped.is_set() else ""

    def not_ready(self) -> str:
        """Why no claim is allocated just now."""
        return self.trouble() or ("" if self._started.is_set() else "it does not lead, or has not seen everything yet")

    def _concern(self, who: Concerned) -> None:
        self._looking.concern(who)

    def _begin(self) -> None:
        """What a controller before this one has left is cleaned up beside the work; nothing waits for it."""
        if not self._known.wait_until_listed(WATCHED, self._stopped):
            return
        self._workers = [
            threading.Thread(target=self._looking.work, name=f"worker-{i}", daemon=True)
            for i in range(self._settings.workers)
        ]
        for worker in self._workers:
            worker.start()
        self._started.set()
        self._log.info("working", workers=self._settings.workers)
        while True:
            self._cleaning_up.once()
            self._look_at_everything()
            if self._stopped.wait(self._settings.resync_seconds):
                return

    def _look_at_everything(self) -> None:
        cluster = self._known.now
        self._queue.add_all(("ResourceClaim", name) for name in names_of(cluster, "ResourceClaim"))
        self._queue.add_all(("PodSchedulingContext", name) for name in names_of(cluster, "PodSchedulingContext"))


def _leader(settings: Settings, server: ApiServer) -> Leader | None:
    if not settings.leader_election:
        return None
    name = settings.driver_name.replace(".", "-")
    return Leader(server, Candidate(identity=settings.identity, namespace=settings.namespace, name=name))


def _leads(leader: Leader, stop: threading.Event, log: Log) -> bool:
    """Wait for the lease; False: stopped before."""
    log.info("waiting for the lease")
    told = ""
    while not leader.leading.wait(LOOK_SECONDS):
        if stop.is_set():
            return False
        if leader.failure and leader.failure != told:
            told = leader.failure
            log.warning("the lease cannot be had", error=told)
    return True


def _serve_probes(port: int, controller: _Controller, metrics: Metrics, log: Log) -> Callable[[], None]:
    try:
        probes = ProbeServer(port, controller.trouble, controller.not_ready, metrics.registry)
    except OSError as error:
        raise StartError(f"the port {port} for probes and metrics cannot be listened on: {error}") from error
    probes.start()
    log.info("probes and metrics are served", port=probes.port)
    return probes.stop
