"""The plugin on Kubernetes 1.30, from start to stop: the parts of ``plugin``, some replaced by those of classic DRA."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
from dra_apiserver import ApiServer
from dra_core.preparation import DriverOnNode, PreparedClaims, read_checkpoint
from dra_core.profiles.classic_gpu import ClassicGpuProfile
from dra_proto import dra_v1alpha3_pb2_grpc
from dra_proto import registration_v1_pb2 as registration

from dra_kubeletplugin.claims_on_node import ClaimsOnNode, PrepareAnswers, UnprepareAnswers
from dra_kubeletplugin.classic_cluster import ClassicCluster
from dra_kubeletplugin.classic_publishing import ClassicPublishing
from dra_kubeletplugin.classic_service import CLASSIC_VERSIONS, DraV1Alpha3
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.directories import make_ready
from dra_kubeletplugin.dra_service import Calls, KubeletClaim
from dra_kubeletplugin.health_files import UNHEALTHY, HealthFiles
from dra_kubeletplugin.health_service import HealthStreams
from dra_kubeletplugin.instance_lock import clear_up_behind_the_dead, only_instance
from dra_kubeletplugin.logs import Log
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.node_disk import NodeDisk
from dra_kubeletplugin.plugin import CHECKPOINT, SERIALIZE_LOCK, STOP_SECONDS
from dra_kubeletplugin.registration import PLUGIN_TYPE, Registration
from dra_kubeletplugin.serialize_lock import SerializeLock
from dra_kubeletplugin.servers import driver_server, registration_server
from dra_kubeletplugin.settings import Settings, StartError
from dra_kubeletplugin.socket_paths import PathTooLong, socket_paths


def run_classic(
    num_devices: int, settings: Settings, server: ApiServer, namespace: str, stop: threading.Event, log: Log
) -> None:
    """Serve until ``stop`` is set.

    Args:
        num_devices: How many GPUs there are.
        settings: As of the modern plugin.
        server: The API server.
        namespace: Where the NodeAllocationState is.
        stop: When to end.
        log: Where to tell.

    Raises:
        StartError: It cannot run as it is set up.
    """
    profile = ClassicGpuProfile(count=num_devices)
    pools = profile.enumerate(settings.node_name)
    driver = DriverOnNode(driver_name=settings.driver_name, node_name=settings.node_name, profile=profile, pools=pools)
    # Kubelets of 1.30 know one instance of a driver: no UID in the sockets' names.
    paths = socket_paths(settings.registrar_directory, settings.data_directory, settings.driver_name, "")
    if isinstance(paths, PathTooLong):
        raise StartError(f"the socket path {paths.path} is longer than the kernel takes")
    make_ready(settings)
    metrics = Metrics()
    health = DeviceHealthWatch(pools, HealthFiles(settings.data_directory / UNHEALTHY), metrics, log)
    cluster = ClassicCluster(server, settings.driver_name, settings.node_name, namespace, pools)
    disk = NodeDisk(checkpoint=settings.data_directory / CHECKPOINT, cdi_root=settings.cdi_root)
    with ExitStack() as stack:
        stack.enter_context(only_instance(paths, settings.driver_name))
        clear_up_behind_the_dead(settings.data_directory, settings.registrar_directory)
        claims = ClaimsOnNode(
            driver,
            disk,
            SerializeLock(settings.data_directory / SERIALIZE_LOCK),
            cluster.read_claim,
            stack.enter_context(ThreadPoolExecutor(thread_name_prefix="claims")),
        )
        claims.restore()
        publishing = ClassicPublishing(driver, cluster, namespace, health, lambda: prepared_devices(disk), log)
        health.on_change(publishing.make_due)
        for target in (health.run, publishing.run):
            threading.Thread(target=target, name=target.__qualname__, daemon=True).start()
        calls = TellingCalls(claims, metrics, log, publishing)
        streams = HealthStreams(health, profile.health_check_timeout_seconds)
        driver_side = driver_server(calls, streams, paths.driver)
        dra_v1alpha3_pb2_grpc.add_NodeServicer_to_server(DraV1Alpha3(calls), driver_side)
        driver_side.start()
        stack.callback(publishing.stop)
        stack.callback(lambda: driver_side.stop(STOP_SECONDS).wait())
        stack.callback(health.stop)
        registrar = registration_server(
            ClassicRegistration(settings.driver_name, paths.driver, metrics, log), paths.registration
        )
        registrar.start()
        stack.callback(lambda: registrar.stop(0).wait())
        stack.callback(paths.registration.unlink, missing_ok=True)
        publishing.serve()
        log.info("serving", registration_socket=str(paths.registration), driver_socket=str(paths.driver))
        stop.wait()
        log.info("stopping")
    log.info("stopped")


def prepared_devices(disk: NodeDisk) -> Mapping[str, tuple[str, ...]]:
    """Names of the devices of each prepared claim, as far as the checkpoint tells."""
    checkpoint = read_checkpoint(disk.read_checkpoint())
    if not isinstance(checkpoint, PreparedClaims):
        return {}
    return {uid: tuple(device.device for device in claim.devices) for uid, claim in checkpoint.claims.items()}


class TellingCalls(Calls):
    """After each call the node's state is brought up to date; nobody waits for that."""

    def __init__(self, claims: ClaimsOnNode, metrics: Metrics, log: Log, publishing: ClassicPublishing) -> None:
        super().__init__(claims, metrics, log)
        self._publishing = publishing

    def prepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> PrepareAnswers:
        """As always."""
        answers = super().prepare(requested, context)
        self._publishing.make_due()
        return answers

    def unprepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> UnprepareAnswers:
        """As always."""
        answers = super().unprepare(requested, context)
        self._publishing.make_due()
        return answers


class ClassicRegistration(Registration):
    """Says what the plugin watcher of 1.30 understands."""

    def __init__(self, driver_name: str, endpoint: Path, metrics: Metrics, log: Log) -> None:
        super().__init__(driver_name, endpoint, metrics, log)
        self._info = registration.PluginInfo(
            type=PLUGIN_TYPE, name=driver_name, endpoint=str(endpoint), supported_versions=CLASSIC_VERSIONS
        )
