"""The gRPC health service for probes: it calls the plugin through its own sockets, as the kubelet does."""

from __future__ import annotations

from pathlib import Path

import grpc
from dra_logs import Log
from dra_proto import registration_v1_pb2, registration_v1_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from dra_kubeletplugin.kubelet_api import KubeletApi
from dra_kubeletplugin.socket_paths import SocketPaths

PROBE_SECONDS = 2.0
"""For each of the two calls; a probe's own time-out is often longer."""

SERVICES = ("", "liveness")


class Probes(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # grpcio-health-checking publishes no types
    """grpc.health.v1.Health, asked once at a time."""

    def __init__(self, kubelet: KubeletApi, paths: SocketPaths, log: Log) -> None:
        self._kubelet = kubelet
        self._log = log
        self._registration = registration_v1_pb2_grpc.RegistrationStub(_channel(paths.registration))
        self._driver = _channel(paths.driver)

    def Check(  # noqa: N802  the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """SERVING if both sockets answer; service names as those of Kubernetes' example driver."""
        if request.service not in SERVICES:
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service; there are {', '.join(map(repr, SERVICES))}")
        try:
            self._registration.GetInfo(registration_v1_pb2.InfoRequest(), timeout=PROBE_SECONDS)
            self._kubelet.probe(self._driver, PROBE_SECONDS)
        except grpc.RpcError as error:
            self._log.warning("the plugin does not answer on its own sockets", error=str(error))
            return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def _channel(path: Path) -> grpc.Channel:
    return grpc.insecure_channel(f"unix:{path}")
