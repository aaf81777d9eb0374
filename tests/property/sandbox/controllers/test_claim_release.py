"""A claim is deallocated when, and only when, no pod uses it any more."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at
from dra_sandbox.controllers.claim_release import DELETE_PROTECTION, release
from dra_sandbox.world.objects import CLAIM, finalizers_of, objects_at
from hypothesis import given
from hypothesis import strategies as st

from tests.property.sandbox.little_api import NOW, LittleApi

PHASES = ("Pending", "Running", "Succeeded", "Failed")


def pod(number: int, phase: str, node: str, deleted: bool) -> JsonObject:
    metadata: dict[str, Json] = {"name": f"pod-{number}", "namespace": "default", "uid": f"pod-{number}"}
    if deleted:
        metadata["deletionTimestamp"] = NOW
        metadata["finalizers"] = ["test/held"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": {"phase": phase},
    }


def claim(users: frozenset[int], deleted: bool) -> JsonObject:
    metadata: dict[str, Json] = {
        "name": "claim",
        "namespace": "default",
        "uid": "claim",
        "finalizers": [DELETE_PROTECTION, "test/other"],
    }
    if deleted:
        metadata["deletionTimestamp"] = NOW
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": metadata,
        "spec": {},
        "status": {
            "allocation": {"devices": {"results": [{"driver": "d", "pool": "p", "device": "x", "request": "r"}]}},
            "devices": [{"driver": "d", "pool": "p", "device": "x"}],
            "reservedFor": [
                {"resource": "pods", "name": f"pod-{user}", "uid": f"pod-{user}"} for user in sorted(users)
            ],
        },
    }


pods = st.builds(pod, st.integers(0, 3), st.sampled_from(PHASES), st.sampled_from(["", "node"]), st.booleans())


def uses(value: JsonObject) -> bool:
    """What the property means by a user, in its own words."""
    finished = at(value, "status", "phase") in ("Succeeded", "Failed")
    never_ran = at(value, "metadata", "deletionTimestamp") is not None and not at(value, "spec", "nodeName")
    return not finished and not never_ran


@given(
    st.lists(pods, max_size=4, unique_by=lambda value: str(at(value, "metadata", "name"))),
    st.frozensets(st.integers(0, 4), min_size=1),
    st.booleans(),
)
def test_a_claim_is_kept_exactly_as_long_as_a_pod_uses_it(
    existing: list[JsonObject], users: frozenset[int], deleted: bool
) -> None:
    api = LittleApi(*existing, claim(users, deleted))
    gone: frozenset[str] = frozenset()
    for _ in range(8):
        decided = release(api.world, gone)
        gone |= frozenset(owner.uid for owner in decided.unsure)  # each of them is asked for and does not exist
        api.carry_out(decided.writes)
    left = api.world.get(CLAIM, "default", "claim")
    assert left is not None
    still = {str(at(value, "metadata", "name")) for value in existing if uses(value)}
    expected = {f"pod-{user}" for user in users} & still
    assert {item["name"] for item in objects_at(left, "status", "reservedFor")} == expected
    assert (at(left, "status", "allocation") is not None) == bool(expected)
    assert (DELETE_PROTECTION in finalizers_of(left)) == bool(expected)
    assert "test/other" in finalizers_of(left)
    if not expected:
        assert not at(left, "status", "devices")


@given(st.frozensets(st.integers(0, 4), min_size=1))
def test_a_pod_that_was_not_asked_for_keeps_its_reservation(users: frozenset[int]) -> None:
    decided = release(LittleApi(claim(users, False)).world, frozenset())
    assert decided.writes == ()
    assert {owner.uid for owner in decided.unsure} == {f"pod-{user}" for user in users}


def test_a_consumer_of_an_unknown_kind_is_kept_for_ever() -> None:
    value = {**claim(frozenset({0}), False)}
    value["status"] = {
        "allocation": {},
        "reservedFor": [{"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "g", "uid": "pod-0"}],
    }
    assert release(LittleApi(value).world, frozenset({"pod-0"})).writes == ()
