"""The scheduler with the core's allocator: who gets devices, who waits, and what those are told."""

from __future__ import annotations

import re

from dra_core.snapshot.json_value import Json, JsonObject, text_at
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.expectations import environment_of, gpus_of
from dra_sandbox.demo.installation import DRIVER, install_driver
from dra_sandbox.files import driver_manifest
from dra_sandbox.manifests import objects_in
from dra_sandbox.world.objects import (
    CLAIM,
    POD,
    SLICE,
    TAINT_RULE,
    World,
    being_deleted,
    namespace_of,
    objects_at,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Delete, Patch

from tests.integration.sandbox.workloads import (
    PATIENCE,
    allocated_devices,
    claim,
    claim_spec,
    delete_pod,
    get_pod,
    is_ready,
    pod,
    pod_spec,
    scheduling_message,
    template,
    wait_event,
    wait_gone,
    wait_ready,
)


def test_a_pod_waits_with_the_reason_and_runs_when_devices_are_free(cluster: Sandbox, where: str) -> None:
    cluster.create(
        [
            template(where, "all", claim_spec(8)),
            template(where, "one"),
            pod(where, "first", pod_spec(templates=["all"])),
        ]
    )
    wait_ready(cluster, where, "first")
    cluster.create([pod(where, "second", pod_spec(templates=["one"]))])
    message = wait_event(cluster, where, "second", "FailedScheduling")
    assert message.startswith("0/1 nodes are available: 1 cannot allocate all claims.")
    assert "node-1: request gpu wants 1 of 8 devices, 0 fit: 8 in use" in message
    assert where in message, "who holds the devices is said"
    assert scheduling_message(cluster.world(), where, "second") == message
    delete_pod(cluster, where, "first")
    wait_ready(cluster, where, "second")
    assert len(allocated_devices(cluster.world(), where)) == 1


def test_a_waiting_pod_can_be_deleted_and_takes_its_claim_along(cluster: Sandbox, where: str) -> None:
    cluster.create([template(where, "many", claim_spec(9)), pod(where, "p", pod_spec(templates=["many"]))])
    wait_event(cluster, where, "p", "FailedScheduling")
    delete_pod(cluster, where, "p")
    wait_gone(cluster, where, "p")
    cluster.wait_for(
        lambda world: all(namespace_of(item) != where for item in world.all(CLAIM)), "the claim to be gone", PATIENCE
    )


def test_what_a_selector_saw_is_told(cluster: Sandbox, where: str) -> None:
    expression = f'device.attributes["{DRIVER}"].model == "PAPER-GPU"'
    cluster.create([claim(where, "gpu", claim_spec(expression=expression)), pod(where, "p", pod_spec(claims=["gpu"]))])
    message = wait_event(cluster, where, "p", "FailedScheduling")
    assert "8 not selected by the request" in message
    assert "LATEST-GPU-MODEL" in message


def test_an_error_in_a_selector_is_told_as_it_is(cluster: Sandbox, where: str) -> None:
    expression = f'device.attributes["{DRIVER}"].colour == "red"'
    cluster.create([claim(where, "gpu", claim_spec(expression=expression)), pod(where, "p", pod_spec(claims=["gpu"]))])
    assert "no such key" in wait_event(cluster, where, "p", "FailedScheduling")


def test_pods_spread_over_nodes_and_their_devices_are_those_of_their_node(two_nodes: Sandbox) -> None:
    pods = (pod("default", f"p{n}", pod_spec(templates=["one"])) for n in range(4))
    two_nodes.create([template("default", "one"), *pods])
    wait_ready(two_nodes, "default", *(f"p{n}" for n in range(4)))
    placed = [text_at(get_pod(two_nodes, "default", f"p{n}"), "spec", "nodeName") for n in range(4)]
    assert sorted(placed) == ["node-1", "node-1", "node-2", "node-2"]
    assert sorted(allocated_devices(two_nodes.world(), "default")) == [
        "node-1/gpu-0",
        "node-1/gpu-1",
        "node-2/gpu-0",
        "node-2/gpu-1",
    ]
    printed = [two_nodes.wait_for_output("default", f"p{n}", "ctr0", has_gpu, "a GPU") for n in range(4)]
    assert len({uuid for text in printed for uuid in gpus_of(environment_of(text)).values()}) == 4


def has_gpu(text: str) -> bool:
    return bool(re.search("^GPU_DEVICE_[0-9]+_UUID=.+$", text, re.MULTILINE))


def test_a_pod_is_pending_without_a_driver_and_runs_when_its_devices_are_published() -> None:
    with sandbox() as cluster:
        cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
        wait_event(cluster, "default", "p", "FailedScheduling")
        install_driver(cluster, PATIENCE)
        wait_ready(cluster, "default", "p")


def test_a_device_taint_rule_evicts_the_pod_and_keeps_others_away(cluster: Sandbox, where: str) -> None:
    cluster.create([claim(where, "gpu"), pod(where, "p", pod_spec(claims=["gpu"]))])
    wait_ready(cluster, where, "p")
    taint: JsonObject = {"key": "broken", "value": "yes", "effect": "NoExecute"}
    rule: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceTaintRule",
        "metadata": {"name": f"broken-{where}"},
        "spec": {"deviceSelector": {"driver": DRIVER}, "taint": taint},
    }

    def evicted(world: World) -> bool:
        found = world.get(POD, where, "p")
        return found is None or being_deleted(found)

    cluster.create([rule])
    try:
        cluster.wait_for(evicted, "the pod to be evicted", PATIENCE)
        cluster.create([claim(where, "other"), pod(where, "q", pod_spec(claims=["other"]))])
        assert "tainted" in wait_event(cluster, where, "q", "FailedScheduling")
    finally:  # else no test that comes after a failure would get a device
        made = cluster.world().get(TAINT_RULE, "", f"broken-{where}")
        assert made is not None
        cluster.carry_out(Delete(kind=TAINT_RULE, namespace="", name=f"broken-{where}", uid=uid_of(made)))
    cluster.wait_for(is_ready(where, "q"), "the pod to run when the taint is gone", PATIENCE)


def test_a_pod_waits_until_its_device_is_reported_ready_to_be_bound() -> None:
    with sandbox() as cluster:
        cluster.create(with_environment(objects_in(driver_manifest()), BINDING_CONDITIONS="true"))
        cluster.wait_for(lambda world: world.all(SLICE), "the driver's slices", PATIENCE)
        cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
        assert "gpu-0: BindingConditions" in wait_event(cluster, "default", "p", "BindingConditionsPending")
        assert text_at(get_pod(cluster, "default", "p"), "spec", "nodeName") == ""
        condition: JsonObject = {
            "type": "BindingConditions",
            "status": "True",
            "reason": "Attached",
            "message": "",
            "lastTransitionTime": "2026-01-31T12:00:00Z",
        }
        device: JsonObject = {"driver": DRIVER, "pool": "node-1", "device": "gpu-0", "conditions": [condition]}
        change: JsonObject = {"status": {"devices": [device]}}
        cluster.carry_out(Patch(kind=CLAIM, namespace="default", name="gpu", patch=change, subresource="status"))
        wait_ready(cluster, "default", "p")


def with_environment(objects: tuple[JsonObject, ...], **variables: str) -> list[JsonObject]:
    """The driver's objects with more variables for the plugin."""
    more: list[Json] = [{"name": name, "value": value} for name, value in variables.items()]
    changed: list[JsonObject] = []
    for value in objects:
        if value["kind"] == "DaemonSet":
            (container,) = objects_at(value, "spec", "template", "spec", "containers")
            richer: JsonObject = {**container, "env": [*objects_at(container, "env"), *more]}
            value = with_fields(value, ("spec", "template", "spec"), {"containers": [richer]})
        changed.append(value)
    return changed


def test_devices_can_be_asked_for_as_extended_resources(cluster: Sandbox, where: str) -> None:
    resource = f"deviceclass.resource.kubernetes.io/{DRIVER}"
    spec = pod_spec()
    (container,) = objects_at(spec, "containers")
    asking: JsonObject = {**container, "resources": {"limits": {resource: "2"}}}
    greedy: JsonObject = {**container, "resources": {"limits": {resource: "9"}}}
    cluster.create(
        [
            pod(where, "p", {**spec, "containers": [asking]}),
            pod(where, "greedy", {**spec, "containers": [greedy]}),
        ]
    )
    wait_ready(cluster, where, "p")
    cluster.wait_for_output(where, "p", "ctr0", lambda text: len(gpus_of(environment_of(text))) == 2, "two GPUs")
    assert len(allocated_devices(cluster.world(), where)) == 2
    wait_event(cluster, where, "greedy", "FailedScheduling")
    claims = [item for item in cluster.world().all(CLAIM) if namespace_of(item) == where]
    assert len(claims) == 1, "none is made for a pod that fits nowhere"
    delete_pod(cluster, where, "p")
    wait_gone(cluster, where, "p")
    cluster.wait_for(lambda world: not allocated_devices(world, where), "the devices to be free", PATIENCE)
