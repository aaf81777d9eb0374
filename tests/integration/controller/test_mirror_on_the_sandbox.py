"""The controller on a modern cluster, with the driver's plugin, scheduler and kubelet: states follow what happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from dra_apiserver import NODE_STATES, NODES, RESOURCE_SLICES
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.files import example_manifest
from dra_sandbox.manifests import objects_in

from tests.integration.controller.controller_process import ControllerProcess
from tests.integration.controller.over_http import OverHttp, done, eventually
from tests.integration.controller.plugins_alone import install_plugins
from tests.integration.sandbox.workloads import delete_pod, wait_gone, wait_ready
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE

EXAMPLE = "basic-shared-claim-across-pods"
NODE = "node-1"


class Mirrored:
    """A sandbox with the driver, and what its NodeAllocationState says."""

    def __init__(self, cluster: Sandbox) -> None:
        self.cluster = cluster
        self.api = OverHttp(cluster.kubeconfig)

    def state(self, node_name: str = NODE) -> JsonObject | None:
        return self.api.client.get(NODE_STATES, node_name, DRIVER_NAMESPACE).value_or(None)

    def wait_for_counts(self, what: str, **counts: int) -> JsonObject:
        def look() -> JsonObject | None:
            state = self.state()
            told = object_at(state, "spec", "counts")
            return state if all(told.get(name) == count for name, count in counts.items()) else None

        return eventually(look, f"{what}: {counts}, the last is {self.state()}")

    def edit(self, patch: JsonObject) -> JsonObject:
        return done(self.api.client.merge(NODE_STATES, NODE, patch, DRIVER_NAMESPACE))


@pytest.fixture
def mirrored() -> Iterator[Mirrored]:
    with sandbox() as cluster:
        install_plugins(cluster)
        made = Mirrored(cluster)
        eventually(made.state, "the plugin has said what is prepared, and writes it only when that changes")
        yield made


@pytest.fixture
def controller(mirrored: Mirrored) -> Iterator[ControllerProcess]:
    process = ControllerProcess(mirrored.cluster.kubeconfig, ["--leader-election", "false"])
    yield process
    process.end()


def what_is_said(state: JsonObject | None) -> JsonObject:
    """Without what the API server and the plugin say of it."""
    return {"spec": {**object_at(state, "spec"), "preparedClaims": None}, "status": at(state, "status")}


def test_the_state_follows_an_example_and_becomes_as_at_first(
    mirrored: Mirrored, controller: ControllerProcess
) -> None:
    assert controller.wait_for("speaking")["generation"] == "modern"
    first = mirrored.wait_for_counts("the devices are there", devices=8, allocated=0, prepared=0, unhealthy=0)
    assert first["status"] == "Ready"
    devices = [object_at(each, "device") for each in list_at(first, "spec", "allocatableDevices")]
    assert [text_at(device, "name") for device in devices] == [f"gpu-{i}" for i in range(8)]
    assert text_at(devices[3], "attributes", "index") == "3"
    assert text_at(devices[3], "capacity", "memory") == "80Gi"
    (owner,) = list_at(first, "metadata", "ownerReferences")
    assert (text_at(owner, "kind"), text_at(owner, "name")) == ("Node", NODE)

    objects = objects_in(example_manifest(EXAMPLE))
    namespace = next(text_at(each, "metadata", "namespace") for each in objects if each["kind"] == "Pod")
    pods = [text_at(each, "metadata", "name") for each in objects if each["kind"] == "Pod"]
    mirrored.cluster.create(objects)
    wait_ready(mirrored.cluster, namespace, *pods)

    def has_all_pods() -> JsonObject | None:
        (entry,) = object_at(mirrored.state(), "spec", "allocatedClaims").values()
        return object_at(entry) if list_at(entry, "claim", "pods") == sorted(pods) else None

    mirrored.wait_for_counts("one GPU for both pods", devices=8, allocated=1)
    entry = eventually(has_all_pods, "both pods are told")
    assert text_at(entry, "claim", "namespace") == namespace
    (result,) = list_at(entry, "devices")
    assert text_at(result, "pool") == NODE
    assert text_at(result, "device") in {text_at(device, "name") for device in devices}

    for pod in pods:
        delete_pod(mirrored.cluster, namespace, pod)
    for pod in pods:
        wait_gone(mirrored.cluster, namespace, pod)
    last = mirrored.wait_for_counts("nothing is left", devices=8, allocated=0, prepared=0)
    assert what_is_said(last) == what_is_said(first)


def test_what_people_edit_is_put_back_and_what_the_plugin_writes_stays(
    mirrored: Mirrored, controller: ControllerProcess
) -> None:
    first = mirrored.wait_for_counts("the devices are there", devices=8)
    prepared: JsonObject = {"some-uid": {"devices": [{"pool": NODE, "device": "gpu-1"}]}}
    mirrored.edit({"spec": {"preparedClaims": prepared}})
    told = mirrored.wait_for_counts("what is prepared is counted", prepared=1)
    assert object_at(told, "spec", "preparedClaims") == prepared
    mirrored.edit({"spec": {"allocatableDevices": None, "counts": {"devices": 99}}, "status": "NotReady"})

    def is_put_back() -> bool:
        state = mirrored.state()
        said = what_is_said(state)
        wanted = object_at(what_is_said(first), "spec")
        same = {**object_at(said, "spec"), "counts": None} == {**wanted, "counts": None}
        return same and said["status"] == "Ready" and at(state, "spec", "counts", "devices") == 8

    eventually(is_put_back, f"it is put back: {controller.lines}")
    done(mirrored.api.client.delete(NODE_STATES, NODE, DRIVER_NAMESPACE))
    mirrored.wait_for_counts("it is made anew", devices=8)


@pytest.mark.usefixtures("controller")
def test_a_node_whose_pool_is_not_complete_is_not_ready(mirrored: Mirrored) -> None:
    """On a node without a plugin, which would delete what it has not published, at once if it is just publishing."""
    mirrored.wait_for_counts("the devices are there", devices=8)
    elsewhere = "node-without-plugin"
    done(mirrored.api.client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": elsewhere}}))
    foreign: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "half"},
        "spec": {
            "driver": "gpu.example.com",
            "nodeName": elsewhere,
            "pool": {"name": "second", "generation": 1, "resourceSliceCount": 2},
            "devices": [{"name": "gpu-8", "taints": [{"key": "broken", "effect": "NoExecute"}]}],
        },
    }
    done(mirrored.api.client.create(RESOURCE_SLICES, foreign))

    def half() -> JsonObject | None:
        state = mirrored.state(elsewhere)
        return state if list_at(state, "spec", "allocatableDevices") else None

    state = eventually(half, "the pool that is not complete is shown")
    (said,) = list_at(state, "spec", "allocatableDevices")
    device = object_at(said, "device")
    assert (device["name"], device["health"], device["taints"]) == ("gpu-8", "Unhealthy", ["broken:NoExecute"])
    assert state["status"] == "NotReady"


def test_kubectl_shows_the_counts(mirrored: Mirrored, controller: ControllerProcess) -> None:
    mirrored.wait_for_counts("the devices are there", devices=8)
    command = ["kubectl", "--kubeconfig", str(mirrored.cluster.kubeconfig), "get", "nas", "-n", DRIVER_NAMESPACE]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("kubectl is not installed")
    head, row = shown.stdout.splitlines()
    assert head.split() == ["NAME", "DEVICES", "ALLOCATED", "PREPARED", "UNHEALTHY", "STATUS", "AGE"]
    assert row.split()[:6] == [NODE, "8", "0", "0", "0", "Ready"], controller.lines


def test_nobody_speaks_to_a_server_without_the_api(mirrored: Mirrored) -> None:
    """Told ``classic`` it goes where it was told, and says what it misses."""
    process = ControllerProcess(mirrored.cluster.kubeconfig, ["--api-generation", "classic"])
    try:
        broken = process.wait_for("a watch broke")
        assert "404" in text_at(broken, "error")
        assert process.ask("/readyz")[0] == 503
    finally:
        process.end()
