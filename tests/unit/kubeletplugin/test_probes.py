"""What a probe is told: whether the plugin answers on the two sockets on which the kubelet calls it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from dra_apiserver import RESOURCE_CLAIMS
from dra_core.preparation import ClaimMissing
from dra_kubeletplugin import probes
from dra_kubeletplugin.calls import Calls, KubeletClaim
from dra_kubeletplugin.claims_on_node import PrepareAnswers
from dra_kubeletplugin.classic_services import CLASSIC
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.generations import Parts
from dra_kubeletplugin.health_service import HealthStreams
from dra_kubeletplugin.kubelet_api import KubeletApi
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.modern_services import MODERN
from dra_kubeletplugin.probes import Probes
from dra_kubeletplugin.registration import Registration
from dra_kubeletplugin.servers import driver_server, probe_server, registration_server
from dra_kubeletplugin.socket_paths import SocketPaths
from dra_logs import log_to_stderr
from grpc_health.v1 import health_pb2, health_pb2_grpc

LOG = log_to_stderr("error", "json")
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


class NoClaims(Calls):
    """Answers for no claims."""

    def __init__(self) -> None:
        pass

    def prepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> PrepareAnswers:  # noqa: ARG002  there are none
        return {}


class Broken(NoClaims):
    """Fails."""

    def prepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> PrepareAnswers:  # noqa: ARG002  whatever is asked
        context.abort(grpc.StatusCode.INTERNAL, "broken")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that takes long is none, and so may be one on a busy machine."""
    monkeypatch.setattr(probes, "PROBE_SECONDS", 30.0)


@pytest.fixture
def paths() -> Iterator[SocketPaths]:
    root = Path(tempfile.mkdtemp(prefix="dra-"))
    yield SocketPaths(registration=root / "reg.sock", driver=root / "dra.sock")
    shutil.rmtree(root)


@pytest.fixture
def running() -> Iterator[Callable[[grpc.Server], None]]:
    with ExitStack() as stack:

        def run(server: grpc.Server) -> None:
            server.start()
            stack.callback(lambda: server.stop(0).wait())

        yield run


def registrar(paths: SocketPaths) -> grpc.Server:
    parts = Parts(
        kubelet=MODERN, claims=RESOURCE_CLAIMS, read_claim=lambda _namespace, _name: ClaimMissing(), publishing=()
    )
    return registration_server(Registration("d", paths.driver, parts, Metrics(), LOG), paths.registration)


def driver(kubelet: KubeletApi, calls: Calls, paths: SocketPaths) -> grpc.Server:
    streams = HealthStreams(DeviceHealthWatch((), dict, Metrics(), LOG), 30)
    return driver_server(kubelet, calls, streams, paths.driver)


def probed(kubelet: KubeletApi, paths: SocketPaths, running: Callable[[grpc.Server], None]) -> int:
    server, port = probe_server(Probes(kubelet, paths, LOG), 0)
    running(server)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return int(health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30).status)


@pytest.mark.parametrize("kubelet", [MODERN, CLASSIC], ids=["modern", "classic"])
def test_both_sockets_answer(kubelet: KubeletApi, paths: SocketPaths, running: Callable[[grpc.Server], None]) -> None:
    running(registrar(paths))
    running(driver(kubelet, NoClaims(), paths))
    assert probed(kubelet, paths, running) == SERVING


@pytest.mark.parametrize("kubelet", [MODERN, CLASSIC], ids=["modern", "classic"])
def test_the_drivers_socket_does_not_listen(
    kubelet: KubeletApi, paths: SocketPaths, running: Callable[[grpc.Server], None]
) -> None:
    running(registrar(paths))
    assert probed(kubelet, paths, running) == NOT_SERVING


def test_the_registration_socket_does_not_listen(paths: SocketPaths, running: Callable[[grpc.Server], None]) -> None:
    running(driver(MODERN, NoClaims(), paths))
    assert probed(MODERN, paths, running) == NOT_SERVING


def test_the_driver_fails(paths: SocketPaths, running: Callable[[grpc.Server], None]) -> None:
    running(registrar(paths))
    running(driver(MODERN, Broken(), paths))
    assert probed(MODERN, paths, running) == NOT_SERVING
