"""What-ifs do what they say, and no more."""

from __future__ import annotations

from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import (
    AddNodes,
    Cluster,
    ClusterSnapshot,
    Devices,
    Document,
    Drain,
    Edit,
    FailDevices,
    RemoveNode,
    Repartition,
    UntaintDevices,
    Without,
    changed,
    read_cluster,
    status_of,
    wanted_pods,
)
from dra_core.snapshot.json_value import Json, JsonObject, object_at

DRIVER = "gpu.example.com"


def snapshot(*objects: Json) -> ClusterSnapshot:
    return read_cluster([Document("f", i, value) for i, value in enumerate(objects)]).unwrap().snapshot


def node(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"allocatable": {"pods": "9"}}}


def part(name: str, node_name: str, devices: list[Json], *, pool: str = "", slices: int = 1) -> JsonObject:
    spec: JsonObject = {
        "driver": DRIVER,
        "nodeName": node_name,
        "pool": {"name": pool or node_name, "generation": 1, "resourceSliceCount": slices},
        "devices": devices,
    }
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": name}, "spec": spec}


def owned(kind: str, name: str, owner_kind: str, owner: str, **rest: Json) -> JsonObject:
    owners: list[Json] = [{"apiVersion": "x/v1", "kind": owner_kind, "name": owner, "uid": owner, "controller": True}]
    version = {"Pod": "v1", "ReplicaSet": "apps/v1"}.get(kind, "resource.k8s.io/v1")
    metadata: JsonObject = {"name": name, "uid": name, "ownerReferences": owners}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def held(device: str, consumer: str, resource: str = "pods") -> JsonObject:
    """A claim's status: the device of the node a, for the consumer."""
    result: JsonObject = {"request": "gpu", "driver": DRIVER, "pool": "a", "device": device}
    reserved: JsonObject = {"resource": resource, "name": consumer, "uid": consumer}
    return {"allocation": {"devices": {"results": [result]}}, "reservedFor": [reserved]}


def after(before: ClusterSnapshot, *edits: Edit) -> ClusterSnapshot:
    return changed(before, edits).unwrap()


def states(found: ClusterSnapshot) -> dict[str, str]:
    return {f"{item.pool}/{item.device}": item.state for item in status_of(Cluster(found, CelLanguage())).devices}


def tainted(found: ClusterSnapshot) -> list[str]:
    return [item.device for item in status_of(Cluster(found, CelLanguage())).devices if item.taints]


CLAIM: JsonObject = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "c"}}]}}
TWO: list[Json] = [{"name": "gpu-0"}, {"name": "gpu-1"}]


def test_a_device_loses_a_rules_taint_and_the_others_keep_it() -> None:
    rule: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceTaintRule",
        "metadata": {"name": "r"},
        "spec": {"deviceSelector": {"pool": "a"}, "taint": {"key": "bad", "effect": "NoSchedule"}},
    }
    before = snapshot(node("a"), part("a", "a", TWO), rule)
    assert tainted(before) == ["gpu-0", "gpu-1"]
    assert tainted(after(before, UntaintDevices(devices=Devices(device="gpu-1"), key="bad"))) == ["gpu-0"]
    elsewhere = snapshot(node("a"), node("b"), part("a", "a", TWO), part("b", "b", TWO), rule)
    refused = changed(elsewhere, [UntaintDevices(devices=Devices(pool="b"), key="bad")])
    assert refused.failure().code == "WhatIfMeansNothing"


def test_a_workload_goes_with_everything_that_it_made_and_nothing_else() -> None:
    before = snapshot(
        node("a"),
        part("a", "a", TWO),
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "uid": "w"}, "spec": {"replicas": 1}},
        owned("ReplicaSet", "w-1", "Deployment", "w", spec={"replicas": 1}),
        owned("Pod", "w-1-x", "ReplicaSet", "w-1", spec={"nodeName": "a"}),
        owned("ResourceClaim", "w-1-x-gpu", "Pod", "w-1-x", spec=CLAIM, status=held("gpu-0", "w-1-x")),
        owned("Pod", "other-x", "ReplicaSet", "other", spec={"nodeName": "a"}),
        owned("ResourceClaim", "other-x-gpu", "Pod", "other-x", spec=CLAIM, status=held("gpu-1", "other-x")),
    )
    assert states(before) == {"a/gpu-0": "InUse", "a/gpu-1": "InUse"}
    without = after(before, Without(kind="Deployment", namespace="default", name="w"))
    assert states(without) == {"a/gpu-0": "Free", "a/gpu-1": "InUse"}
    assert [pod.metadata.name for pod in without.pods] == ["other-x"]
    assert not without.workloads
    assert not wanted_pods(without)


def test_a_device_of_a_pool_of_several_slices_is_cut_once() -> None:
    devices: list[Json] = [
        {"name": name, "consumesCounters": [{"counterSet": "gpu-0", "counters": {"memory": {"value": value}}}]}
        for name, value in (("whole", "8"), ("half-0", "4"), ("half-1", "4"))
    ]
    counters: JsonObject = {"name": "gpu-0", "counters": {"memory": {"value": "8"}}}
    shared = part("a", "a", [], slices=3)
    spec = {key: value for key, value in object_at(shared, "spec").items() if key != "devices"}
    before = snapshot(
        node("a"),
        {**shared, "spec": {**spec, "sharedCounters": [counters]}},
        part("a-0", "a", devices[:2], slices=3),
        part("a-1", "a", devices[2:], slices=3),
    )
    cut = after(before, Repartition(pool="a", counter_set="gpu-0", parts=2))
    names = [device.name for item in cut.slices for device in item.spec.devices]
    assert names == ["whole", "gpu-0-part-0", "gpu-0-part-1"]


def test_an_added_nodes_pool_is_complete_where_its_models_pool_is_on_several_nodes() -> None:
    before = snapshot(
        node("a"),
        node("b"),
        part("a", "a", [{"name": "gpu-0"}], pool="shared", slices=2),
        part("b", "b", [{"name": "gpu-1"}], pool="shared", slices=2),
    )
    assert states(after(before, AddNodes(like="a")))["shared-a-new-1/gpu-0"] == "Free"


def test_a_node_goes_with_its_devices_of_slices_that_are_on_several() -> None:
    several = part("fabric", "a", [{"name": name, "nodeName": name} for name in ("a", "b")])
    spec = {key: value for key, value in object_at(several, "spec").items() if key != "nodeName"}
    before = snapshot(node("a"), node("b"), {**several, "spec": {**spec, "perDeviceNodeSelection": True}})
    assert list(states(before)) == ["a/a", "a/b"]
    assert list(states(after(before, RemoveNode(node="a")))) == ["a/b"]


def test_pods_that_hold_a_device_as_a_group_wait_again_together() -> None:
    member: JsonObject = {"nodeName": "a", "schedulingGroup": {"podGroupName": "g"}}
    status = held("gpu-0", "g", "podgroups")
    before = snapshot(
        node("a"),
        node("b"),
        part("a", "a", TWO),
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "g-0"}, "spec": member},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "g-1"}, "spec": member},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "g"}, "spec": {"nodeName": "a"}},
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": "c"},
            "spec": CLAIM,
            "status": status,
        },
    )
    failed = after(before, FailDevices(devices=Devices(device="gpu-0")))
    assert [item.pod.metadata.name for item in wanted_pods(failed)] == ["g-0", "g-1"]
    drained = after(before, Drain(node="a"))
    assert states(drained)["a/gpu-0"] == "Free"
    assert states(after(before, Without(kind="Pod", namespace="default", name="g-0")))["a/gpu-0"] == "InUse"
