"""What the resource claim controller of Kubernetes 1.30 does with reservations, and for pods that come with a node."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at
from dra_sandbox.controllers.classic_claims import placed_pods, release_classic
from dra_sandbox.world.objects import name_of, with_fields, world_of
from dra_sandbox.world.writes import Create, Replace

API = "resource.k8s.io/v1alpha2"


def pod(name: str, node: str = "", phase: str = "Running") -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "ns", "name": name, "uid": name},
        "spec": {"nodeName": node, "resourceClaims": [{"name": "gpu", "source": {"resourceClaimName": "x"}}]},
        "status": {"phase": phase},
    }


def claim(
    *users: str, mode: str = "WaitForFirstConsumer", allocated: bool = True, shareable: bool = True
) -> JsonObject:
    reserved: list[Json] = [{"resource": "pods", "name": user, "uid": user} for user in users]
    status: JsonObject = {"allocation": {"shareable": shareable}, "reservedFor": reserved} if allocated else {}
    return {
        "apiVersion": API,
        "kind": "ResourceClaim",
        "metadata": {"namespace": "ns", "name": "x", "uid": "x"},
        "spec": {"allocationMode": mode},
        "status": status,
    }


def released(*objects: JsonObject, gone: frozenset[str] = frozenset()) -> JsonObject | None:
    writes = release_classic(world_of(*objects), gone).writes
    for write in writes:
        assert isinstance(write, Replace)
        return object_at(write.body, "status")
    return None


def test_the_last_user_asks_for_the_deallocation_in_the_same_write() -> None:
    left = released(claim("a", "b"), pod("a"), pod("b", phase="Succeeded"))
    assert at(left, "deallocationRequested") is None
    assert at(left, "reservedFor") == [{"resource": "pods", "name": "a", "uid": "a"}]
    assert released(claim("a"), pod("a", phase="Failed")) == {
        "allocation": {"shareable": True},
        "deallocationRequested": True,
    }


def test_an_immediate_claim_stays_allocated() -> None:
    assert released(claim("a", mode="Immediate"), pod("a", phase="Failed")) == {"allocation": {"shareable": True}}


def test_a_pod_that_is_not_seen_is_asked_for_first() -> None:
    assert released(claim("a")) is None
    (asked,) = release_classic(world_of(claim("a")), frozenset()).unsure
    assert (asked.kind, asked.name, asked.uid) == ("Pod", "a", "a")
    assert at(released(claim("a"), gone=frozenset({"a"})), "deallocationRequested") is True


def test_a_claim_without_users_is_left_alone() -> None:
    assert released(claim()) is None


def test_a_pod_with_a_node_has_its_claim_allocated_there_and_reserved() -> None:
    waiting = world_of(pod("a", "n"), claim(allocated=False))
    (created,) = placed_pods(waiting)
    assert isinstance(created, Create)
    assert created.body["spec"] == {"selectedNode": "n"}
    made = with_fields(created.body, ("metadata",), {"uid": "context"})
    assert placed_pods(world_of(pod("a", "n"), claim(allocated=False), made)) == ()
    (reserved,) = placed_pods(world_of(pod("a", "n"), claim(), made))
    assert isinstance(reserved, Replace)
    assert at(reserved.body, "status", "reservedFor") == [{"resource": "pods", "name": "a", "uid": "a"}]
    assert placed_pods(world_of(pod("a", "n"), claim("a"), made)) == ()


def test_a_node_that_was_selected_by_somebody_else_is_corrected() -> None:
    (created,) = placed_pods(world_of(pod("a", "n"), claim(allocated=False)))
    assert isinstance(created, Create)
    elsewhere = with_fields(created.body, ("spec",), {"selectedNode": "m"})
    (corrected,) = placed_pods(world_of(pod("a", "n"), claim(allocated=False), elsewhere))
    assert isinstance(corrected, Replace)
    assert (name_of(corrected.body), at(corrected.body, "spec", "selectedNode")) == ("a", "n")


def test_nothing_is_reserved_that_is_in_use_or_to_be_deallocated_or_of_another_pod() -> None:
    mine = pod("a", "n")
    leaving = with_fields(claim(), ("status",), {"deallocationRequested": True})
    owned = with_fields(claim(), ("metadata",), {"ownerReferences": [{"uid": "b", "controller": True}]})
    for value in (claim("b", shareable=False), leaving, owned):
        assert placed_pods(world_of(mine, value)) == ()
    for other in (pod("a"), pod("a", "n", "Succeeded")):
        assert placed_pods(world_of(other, claim())) == ()
