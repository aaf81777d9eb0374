"""The controller from start to stop: probes, the API's generation, the lease, and then its work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from dra_apiserver import ApiServer, wait_for_api
from dra_apiserver.leader import Leader
from dra_apiserver.lease import Candidate
from dra_core.refusal import Refusal
from dra_core.snapshot.generation import ServedApi
from dra_logs import Log
from returns.result import Failure

from dra_controller.metrics import Metrics
from dra_controller.probes import ProbeServer
from dra_controller.settings import DRIVER_NAMES, Settings, StartError
from dra_controller.work import Work

LOOK_SECONDS = 0.2
"""How often to look whether it is time to stop."""


class LostError(Exception):
    """The controller cannot go on; the text is one line for people."""


def run(settings: Settings, server: ApiServer, stop: threading.Event, log: Log) -> None:
    """Do the driver's part in the cluster until ``stop`` is set.

    Raises:
        StartError: It cannot run as it is set up, or not with this API server.
        LostError: It led, and another leads now, or the API server cannot be reached.
    """
    metrics = Metrics()
    progress = _Progress()
    with ExitStack() as stack:
        if settings.http_port >= 0:
            stack.callback(_serve_probes(settings.http_port, progress, metrics, log))
        api = _api(settings, server, stop, log)
        if api is None:
            return
        driver_name = settings.driver_name or DRIVER_NAMES[api.generation]
        log.info("speaking", generation=api.generation, version=api.version, driver=driver_name)
        leader = _leader(settings, driver_name, server)
        if leader is not None:
            leader.start()
            progress.stands_by = True
            stack.callback(leader.stop)  # once the workers have ended, so that nobody takes over in their midst
            if not _leads(leader, stop, log):
                return
        metrics.leads(yes=True)
        work = _work(settings, driver_name, api, server, metrics, log)
        progress.work = work  # before it starts, so that no probe is answered by what was before
        work.start()
        stack.callback(work.stop)
        log.info("leading", identity=settings.identity)
        while not stop.wait(LOOK_SECONDS):
            if leader is not None and leader.lost.is_set():
                raise LostError(f"the lease was lost: {leader.failure or 'another one holds it'}")
        log.info("stopping")
    log.info("stopped")


def _work(settings: Settings, driver_name: str, api: ServedApi, server: ApiServer, metrics: Metrics, log: Log) -> Work:
    """The generation's own modules are loaded only where they are needed."""
    if api.generation == "classic":
        from dra_controller.classic.work import classic_work

        return classic_work(settings, driver_name, server, metrics, log)
    from dra_controller.modern.work import modern_work

    return modern_work(settings, driver_name, api, server, metrics, log)


def _api(settings: Settings, server: ApiServer, stop: threading.Event, log: Log) -> ServedApi | None:
    """What to speak, as soon as the API server says so; None: stopped before."""

    def tell(why: str) -> None:
        log.warning("the API server does not say what it serves; asking again", error=why)

    found = wait_for_api(server, settings.api_generation, stop, tell)
    if isinstance(found, Failure):
        refused: Refusal = found.failure()
        raise StartError(refused.sentence)
    return found.unwrap() if found is not None else None


def _leader(settings: Settings, driver_name: str, server: ApiServer) -> Leader | None:
    if not settings.leader_election:
        return None
    name = driver_name.replace(".", "-")
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


class _Progress:
    """How far the controller has come, for probes, which are answered from the start."""

    def __init__(self) -> None:
        self.stands_by = False
        self.work: Work | None = None

    def alive(self) -> str:
        """Why the process should be restarted; "" if it should not."""
        return self.work.trouble() if self.work is not None else ""

    def ready(self) -> str:
        """Why it does not do its part; "" if it does.

        Its part is also to wait for the lease: an update waits until the new one does, then ends the one that leads.
        """
        if self.work is not None:
            return self.work.not_ready()
        return "" if self.stands_by else "the API server has not said yet what it serves"


def _serve_probes(port: int, progress: _Progress, metrics: Metrics, log: Log) -> Callable[[], None]:
    try:
        probes = ProbeServer(port, progress.alive, progress.ready, metrics.registry)
    except OSError as error:
        raise StartError(f"the port {port} for probes and metrics cannot be listened on: {error}") from error
    probes.start()
    log.info("probes and metrics are served", port=probes.port)
    return probes.stop
