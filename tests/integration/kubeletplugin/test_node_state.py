"""``spec.preparedClaims`` of the node's NodeAllocationState on modern clusters: a report for people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from dra_apiserver import NODE_STATES
from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide, eventually_prepared
from tests.integration.kubeletplugin.little_api import LittleApi, refusal
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories
from tests.integration.kubeletplugin.sandbox_api import SandboxApi, done
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, result


@pytest.fixture
def sandbox(node: NodeDirectories) -> Iterator[SandboxApi]:
    with SandboxApi(node.root / "sandbox") as api:
        yield api


def prepared(state: JsonObject) -> dict[str, list[tuple[str, str]]]:
    claims = object_at(state, "spec", "preparedClaims")
    return {
        uid: [(text_at(each, "pool"), text_at(each, "device")) for each in list_at(entry, "devices")]
        for uid, entry in claims.items()
    }


def tells(sandbox: SandboxApi, wanted: dict[str, list[tuple[str, str]]]) -> bool:
    state = sandbox.node_state()
    return bool(state) and prepared(state) == wanted


def test_it_tells_what_is_prepared_after_each_call_and_after_a_restart(
    start: StartPlugin, sandbox: SandboxApi, kubelet: KubeletSide
) -> None:
    sandbox.install_node_states()
    plugin = start(kubeconfig=sandbox.kubeconfig)
    kubelet.wait_for_plugin()
    eventually(partial(tells, sandbox, {}), "a state that tells of nothing prepared")
    (owner,) = list_at(sandbox.node_state(), "metadata", "ownerReferences")
    assert owner == {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": sandbox.node_uid()}
    first = sandbox.allocated("first", [result("gpu-1", "a"), result("gpu-4", "b")])
    second = sandbox.allocated("second", [result("gpu-2")])
    kubelet.prepare(first, second)
    both = {first.uid: [(NODE, "gpu-1"), (NODE, "gpu-4")], second.uid: [(NODE, "gpu-2")]}
    eventually(partial(tells, sandbox, both), "both claims")
    kubelet.unprepare(first)
    eventually(partial(tells, sandbox, {second.uid: [(NODE, "gpu-2")]}), "one claim")
    plugin.kill()
    done(sandbox.client.merge(NODE_STATES, NODE, {"spec": {"preparedClaims": {"ghost": {"devices": []}}}}, "default"))
    start(kubeconfig=sandbox.kubeconfig)
    eventually(partial(tells, sandbox, {second.uid: [(NODE, "gpu-2")]}), "the truth, after a restart")


def test_it_leaves_alone_what_others_write(start: StartPlugin, sandbox: SandboxApi, kubelet: KubeletSide) -> None:
    sandbox.install_node_states()
    others: JsonObject = {
        "apiVersion": "nas.gpu.resource.example.com/v1alpha1",
        "kind": "NodeAllocationState",
        "metadata": {"name": NODE, "namespace": "default", "labels": {"whose": "controller"}},
        "spec": {"allocatableDevices": [{"gpu": {"uuid": "GPU-1", "productName": "X"}}]},
        "status": "Ready",
    }
    made = sandbox.client.create(NODE_STATES, others).unwrap()
    start(kubeconfig=sandbox.kubeconfig)
    kubelet.wait_for_plugin()
    asked = sandbox.allocated("claim", [result("gpu-1")])
    kubelet.prepare_one(asked)
    eventually(partial(tells, sandbox, {asked.uid: [(NODE, "gpu-1")]}), "the claim")
    kubelet.unprepare(asked)
    eventually(partial(tells, sandbox, {}), "nothing")
    state = sandbox.node_state()
    assert (state["spec"], state["status"]) == (made["spec"], "Ready")
    assert object_at(state, "metadata")["labels"] == {"whose": "controller"}
    assert "ownerReferences" not in object_at(state, "metadata")


def test_where_it_is_not_served_nothing_is_missed(start: StartPlugin, api: LittleApi, kubelet: KubeletSide) -> None:
    """Neither a prepare nor an unprepare asks for it."""
    api.add(claim("uid-1", [result("gpu-1")]))
    plugin = start("--log-level", "debug")
    kubelet.wait_for_plugin()
    told = "the API server knows no NodeAllocationStates; looking again later"
    plugin.wait_for(told)
    for _ in range(5):  # each takes longer than a look that it would have caused
        eventually_prepared(kubelet, Claim("uid-1", "claim"))
        kubelet.unprepare(Claim("uid-1", "claim"))
    assert plugin.stop() == 0
    assert plugin.log_count(told) == 1  # looks, not requests: one that is not answered in time is made again
    assert api.count("POST", "nodeallocationstates") == 0


def test_missing_rights_are_told_once_and_hold_nothing_up(
    start: StartPlugin, api: LittleApi, kubelet: KubeletSide
) -> None:
    api.add(claim("uid-1", [result("gpu-1")]))
    api.fault = lambda _, path: refusal(403, "Forbidden", "no") if "nodeallocationstates" in path else None
    plugin = start()
    kubelet.wait_for_plugin()
    plugin.wait_for("the node's state could not be published; trying again")
    eventually(lambda: api.count("GET", "nodeallocationstates") > 2, "it tries again")
    kubelet.prepare_one(Claim("uid-1", "claim"))
    assert plugin.stop() == 0
    assert plugin.log_count("the node's state could not be published; trying again") == 1
