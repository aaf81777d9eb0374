"""A DRA plugin that does what a test says: to see how a kubelet takes it. It answers through real sockets.

Method names and signatures of the services are the protocol's (hence the exceptions for the linter).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from dra_core.snapshot.json_value import Json, JsonObject
from dra_proto import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    registration_v1_pb2,
    registration_v1_pb2_grpc,
)
from dra_sandbox.cluster import Sandbox

from tests.integration.sandbox.workloads import PATIENCE

NODE = "node-1"


class LittlePlugin:
    """One instance. ``faults`` are the next answers of an operation that are to fail, as texts.

    Attributes:
        calls: ``(operation, claim name)`` in the order in which they came.
        refusals: What NotifyRegistrationStatus said, "" for a success.
        skip: Leave claims out of the reply to Prepare.
    """

    def __init__(self, cluster: Sandbox, driver: str, services: tuple[str, ...] = ("v1.DRAPlugin",)) -> None:
        directories = cluster.nodes[NODE].directories
        self.driver = driver
        self.services = services
        self.type = "DRAPlugin"
        self.faults: dict[str, list[str]] = {"GetInfo": [], "Prepare": [], "Unprepare": []}
        self.calls: list[tuple[str, str]] = []
        self.refusals: list[str] = []
        self.skip = False
        self.registration = directories.registry / f"{driver}-reg.sock"
        self.endpoint = directories.plugins / driver / "dra.sock"
        self._changed = threading.Condition()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The DRA socket."""
        self.endpoint.parent.mkdir(parents=True, exist_ok=True)
        server = _server(self.endpoint)
        dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(_V1(self), server)
        dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server(_V1Beta1(self), server)
        yield from _run(server)

    @contextmanager
    def registering(self) -> Iterator[None]:
        """The registration socket."""
        server = _server(self.registration)
        registration_v1_pb2_grpc.add_RegistrationServicer_to_server(_Registration(self), server)
        yield from _run(server)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Both sockets, and the kubelet has taken the plugin on."""
        with self.serving(), self.registering():
            self.wait_for(lambda: self.refusals[-1:] == [""], "the registration")
            yield

    def called(self, operation: str, claim: str = "") -> str:
        """Note a call; the fault that it is to answer, or ""."""
        with self._changed:
            self.calls.append((operation, claim))
            self._changed.notify_all()
            return self.faults[operation].pop(0) if self.faults[operation] else ""

    def notified(self, refusal: str) -> None:
        with self._changed:
            self.refusals.append(refusal)
            self._changed.notify_all()

    def wait_for(self, look: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(look, PATIENCE), what

    def claim_calls(self) -> list[tuple[str, str]]:
        """The calls about claims. A kubelet that got no answer in time to GetInfo or to its verdict begins anew."""
        return [call for call in self.calls if call[0] != "GetInfo"]

    def count(self, operation: str, claim: str = "") -> int:
        return self.calls.count((operation, claim))


def _server(socket: Path) -> grpc.Server:
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_insecure_port(f"unix:{socket}")
    return server


def _run(server: grpc.Server) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop(0).wait()


class _Registration(registration_v1_pb2_grpc.RegistrationServicer):
    def __init__(self, plugin: LittlePlugin) -> None:
        self._plugin = plugin

    def GetInfo(  # noqa: N802  the protocol's name
        self,
        request: registration_v1_pb2.InfoRequest,  # noqa: ARG002  given by gRPC
        context: grpc.ServicerContext,
    ) -> registration_v1_pb2.PluginInfo:
        if fault := self._plugin.called("GetInfo"):
            context.abort(grpc.StatusCode.UNAVAILABLE, fault)
        return registration_v1_pb2.PluginInfo(
            type=self._plugin.type,
            name=self._plugin.driver,
            endpoint=str(self._plugin.endpoint),
            supported_versions=self._plugin.services,
        )

    def NotifyRegistrationStatus(  # noqa: N802  the protocol's name
        self,
        request: registration_v1_pb2.RegistrationStatus,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> registration_v1_pb2.RegistrationStatusResponse:
        self._plugin.notified("" if request.plugin_registered else request.error)
        return registration_v1_pb2.RegistrationStatusResponse()


class _V1(dra_v1_pb2_grpc.DRAPluginServicer):
    def __init__(self, plugin: LittlePlugin) -> None:
        self._plugin = plugin

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self,
        request: dra_v1_pb2.NodePrepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> dra_v1_pb2.NodePrepareResourcesResponse:
        reply = dra_v1_pb2.NodePrepareResourcesResponse()
        for claim in request.claims:
            fault = self._plugin.called("Prepare", claim.name)
            if not self._plugin.skip:
                reply.claims[claim.uid].error = fault
        return reply

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self,
        request: dra_v1_pb2.NodeUnprepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> dra_v1_pb2.NodeUnprepareResourcesResponse:
        reply = dra_v1_pb2.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            reply.claims[claim.uid].error = self._plugin.called("Unprepare", claim.name)
        return reply


class _V1Beta1(dra_v1beta1_pb2_grpc.DRAPluginServicer):
    def __init__(self, plugin: LittlePlugin) -> None:
        self._plugin = plugin

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self,
        request: dra_v1beta1_pb2.NodePrepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> dra_v1beta1_pb2.NodePrepareResourcesResponse:
        reply = dra_v1beta1_pb2.NodePrepareResourcesResponse()
        for claim in request.claims:
            reply.claims[claim.uid].error = self._plugin.called("Prepare", f"{claim.name} (v1beta1)")
        return reply

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self,
        request: dra_v1beta1_pb2.NodeUnprepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> dra_v1beta1_pb2.NodeUnprepareResourcesResponse:
        reply = dra_v1beta1_pb2.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            reply.claims[claim.uid].error = self._plugin.called("Unprepare", f"{claim.name} (v1beta1)")
        return reply


def published(driver: str) -> Iterable[JsonObject]:
    """The class of the driver, and its slice with four devices on the node."""
    selector: JsonObject = {"cel": {"expression": f"device.driver == '{driver}'"}}
    devices: list[Json] = [{"name": f"device-{number}"} for number in range(4)]
    return (
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": driver},
            "spec": {"selectors": [selector]},
        },
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"{driver}-{NODE}"},
            "spec": {
                "driver": driver,
                "nodeName": NODE,
                "pool": {"name": f"{driver}-{NODE}", "generation": 1, "resourceSliceCount": 1},
                "devices": devices,
            },
        },
    )
