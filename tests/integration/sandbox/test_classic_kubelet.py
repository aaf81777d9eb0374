"""The kubelet of Kubernetes 1.30 and its plugins: which version of the protocol it speaks, and what it hands over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from dra_core.snapshot.json_value import Json, JsonObject
from dra_proto import dra_v1alpha3_pb2 as v1alpha3
from dra_proto import dra_v1alpha3_pb2_grpc, registration_v1_pb2, registration_v1_pb2_grpc
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.world.objects import CLAIM
from dra_sandbox.world.writes import Patch

from tests.integration.sandbox.test_classic import API, pod
from tests.integration.sandbox.workloads import PATIENCE, delete_pod, wait_event, wait_gone, wait_ready

DRIVER, NODE = "little.example.com", "node-1"


@pytest.fixture
def bare() -> Iterator[Sandbox]:
    """A cluster of one node with a claim that a controller, which is not there, has allocated with a handle."""
    with sandbox(generation="classic") as cluster:
        meta: JsonObject = {"namespace": "default", "name": "gpu"}
        cluster.create(
            [
                {"apiVersion": API, "kind": "ResourceClass", "metadata": {"name": "little"}, "driverName": DRIVER},
                {"apiVersion": API, "kind": "ResourceClaim", "metadata": meta, "spec": {"resourceClassName": "little"}},
            ]
        )
        handle: JsonObject = {"driverName": DRIVER, "data": "the handle"}
        allocation: JsonObject = {"shareable": True, "resourceHandles": [handle]}
        change: JsonObject = {"status": {"driverName": DRIVER, "allocation": allocation}}
        cluster.carry_out(Patch(kind=CLAIM, namespace="default", name="gpu", patch=change, subresource="status"))
        yield cluster


class LittleClassicPlugin(dra_v1alpha3_pb2_grpc.NodeServicer, registration_v1_pb2_grpc.RegistrationServicer):
    """Prepares claims by a CDI file with one variable. Method names are the protocols'.

    Attributes:
        calls: What was asked, with the handle.
        refused: What the kubelet said about the registration.
    """

    def __init__(self, cluster: Sandbox, versions: tuple[str, ...] = ("1.0.0",)) -> None:
        self.directories = cluster.nodes[NODE].directories
        self.endpoint = self.directories.plugins / DRIVER / "dra.sock"
        self.versions = versions
        self.calls: list[tuple[str, str]] = []
        self.refused: list[str] = []

    def GetInfo(  # noqa: N802  the protocol's name
        self,
        request: registration_v1_pb2.InfoRequest,  # noqa: ARG002  given by gRPC
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> registration_v1_pb2.PluginInfo:
        return registration_v1_pb2.PluginInfo(
            type="DRAPlugin", name=DRIVER, endpoint=str(self.endpoint), supported_versions=self.versions
        )

    def NotifyRegistrationStatus(  # noqa: N802  the protocol's name
        self,
        request: registration_v1_pb2.RegistrationStatus,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> registration_v1_pb2.RegistrationStatusResponse:
        self.refused.append(request.error)
        return registration_v1_pb2.RegistrationStatusResponse()

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self,
        request: v1alpha3.NodePrepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> v1alpha3.NodePrepareResourcesResponse:
        return v1alpha3.NodePrepareResourcesResponse(
            claims={claim.uid: self.prepare("NodePrepareResources", claim) for claim in request.claims}
        )

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self,
        request: v1alpha3.NodeUnprepareResourcesRequest,
        context: grpc.ServicerContext,  # noqa: ARG002  given by gRPC
    ) -> v1alpha3.NodeUnprepareResourcesResponse:
        self.calls += [("NodeUnprepareResources", claim.resource_handle) for claim in request.claims]
        answers = {claim.uid: v1alpha3.NodeUnprepareResourceResponse() for claim in request.claims}
        return v1alpha3.NodeUnprepareResourcesResponse(claims=answers)

    def prepare(self, method: str, claim: v1alpha3.Claim) -> v1alpha3.NodePrepareResourceResponse:
        self.calls.append((method, claim.resource_handle))
        edits: JsonObject = {"env": [f"HANDLE={claim.resource_handle}"]}
        devices: list[Json] = [{"name": claim.uid, "containerEdits": edits}]
        spec: JsonObject = {"cdiVersion": "0.5.0", "kind": "little.example.com/gpu", "devices": devices}
        (self.directories.cdi[-1] / "little.json").write_text(json.dumps(spec))
        return v1alpha3.NodePrepareResourceResponse(cdi_devices=[f"little.example.com/gpu={claim.uid}"])

    def v1alpha2(self) -> grpc.GenericRpcHandler:
        """The service of v1alpha2, whose messages have the same fields."""

        def prepare(claim: v1alpha3.Claim, _: grpc.ServicerContext) -> v1alpha3.NodePrepareResourceResponse:
            return self.prepare("NodePrepareResource", claim)

        def unprepare(claim: v1alpha3.Claim, _: grpc.ServicerContext) -> v1alpha3.NodeUnprepareResourceResponse:
            self.calls.append(("NodeUnprepareResource", claim.resource_handle))
            return v1alpha3.NodeUnprepareResourceResponse()

        methods = {
            "NodePrepareResource": grpc.unary_unary_rpc_method_handler(
                prepare,
                v1alpha3.Claim.FromString,
                v1alpha3.NodePrepareResourceResponse.SerializeToString,
            ),
            "NodeUnprepareResource": grpc.unary_unary_rpc_method_handler(
                unprepare,
                v1alpha3.Claim.FromString,
                v1alpha3.NodeUnprepareResourceResponse.SerializeToString,
            ),
        }
        return grpc.method_handlers_generic_handler("v1alpha2.Node", methods)

    @contextmanager
    def serving(self, version: str) -> Iterator[None]:
        """With both sockets."""
        self.endpoint.parent.mkdir(parents=True, exist_ok=True)
        driver, registrar = server(self.endpoint), server(self.directories.registry / f"{DRIVER}.sock")
        if version == "v1alpha3":
            dra_v1alpha3_pb2_grpc.add_NodeServicer_to_server(self, driver)
        else:
            driver.add_generic_rpc_handlers((self.v1alpha2(),))
        registration_v1_pb2_grpc.add_RegistrationServicer_to_server(self, registrar)
        driver.start()
        registrar.start()
        try:
            yield
        finally:
            registrar.stop(0).wait()
            driver.stop(0).wait()


def server(socket: Path) -> grpc.Server:
    made = grpc.server(ThreadPoolExecutor(4))
    made.add_insecure_port(f"unix:{socket}")
    return made


@pytest.mark.parametrize(
    ("version", "prepare", "unprepare"),
    [
        ("v1alpha3", "NodePrepareResources", "NodeUnprepareResources"),
        ("v1alpha2", "NodePrepareResource", "NodeUnprepareResource"),
    ],
)
def test_a_plugin_is_called_in_the_version_that_it_knows_with_its_handle(
    bare: Sandbox, version: str, prepare: str, unprepare: str
) -> None:
    plugin = LittleClassicPlugin(bare)
    with plugin.serving(version):
        bare.create([pod("default", "user", claims=["gpu"])])
        wait_ready(bare, "default", "user")
        bare.wait_for_output("default", "user", "ctr0", lambda text: "export HANDLE='the handle'" in text, "the handle")
        delete_pod(bare, "default", "user")
        wait_gone(bare, "default", "user")
    assert set(plugin.refused) == {""}  # told again if the kubelet did not hear in time that it was heard
    assert plugin.calls == [(prepare, "the handle"), (unprepare, "the handle")]


def test_a_pod_waits_on_its_node_until_the_driver_is_registered(bare: Sandbox) -> None:
    bare.create([pod("default", "user", claims=["gpu"])])
    told = wait_event(bare, "default", "user", "FailedPrepareDynamicResources")
    assert f"DRA driver {DRIVER} is not registered" in told
    with LittleClassicPlugin(bare).serving("v1alpha3"):
        wait_ready(bare, "default", "user")
        delete_pod(bare, "default", "user")
        wait_gone(bare, "default", "user")


def test_a_plugin_that_offers_services_instead_of_versions_is_not_taken(bare: Sandbox) -> None:
    plugin = LittleClassicPlugin(bare, ("v1.DRAPlugin",))
    with plugin.serving("v1alpha3"):
        bare.create([pod("default", "user", claims=["gpu"])])
        wait_event(bare, "default", "user", "FailedPrepareDynamicResources")
        bare.wait_for(lambda _: plugin.refused, "the answer", PATIENCE)
    assert "are not versions such as 1.0.0" in plugin.refused[0]
