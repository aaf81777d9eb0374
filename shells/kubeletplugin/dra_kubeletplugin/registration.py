"""What the kubelet's plugin watcher is told, and what it tells back."""

from __future__ import annotations

from pathlib import Path

import grpc
from dra_logs import Log
from dra_proto import registration_v1_pb2 as registration
from dra_proto import registration_v1_pb2_grpc

from dra_kubeletplugin.generations import Parts
from dra_kubeletplugin.metrics import Metrics

PLUGIN_TYPE = "DRAPlugin"
"""k8s.io/kubelet pluginregistration: the kubelet's handler for drivers of dynamic resource allocation."""


class Registration(registration_v1_pb2_grpc.RegistrationServicer):
    """Answers the kubelet as often as it asks: after its own restarts it asks again."""

    def __init__(self, driver_name: str, endpoint: Path, parts: Parts, metrics: Metrics, log: Log) -> None:
        self._info = registration.PluginInfo(
            type=PLUGIN_TYPE,
            name=driver_name,
            endpoint=str(endpoint),
            supported_versions=parts.kubelet.supported_versions,
        )
        self._registered = parts.registered
        self._metrics = metrics
        self._log = log

    def GetInfo(  # noqa: N802  the protocol's name
        self,
        request: registration.InfoRequest,  # noqa: ARG002  empty
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> registration.PluginInfo:
        """Who is behind this socket."""
        return self._info

    def NotifyRegistrationStatus(  # noqa: N802  the protocol's name
        self,
        request: registration.RegistrationStatus,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> registration.RegistrationStatusResponse:
        """Whether the kubelet took the plugin on. If not, it tries again by itself."""
        self._metrics.registered(yes=request.plugin_registered)
        if request.plugin_registered:
            self._log.info("registered")
            self._registered()
        else:
            self._log.error("the kubelet refused the registration", error=request.error)
        return registration.RegistrationStatusResponse()
