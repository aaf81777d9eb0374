"""The scheduler's moves in the negotiation with a driver's controller, and what a pod is told that has to wait."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at
from dra_sandbox.scheduler.classic_decision import Attempt, attempt, unreserve
from dra_sandbox.world.objects import World, kind_of, name_of, with_fields, world_of
from dra_sandbox.world.writes import Bind, Create, Delete, Emit, Replace, Write

API = "resource.k8s.io/v1alpha2"
CLASS: JsonObject = {
    "apiVersion": API,
    "kind": "ResourceClass",
    "metadata": {"name": "gpu"},
    "driverName": "d.example.com",
}


def node(name: str) -> JsonObject:
    status: JsonObject = {"allocatable": {"pods": "10"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"host": name}}, "status": status}


def pod(*claims: str) -> JsonObject:
    entries: list[Json] = [{"name": f"my-{item}", "source": {"resourceClaimName": item}} for item in claims]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "ns", "name": "pod", "uid": "pod"},
        "spec": {"containers": [{"name": "c"}], "resourceClaims": entries},
    }


def selector(*names: str) -> JsonObject:
    terms: list[Json] = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]} for name in names
    ]
    return {"nodeSelectorTerms": terms}


def claim(
    name: str, on: str = "", users: tuple[str, ...] = (), mode: str = "WaitForFirstConsumer", **status: Json
) -> JsonObject:
    allocation: JsonObject = {"shareable": True, **({"availableOnNodes": selector(on)} if on else {})}
    reserved: list[Json] = [{"resource": "pods", "name": user, "uid": user} for user in users]
    return {
        "apiVersion": API,
        "kind": "ResourceClaim",
        "metadata": {"namespace": "ns", "name": name, "uid": name},
        "spec": {"resourceClassName": "gpu", "allocationMode": mode},
        "status": {**({"allocation": allocation, "reservedFor": reserved} if on else {}), **status},
    }


def context(spec: JsonObject, told: dict[str, list[str]] | None = None) -> JsonObject:
    owner: JsonObject = {"apiVersion": "v1", "kind": "Pod", "name": "pod", "uid": "pod", "controller": True}
    claims: list[Json] = [{"name": name, "unsuitableNodes": list(nodes)} for name, nodes in (told or {}).items()]
    return {
        "apiVersion": API,
        "kind": "PodSchedulingContext",
        "metadata": {"namespace": "ns", "name": "pod", "uid": "context", "ownerReferences": [owner]},
        "spec": spec,
        "status": {"resourceClaims": claims},
    }


def world(*objects: JsonObject) -> World:
    return world_of(CLASS, *objects)


def move(found: Attempt) -> JsonObject:
    """The specification of the PodSchedulingContext that is written."""
    (write,) = found.writes
    assert isinstance(write, Create | Replace)
    assert kind_of(write.body).startswith("PodSchedulingContext")
    return object_at(write.body, "spec")


def statuses(writes: tuple[Write, ...]) -> dict[str, JsonObject]:
    """What is written to the status of claims."""
    found = (write for write in writes if isinstance(write, Replace) and write.subresource == "status")
    return {name_of(write.body): object_at(write.body, "status") for write in found}


def test_one_claim_and_one_node_are_named_and_selected_in_one_write() -> None:
    found = attempt(world(node("a"), claim("x")), pod("x"))
    assert move(found) == {"potentialNodes": ["a"], "selectedNode": "a"}
    assert found.waiting == "waiting for resource driver to allocate resource"


def test_with_several_claims_the_driver_is_asked_before_a_node_is_selected() -> None:
    nodes, claims, mine = (node("a"), node("b")), (claim("x"), claim("y")), pod("x", "y")
    first = attempt(world(*nodes, *claims), mine)
    assert move(first) == {"potentialNodes": ["a", "b"]}
    assert first.waiting == "waiting for resource driver to provide information"
    asked: JsonObject = {"potentialNodes": ["a", "b"]}
    half = attempt(world(*nodes, *claims, context(asked, {"my-x": []})), mine)
    assert half.writes == ()
    told = {"my-x": ["a"], "my-y": ["a"]}
    assert move(attempt(world(*nodes, *claims, context(asked, told)), mine)) == {**asked, "selectedNode": "b"}


def test_a_selected_node_is_kept_as_long_as_it_will_do() -> None:
    asked: JsonObject = {"potentialNodes": ["a", "b"], "selectedNode": "b"}
    assert attempt(world(node("a"), node("b"), claim("x"), context(asked)), pod("x")).writes == ()
    excluded = context(asked, {"my-x": ["b"]})
    assert move(attempt(world(node("a"), node("b"), claim("x"), excluded), pod("x")))["selectedNode"] == "a"


def test_a_pod_with_all_its_claims_reserves_them_and_gets_its_node() -> None:
    mine = pod("x", "y")
    found = attempt(
        world(node("a"), node("b"), claim("x", on="b", users=("pod",)), claim("y", on="b"), context({})), mine
    )
    assert found.waiting == ""
    reserved, bound = found.writes
    assert isinstance(reserved, Replace)
    assert name_of(reserved.body) == "y"
    assert at(reserved.body, "status", "reservedFor") == [{"resource": "pods", "name": "pod", "uid": "pod"}]
    assert isinstance(bound, Bind)
    assert bound.node == "b"
    event, ended = found.after
    assert isinstance(event, Emit)
    assert isinstance(ended, Delete)


def test_a_pod_that_has_to_wait_keeps_no_claim_from_others() -> None:
    found = attempt(world(node("a"), claim("x", on="a", users=("pod", "other")), claim("y")), pod("x", "y"))
    assert statuses(found.writes)["x"]["reservedFor"] == [{"resource": "pods", "name": "other", "uid": "other"}]


def test_whatever_keeps_a_pod_from_its_node_its_reservations_can_be_taken_back() -> None:
    """Also when meanwhile another claim of it is in use, or gone."""
    busy = with_fields(claim("y", on="a", users=("other",)), ("status", "allocation"), {"shareable": False})
    writes = unreserve(world(claim("x", on="a", users=("pod",)), busy), pod("x", "y", "z"))
    assert list(statuses(writes)) == ["x"]
    assert "reservedFor" not in statuses(writes)["x"]


def test_a_claim_in_the_way_is_given_back_after_the_selection_is_withdrawn() -> None:
    """The claim x is on a node that y cannot have; only this pod uses it."""
    asked = context({"potentialNodes": ["a"], "selectedNode": "a"}, {"my-y": ["a"]})
    found = attempt(world(node("a"), node("b"), claim("x", on="a", users=("pod",)), claim("y"), asked), pod("x", "y"))
    withdrawn, given_back = found.writes
    assert isinstance(withdrawn, Replace)
    assert object_at(withdrawn.body, "spec") == {"potentialNodes": ["a"]}
    assert isinstance(given_back, Replace)
    assert at(given_back.body, "status", "deallocationRequested") is True
    assert at(given_back.body, "status", "reservedFor") is None
    assert found.waiting == (
        "0/2 nodes are available: 1 resourceclaim cannot be allocated for the node (unsuitable), "
        "1 resourceclaim not available on the node."
    )


def test_claims_of_others_and_immediate_ones_are_not_given_back() -> None:
    told = context({"potentialNodes": ["a"]}, {"my-y": ["a"]})
    for kept in (claim("x", on="a", users=("pod", "other")), claim("x", on="a", mode="Immediate")):
        assert attempt(world(node("a"), node("b"), kept, claim("y"), told), pod("x", "y")).writes == ()


def test_what_no_node_can_help_is_told_at_once() -> None:
    def waits(*objects: JsonObject) -> str:
        found = attempt(world(node("a"), *objects), pod("x"))
        assert found.writes == ()
        return found.waiting.removeprefix("0/1 nodes are available: ")

    assert waits() == 'resourceclaim "x" not found.'
    gone = with_fields(claim("x"), ("metadata",), {"deletionTimestamp": "2026-01-31T12:00:00Z"})
    assert waits(gone) == 'resourceclaim "x" is being deleted.'
    assert waits(claim("x", on="a", deallocationRequested=True)) == 'resourceclaim "x" must be reallocated.'
    alone = with_fields(claim("x", on="a", users=("other",)), ("status", "allocation"), {"shareable": False})
    assert waits(alone) == 'resourceclaim "x" in use.'
    assert waits(claim("x", mode="Immediate")) == 'unallocated immediate resourceclaim "x".'
    other = with_fields(claim("x"), ("spec",), {"resourceClassName": "other"})
    assert waits(other) == 'resourceclass "other" not found.'
    foreign = with_fields(context({}), ("metadata",), {"ownerReferences": None})
    assert waits(claim("x"), foreign) == "a PodSchedulingContext of the pod's name belongs to another pod"


def test_a_class_keeps_its_claims_to_its_nodes() -> None:
    narrow: JsonObject = {**CLASS, "suitableNodes": selector("b")}
    nodes = (node("a"), node("b"))
    assert move(attempt(world_of(narrow, *nodes, claim("x")), pod("x")))["potentialNodes"] == ["b"]


def test_no_more_than_128_nodes_are_named() -> None:
    nodes = [node(f"n{number:03}") for number in range(130)]
    potential = move(attempt(world(*nodes, claim("x")), pod("x")))["potentialNodes"]
    assert isinstance(potential, list)
    assert len(potential) == len(set(potential)) == 128
