"""The plugin on a cluster of resource.k8s.io/v1alpha2: the sandbox's API server, and a kubelet of 1.30's calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import grpc
import pytest
from dra_apiserver import NODE_STATES
from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at
from dra_proto import (
    dra_v1alpha2_pb2,
    dra_v1alpha2_pb2_grpc,
    dra_v1alpha3_pb2,
    dra_v1alpha3_pb2_grpc,
    registration_v1_pb2,
    registration_v1_pb2_grpc,
)
from grpc_health.v1 import health_pb2_grpc

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.little_api import LittleApi, refusal
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.sandbox_api import SandboxApi, done
from tests.integration.kubeletplugin.test_observability import metrics, serves
from tests.integration.kubeletplugin.waiting import eventually

DRIVER = "gpu.resource.example.com"
SECONDS = 45.0

LOOKS_ONCE = (
    "-c",
    """
from dra_kubeletplugin.__main__ import main
from dra_kubeletplugin.node_state_publishing import ClassicNodeState

ClassicNodeState.look_seconds = 3600.0
publish = ClassicNodeState._publish


def publish_and_tell(self):
    publish(self)
    self._log.info("the node's state is as it should be")


ClassicNodeState._publish = publish_and_tell
main()
""",
)
"""A plugin that looks at its node's state at its start, and then only when there is a cause; it tells when it has."""


@pytest.fixture
def sandbox(node: NodeDirectories) -> Iterator[SandboxApi]:
    with SandboxApi(node.root / "sandbox", generation="classic") as api:
        api.install_node_states()
        yield api


class Kubelet:
    """The calls of a kubelet of 1.30, on the socket that the plugin tells."""

    def __init__(self, node: NodeDirectories, socket: str = f"{DRIVER}-reg.sock") -> None:
        registrar = node.registry / socket
        eventually(registrar.exists, "the registration socket")
        with grpc.insecure_channel(f"unix:{registrar}") as channel:
            stub = registration_v1_pb2_grpc.RegistrationStub(channel)
            self.info = stub.GetInfo(registration_v1_pb2.InfoRequest(), timeout=SECONDS)
            stub.NotifyRegistrationStatus(
                registration_v1_pb2.RegistrationStatus(plugin_registered=True), timeout=SECONDS
            )
        self.channel = grpc.insecure_channel(f"unix:{self.info.endpoint}")
        self._v1alpha3 = dra_v1alpha3_pb2_grpc.NodeStub(self.channel)
        self._v1alpha2 = dra_v1alpha2_pb2_grpc.NodeStub(self.channel)

    def prepare(self, uid: str, name: str = "claim") -> tuple[list[str], str]:
        """CDI devices and error."""
        claim = dra_v1alpha3_pb2.Claim(namespace="default", uid=uid, name=name)
        request = dra_v1alpha3_pb2.NodePrepareResourcesRequest(claims=[claim])
        answer = self._v1alpha3.NodePrepareResources(request, timeout=SECONDS).claims[uid]
        return list(answer.cdi_devices), answer.error

    def unprepare(self, uid: str) -> str:
        """The error."""
        claim = dra_v1alpha3_pb2.Claim(namespace="default", uid=uid, name="claim")
        request = dra_v1alpha3_pb2.NodeUnprepareResourcesRequest(claims=[claim])
        return str(self._v1alpha3.NodeUnprepareResources(request, timeout=SECONDS).claims[uid].error)

    def prepare_older(self, uid: str) -> list[str]:
        """CDI devices. Raises grpc.RpcError."""
        request = dra_v1alpha2_pb2.NodePrepareResourceRequest(namespace="default", claim_uid=uid, claim_name="claim")
        return list(self._v1alpha2.NodePrepareResource(request, timeout=SECONDS).cdi_devices)

    def unprepare_older(self, uid: str) -> None:
        """Raises grpc.RpcError."""
        request = dra_v1alpha2_pb2.NodeUnprepareResourceRequest(namespace="default", claim_uid=uid, claim_name="claim")
        self._v1alpha2.NodeUnprepareResource(request, timeout=SECONDS)


@pytest.fixture
def plugin(start: StartPlugin, sandbox: SandboxApi) -> PluginProcess:
    return start(kubeconfig=sandbox.kubeconfig)


@pytest.fixture
def kubelet(plugin: PluginProcess, node: NodeDirectories) -> Iterator[Kubelet]:
    plugin.wait_for("serving")
    side = Kubelet(node)
    yield side
    side.channel.close()


def uuids(sandbox: SandboxApi) -> list[str]:
    devices = list_at(sandbox.node_state(), "spec", "allocatableDevices")
    return [text_at(device, "gpu", "uuid") for device in devices]


def is_ready(sandbox: SandboxApi) -> bool:
    return sandbox.node_state().get("status") == "Ready"


def prepared(sandbox: SandboxApi) -> Mapping[str, list[str]]:
    claims = object_at(sandbox.node_state(), "spec", "preparedClaims")
    return {
        uid: [text_at(device, "uuid") for device in list_at(entry, "gpu", "devices")] for uid, entry in claims.items()
    }


def allocated(sandbox: SandboxApi, *indices: int) -> str:
    """A claim that the driver's controller has allocated; its UID."""
    eventually(lambda: is_ready(sandbox), "the node is ready")
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "default", "name": "claim"},
        "spec": {"resourceClassName": "gpu.example.com"},
    }
    path = "/apis/resource.k8s.io/v1alpha2/namespaces/default/resourceclaims"
    uid = text_at(done(sandbox.client.ask("POST", path, claim)), "metadata", "uid")
    devices = [{"uuid": uuids(sandbox)[index]} for index in indices]
    entry: JsonObject = {"claim": {"namespace": "default", "name": "claim"}, "gpu": {"devices": devices}}
    done(sandbox.client.merge(NODE_STATES, NODE, {"spec": {"allocatedClaims": {uid: entry}}}, "default"))
    return uid


def test_it_finds_out_the_generation_and_tells_what_the_kubelet_of_1_30_understands(
    kubelet: Kubelet, plugin: PluginProcess, node: NodeDirectories
) -> None:
    assert (kubelet.info.type, kubelet.info.name) == ("DRAPlugin", DRIVER)
    assert list(kubelet.info.supported_versions) == ["1.0.0"]
    assert kubelet.info.endpoint == str(node.data(DRIVER) / "dra.sock")
    plugin.wait_for("registered")


def test_the_state_tells_devices_prepared_claims_and_readiness(
    kubelet: Kubelet, plugin: PluginProcess, sandbox: SandboxApi, node: NodeDirectories
) -> None:
    uid = allocated(sandbox, 5, 2)
    devices = uuids(sandbox)
    assert len(set(devices)) == 8
    first, error = kubelet.prepare(uid)
    assert error == ""
    assert len(first) == 3, "two GPUs, and once what they have in common"
    wanted = {uid: [devices[5], devices[2]]}
    eventually(lambda: prepared(sandbox) == wanted, "the claim is told")
    assert kubelet.prepare(uid) == (first, "")
    (file,) = node.cdi_files()
    assert f"GPU_DEVICE_0={devices[5]}" in (node.cdi / file).read_text()
    (node.data(DRIVER) / "unhealthy").mkdir()
    (node.data(DRIVER) / "unhealthy/gpu-3").touch()
    eventually(lambda: "Unhealthy" in str(sandbox.node_state()), "health is told")
    assert kubelet.unprepare(uid) == ""
    eventually(lambda: prepared(sandbox) == {}, "nothing is prepared")
    assert node.cdi_files() == set()
    assert plugin.stop() == 0
    assert sandbox.node_state()["status"] == "NotReady"


def test_both_versions_answer_the_same(kubelet: Kubelet, sandbox: SandboxApi) -> None:
    uid = allocated(sandbox, 0)
    assert kubelet.prepare_older(uid) == kubelet.prepare(uid)[0] != []
    kubelet.unprepare_older(uid)
    kubelet.unprepare_older(uid)
    eventually(lambda: prepared(sandbox) == {}, "nothing is prepared")


def test_an_error_is_the_claims_in_one_version_and_the_calls_in_the_other(kubelet: Kubelet) -> None:
    names, error = kubelet.prepare("unknown")
    assert names == []
    assert "does not exist" in error
    with pytest.raises(grpc.RpcError) as raised:
        kubelet.prepare_older("unknown")
    assert raised.value.details() == error
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    "method", ["v1alpha3.Node/NodeListAndWatchResources", "v1.DRAResourceHealth/NodeWatchResources"]
)
def test_what_belongs_to_other_generations_is_unimplemented(kubelet: Kubelet, method: str) -> None:
    """Any other error would be tried again every five seconds."""
    call: grpc.UnaryStreamMultiCallable[bytes, bytes] = kubelet.channel.unary_stream(f"/{method}")
    with pytest.raises(grpc.RpcError) as raised:
        next(call(b"", timeout=SECONDS))
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_probes_and_metrics_are_those_of_every_plugin(
    start: StartPlugin, sandbox: SandboxApi, node: NodeDirectories
) -> None:
    plugin = start("--healthcheck-port", "0", "--metrics-port", "0", kubeconfig=sandbox.kubeconfig)
    with grpc.insecure_channel(f"127.0.0.1:{plugin.port('probes answered')}") as channel:
        plugin.wait_for("serving")
        eventually(partial(serves, health_pb2_grpc.HealthStub(channel)), "a good answer to a probe")
    side = Kubelet(node)
    assert side.prepare(allocated(sandbox, 1))[1] == ""
    side.channel.close()
    assert metrics(plugin.port("metrics served"))['dra_example_driver_prepare_claims_total{result="success"}'] == 1


def test_after_a_restart_it_goes_on_where_it_was(
    kubelet: Kubelet, plugin: PluginProcess, sandbox: SandboxApi, start: StartPlugin, node: NodeDirectories
) -> None:
    uid = allocated(sandbox, 7)
    names, _ = kubelet.prepare(uid)
    plugin.kill()
    start(kubeconfig=sandbox.kubeconfig).wait_for("serving")
    side = Kubelet(node)
    assert side.prepare(uid) == (names, "")
    side.channel.close()


def test_when_the_old_instance_of_an_update_ends_the_new_one_says_ready_at_once(
    start: StartPlugin, sandbox: SandboxApi, node: NodeDirectories
) -> None:
    """The kubelet of 1.30 refuses the new one until then, and tries again."""
    new = start("--pod-uid", "new", kubeconfig=sandbox.kubeconfig, program=LOOKS_ONCE)
    new.wait_for("the node's state is as it should be")  # after a write it looks once more, and would undo NotReady
    old = start("--pod-uid", "old", kubeconfig=sandbox.kubeconfig)
    old.wait_for("serving")
    assert is_ready(sandbox)
    assert old.stop() == 0
    assert not is_ready(sandbox)
    side = Kubelet(node, f"{DRIVER}-new-reg.sock")
    assert side.info.endpoint.endswith("dra-new.sock")
    side.channel.close()
    eventually(lambda: is_ready(sandbox), "the node is ready again")


def test_devices_that_classic_dra_does_not_know_are_refused(start: StartPlugin, sandbox: SandboxApi) -> None:
    plugin = start("--gpu-partitions", "2", kubeconfig=sandbox.kubeconfig)
    assert plugin.wait() == 1
    assert "these devices are not for classic DRA" in plugin.lines[-1]


def test_a_server_that_serves_neither_is_told_what_to_turn_on(start: StartPlugin, api: LittleApi) -> None:
    api.served = ["v1alpha3"]
    plugin = start()
    assert plugin.wait() == 1
    (line,) = plugin.lines
    assert "v1alpha3" in line
    assert "--runtime-config" in line


def test_it_waits_for_a_server_that_does_not_tell(start: StartPlugin, api: LittleApi) -> None:
    api.fault = lambda _method, _path: refusal(503, "ServiceUnavailable", "starting")
    plugin = start()
    plugin.wait_for("the API server does not say what it serves; asking again")
    api.fault = lambda _method, _path: None
    plugin.wait_for("serving")


def test_stopped_while_it_waits_it_ends_at_once(start: StartPlugin, api: LittleApi) -> None:
    api.fault = lambda _method, _path: refusal(503, "ServiceUnavailable", "starting")
    plugin = start()
    plugin.wait_for("the API server does not say what it serves; asking again")
    assert plugin.stop() == 0
