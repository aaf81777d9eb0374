"""Where pods go, what their claims get, and what a pod is told that goes nowhere."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at
from dra_sandbox.scheduler.decision import (
    MOST_CONSUMERS,
    Found,
    NotFound,
    Placement,
    Unschedulable,
    place,
    placement_writes,
    unschedulable_writes,
    waiting_pods,
)
from dra_sandbox.world.objects import World, finalizers_of, name_of, with_fields, world_of
from dra_sandbox.world.writes import Bind, Emit, Patch, Replace

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def node(name: str, **spec: Json) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"}},
    }


def pod(
    name: str = "pod", node_name: str = "", claims: tuple[str, ...] = (), cpu: str = "", **spec: Json
) -> JsonObject:
    container: JsonObject = {"name": "c", **({"resources": {"requests": {"cpu": cpu}}} if cpu else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "ns", "name": name, "uid": name, "creationTimestamp": "2026-01-31T11:00:00Z"},
        "spec": {
            "containers": [container],
            "resourceClaims": [{"name": item, "resourceClaimName": item} for item in claims],
            **({"nodeName": node_name} if node_name else {}),
            **spec,
        },
    }


def claim(name: str, **status: Json) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "ns", "name": name, "uid": name},
        "status": status,
    }


def no_devices(_: JsonObject, __: tuple[JsonObject, ...]) -> Found | NotFound:
    return NotFound("cannot allocate all claims", "request gpu wants 1 of 8 devices, 0 fit: 8 in use")


def a_device(where: JsonObject, claims: tuple[JsonObject, ...]) -> Found:
    return Found(
        tuple({"devices": {"results": [{"pool": name_of(where), "device": name_of(item)}]}} for item in claims)
    )


def verdict(world: World, waiting: JsonObject) -> str:
    found = place(world, waiting, no_devices)
    return found.message if isinstance(found, Unschedulable) else f"on {found.node}"


def test_the_emptiest_node_is_taken_then_the_first_by_name() -> None:
    assert place(world_of(node("b"), node("a")), pod(), no_devices) == Placement("a")
    assert place(world_of(node("b"), node("a"), pod("x", "a")), pod(), no_devices) == Placement("b")


def test_finished_pods_take_no_room() -> None:
    done = with_fields(pod("x", "a"), ("status",), {"phase": "Succeeded"})
    assert place(world_of(node("b"), node("a"), done), pod(), no_devices) == Placement("a")


def test_every_refusal_is_counted_once_per_node() -> None:
    taint: JsonObject = {"key": "k", "value": "v", "effect": "NoSchedule"}
    world = world_of(node("a", unschedulable=True), node("b", taints=[taint]), node("c", taints=[taint]), node("d"))
    assert verdict(world, pod(cpu="3")) == (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, "
        "2 node(s) had untolerated taint {k: v}."
    )
    assert verdict(world_of(), pod()) == "0/0 nodes are available: no nodes in the cluster."


def test_why_no_devices_can_be_had_is_explained_per_node() -> None:
    world = world_of(node("a"), claim("gpu"))
    assert verdict(world, pod(claims=("gpu",))) == (
        "0/1 nodes are available: 1 cannot allocate all claims. a: request gpu wants 1 of 8 devices, 0 fit: 8 in use"
    )


def test_a_fault_that_no_node_can_cure_ends_the_search() -> None:
    asked: list[str] = []

    def broken(where: JsonObject, _: tuple[JsonObject, ...]) -> NotFound:
        asked.append(name_of(where))
        return NotFound("CEL runtime error", everywhere=True)

    found = place(world_of(node("a"), node("b"), claim("gpu")), pod(claims=("gpu",)), broken)
    assert found == Unschedulable("CEL runtime error.")
    assert asked == ["a"]


def test_claims_must_be_there_and_usable() -> None:
    used: Json = [{"resource": "pods", "name": f"p{number}", "uid": f"p{number}"} for number in range(MOST_CONSUMERS)]
    going = with_fields(claim("gpu"), ("metadata",), {"deletionTimestamp": "2026-01-31T12:00:00Z"})
    wanting = pod(claims=("gpu",))
    assert 'resourceclaim "gpu" not found' in verdict(world_of(node("a")), wanting)
    assert "being deleted" in verdict(world_of(node("a"), going), wanting)
    assert "256 pods" in verdict(world_of(node("a"), claim("gpu", reservedFor=used)), wanting)


def test_an_allocated_claim_holds_the_pod_to_its_nodes() -> None:
    only_b: JsonObject = {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}]
    }
    bound = claim("gpu", allocation={"devices": {}, "nodeSelector": only_b})
    assert place(world_of(node("a"), node("b"), bound), pod(claims=("gpu",)), no_devices) == Placement("b")
    assert "resourceclaim not available on the node" in verdict(world_of(node("a"), bound), pod(claims=("gpu",)))


def test_pods_wait_by_priority_then_age_and_not_before_their_claims_are_made() -> None:
    young = with_fields(pod("young"), ("metadata",), {"creationTimestamp": "2026-01-31T11:30:00Z"})
    important = with_fields(young, ("spec",), {"priority": 10})
    important = with_fields(important, ("metadata",), {"name": "important"})
    unmade = pod("unmade", resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])
    gated = pod("gated", schedulingGates=[{"name": "later"}])
    found = waiting_pods(world_of(young, pod("old"), important, unmade, gated, pod("placed", "a")))
    assert [name_of(item) for item in found] == ["important", "old", "young"]


def test_claims_are_protected_then_allocated_and_reserved_then_the_pod_is_bound() -> None:
    waiting, world = pod(claims=("gpu",)), world_of(node("a"), claim("gpu"))
    placement = place(world, waiting, a_device)
    assert isinstance(placement, Placement)
    protect, bind, event = placement_writes(world, waiting, placement, NOW)
    assert isinstance(protect, Replace)
    assert finalizers_of(protect.body) == ("resource.kubernetes.io/delete-protection",)
    reserve = protect.then
    assert reserve is not None
    assert reserve.subresource == "status"
    assert at(reserve.body, "status", "allocation", "allocationTimestamp") == "2026-01-31T12:00:00Z"
    assert list_at(reserve.body, "status", "reservedFor") == [{"resource": "pods", "name": "pod", "uid": "pod"}]
    assert bind == Bind(namespace="ns", name="pod", uid="pod", node="a")
    assert isinstance(event, Emit)


def test_a_shared_claim_keeps_its_allocation_and_its_other_users() -> None:
    other: JsonObject = {"resource": "pods", "name": "x", "uid": "x"}
    shared = claim("gpu", allocation={"devices": {}}, reservedFor=[other])
    shared = with_fields(shared, ("metadata",), {"finalizers": ["resource.kubernetes.io/delete-protection"]})
    waiting = pod(claims=("gpu",))
    reserve, *_ = placement_writes(world_of(shared), waiting, Placement("a"), NOW)
    assert isinstance(reserve, Replace)
    assert object_at(reserve.body, "status", "allocation") == {"devices": {}}
    assert len(list_at(reserve.body, "status", "reservedFor")) == 2


def test_a_pod_is_told_the_same_reason_once() -> None:
    waiting = pod()
    told, event = unschedulable_writes(waiting, Unschedulable("why"), NOW)
    assert isinstance(told, Patch)
    assert isinstance(event, Emit)
    knowing = with_fields(waiting, ("status",), object_at(told.patch, "status"))
    assert unschedulable_writes(knowing, Unschedulable("why"), NOW) == ()
    assert len(unschedulable_writes(knowing, Unschedulable("something else"), NOW)) == 2
