"""The plugin from start to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from traceback import format_exc

from dra_apiserver import ApiServer
from dra_core.preparation import DriverOnNode
from dra_core.preparation.decision import refusal_of
from dra_core.profiles import Profile
from dra_core.snapshot.generation import Generation
from dra_logs import Log
from prometheus_client import start_http_server

from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.claims_on_node import ClaimsOnNode
from dra_kubeletplugin.deserted_claims import DesertedClaims
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.directories import make_ready
from dra_kubeletplugin.generations import parts_of
from dra_kubeletplugin.health_service import HealthStreams
from dra_kubeletplugin.instance_lock import clear_up_behind_the_dead, only_instance
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.node_disk import NodeDisk
from dra_kubeletplugin.probes import Probes
from dra_kubeletplugin.registration import Registration
from dra_kubeletplugin.serialize_lock import LockNotAcquiredError, SerializeLock
from dra_kubeletplugin.serve import LookForUnhealthy
from dra_kubeletplugin.servers import driver_server, probe_server, registration_server
from dra_kubeletplugin.settings import LostError, Settings, StartError
from dra_kubeletplugin.socket_paths import PathTooLong, SocketPaths, socket_paths

CHECKPOINT = "checkpoint.json"
SERIALIZE_LOCK = "serialize.lock"

STOP_SECONDS = 10.0
"""For calls in progress at the end; a pod has 30 s by default."""

LOOK_SECONDS = 1.0
"""How often to look whether the sockets are still there."""


def run(
    generation: Generation,
    profile: Profile,
    unhealthy: LookForUnhealthy,
    settings: Settings,
    server: ApiServer,
    stop: threading.Event,
    log: Log,
) -> None:
    """Serve until ``stop`` is set.

    Raises:
        StartError: It cannot run as it is set up.
        LostError: It could run, and cannot go on.
    """
    pools = profile.enumerate(settings.node_name)
    driver = DriverOnNode(
        driver_name=settings.driver_name,
        node_name=settings.node_name,
        profile=profile,
        pools=pools,
        cdi_root=str(settings.cdi_root),
        device_metadata=settings.device_metadata,
    )
    paths = _paths(settings)
    make_ready(settings)
    metrics = Metrics()
    health = DeviceHealthWatch(pools, partial(unhealthy, settings.data_directory), metrics, log)
    disk = NodeDisk(checkpoint=settings.data_directory / CHECKPOINT, cdi_root=settings.cdi_root)
    parts = parts_of(generation, settings, driver, server, health, disk, metrics, log)
    with ExitStack() as stack:
        stack.enter_context(only_instance(paths, settings.driver_name))
        for path in clear_up_behind_the_dead(settings.data_directory, settings.registrar_directory):
            log.info("removed the socket of an instance that is dead", socket=str(path))
        claims = ClaimsOnNode(
            driver,
            disk,
            SerializeLock(settings.data_directory / SERIALIZE_LOCK),
            parts.read_claim,
            stack.enter_context(ThreadPoolExecutor(thread_name_prefix="claims")),
        )
        _restore(claims, log)
        if settings.metrics_port >= 0:
            stack.callback(_serve_metrics(settings.metrics_port, metrics, log))

        # The driver's socket first: the kubelet connects to it as soon as it sees the registration socket.
        calls = Calls(claims, metrics, log, parts.claims_changed)
        streams = HealthStreams(health, profile.health_check_timeout_seconds)
        calls_server = driver_server(parts.kubelet, calls, streams, paths.driver)
        calls_server.start()
        stack.callback(parts.stop)
        stack.callback(lambda: calls_server.stop(STOP_SECONDS).wait())
        stack.callback(health.stop)  # ends the streams, which no grace would
        if settings.healthcheck_port >= 0:
            probes, port = probe_server(Probes(parts.kubelet, paths, log), settings.healthcheck_port)
            probes.start()
            stack.callback(lambda: probes.stop(0).wait())
            log.info("probes answered", port=port)
        faults: list[Exception] = []
        health.on_change(parts.health_changed)
        deserted = DesertedClaims(claims, server, parts.claims, parts.claims_changed, log)
        stack.callback(deserted.stop)
        for target in (health.run, deserted.run, *parts.loops):
            _in_background(target, faults, stop, log)
        # Last, when nothing can fail any more, and first at the end: the kubelet shall know no plugin that is gone.
        registrar = registration_server(
            Registration(settings.driver_name, paths.driver, parts, metrics, log),
            paths.registration,
        )
        # Before anybody was answered: who removes or replaces a socket from now on is noticed.
        own = {path: _identity(path) for path in (paths.registration, paths.driver)}
        registrar.start()
        stack.callback(lambda: registrar.stop(0).wait())
        stack.callback(paths.registration.unlink, missing_ok=True)
        log.info("serving", registration_socket=str(paths.registration), driver_socket=str(paths.driver))
        _wait(stop, own)
        log.info("stopping")
    log.info("stopped")
    if faults:
        raise LostError(f"it ended by a fault of its own, please report it: {faults[0]!r}")


def _in_background(target: Callable[[], None], faults: list[Exception], stop: threading.Event, log: Log) -> None:
    """Run it in a thread. A plugin that goes on without one of its parts would look alive."""

    def run_and_tell() -> None:
        try:
            target()
        except Exception as error:
            log.error("a part of the plugin ended by a fault", part=target.__qualname__, traceback=format_exc())
            faults.append(error)
            stop.set()

    threading.Thread(target=run_and_tell, name=target.__qualname__, daemon=True).start()


def _paths(settings: Settings) -> SocketPaths:
    paths = socket_paths(settings.registrar_directory, settings.data_directory, settings.driver_name, settings.pod_uid)
    if isinstance(paths, PathTooLong):
        raise StartError(
            f"the socket path {paths.path} is longer than the kernel takes: "
            "use a shorter driver name or shorter kubelet directories"
        )
    return paths


def _restore(claims: ClaimsOnNode, log: Log) -> None:
    try:
        restoration, failure = claims.restore()
    except LockNotAcquiredError as error:
        raise StartError("another instance of this driver is in a prepare or unprepare that does not end") from error
    except OSError as error:
        raise StartError(f"the driver's state on the node cannot be read: {error}") from error
    for note in restoration.notes:
        log.warning("the checkpoint needs attention", code=note.code, reason=note.sentence)
    if failure is not None:
        raise StartError(refusal_of(failure).sentence)
    log.info("restored", claims=claims.prepared_count(), changes=len(restoration.effects))


def _serve_metrics(port: int, metrics: Metrics, log: Log) -> Callable[[], None]:
    """Serve them; what is returned ends it."""
    try:
        server, thread = start_http_server(port, registry=metrics.registry)
    except OSError as error:
        raise StartError(f"cannot serve metrics on port {port}: {error.strerror} (--metrics-port)") from error
    log.info("metrics served", port=server.server_port)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def _wait(stop: threading.Event, own: Mapping[Path, tuple[int, int] | None]) -> None:
    while not stop.wait(LOOK_SECONDS):
        for path, identity in own.items():
            if identity is None or _identity(path) != identity:
                raise LostError(
                    f"the socket {path} was removed or replaced by somebody else: "
                    "the kubelet cannot find this plugin any more"
                )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
