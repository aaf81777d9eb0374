"""The plugin against an API server that validates, versions and refuses as a real one does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dra_apiserver import RESOURCE_SLICES
from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import KubeletSide, container_environment
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories
from tests.integration.kubeletplugin.sandbox_api import SandboxApi
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import config, gpu_config, result


@pytest.fixture
def sandbox(node: NodeDirectories) -> Iterator[SandboxApi]:
    with SandboxApi(node.root / "sandbox") as api:
        yield api


def devices(slices: list[JsonObject]) -> int:
    return sum(len(list_at(each, "spec", "devices")) for each in slices)


@pytest.mark.parametrize(
    ("flags", "count"),
    [
        ([], 8),
        (["--num-devices", "150"], 150),
        (["--num-devices", "3", "--gpu-partitions", "4"], 15),
        (["--num-devices", "2", "--gpu-allow-multiple-allocations"], 2),
        (["--num-devices", "2", "--binding-conditions"], 2),
        (["--num-devices", "20", "--gpu-partitions", "40", "--gpu-allow-multiple-allocations"], 820),
        (["--device-profile", "net", "--driver-name", "gpu.example.com", "--num-devices", "4"], 4),
        (["--device-profile", "cpu", "--driver-name", "gpu.example.com", "--num-devices", "2"], 2),
    ],
)
def test_all_that_can_be_published_is_accepted(
    start: StartPlugin, sandbox: SandboxApi, kubelet: KubeletSide, flags: list[str], count: int
) -> None:
    """And found to be as wanted by the next instance, which writes nothing."""
    plugin = start(*flags, kubeconfig=sandbox.kubeconfig)
    kubelet.wait_for_plugin()
    plugin.wait_for("slices published")
    before = list(sandbox.slices())
    assert devices(before) == count
    assert plugin.stop() == 0
    kubelet.wait_until_gone()
    again = start(*flags, "--log-level", "debug", kubeconfig=sandbox.kubeconfig)
    again.wait_for("slices are as they should be")
    assert list(sandbox.slices()) == before
    assert again.log_count("slices could not be published; trying again") == 0


def test_a_claim_from_allocation_to_the_container(
    start: StartPlugin, sandbox: SandboxApi, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    start(kubeconfig=sandbox.kubeconfig)
    kubelet.wait_for_plugin()
    long = gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}})
    claim = sandbox.allocated("claim", [result("gpu-1")], [config(long)])
    seen = container_environment(node.cdi, kubelet.prepare_one(claim))
    assert seen["GPU_DEVICE_1_TIMESLICE_INTERVAL"] == "Long"
    sandbox.delete_claim(claim)
    assert kubelet.unprepare(claim) == {claim.uid: ""}


def test_deleted_and_changed_slices_are_put_right(
    start: StartPlugin, sandbox: SandboxApi, kubelet: KubeletSide
) -> None:
    start(kubeconfig=sandbox.kubeconfig)
    kubelet.wait_for_plugin()
    (first,) = eventually(sandbox.slices, "a slice")
    assert list_at(first, "metadata", "ownerReferences") == [
        {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": sandbox.node_uid(), "controller": True}
    ]
    sandbox.client.delete(RESOURCE_SLICES, text_at(first, "metadata", "name"))

    def made_anew() -> JsonObject | None:
        return next((each for each in sandbox.slices() if uid(each) != uid(first)), None)

    second = eventually(made_anew, "a new slice")
    assert at(second, "spec") == at(first, "spec")


def uid(value: JsonObject) -> str:
    return text_at(value, "metadata", "uid")
