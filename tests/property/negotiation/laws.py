"""What must hold at every moment, and what must hold in the end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at

from tests.property.negotiation.cluster_side import FINALIZER, NAMESPACE, Api, ClusterSide, allocated_node
from tests.property.negotiation.controller_side import Controller

COUNTS = {"": 1, "one": 1, "two": 2, "three": 3}
"""Parameters by name, and how many GPUs they ask for."""


def devices_of(entry: object) -> list[str]:
    assert isinstance(entry, dict)
    return [text_at(device, "uuid") for device in list_at(entry, "gpu", "devices")]


def entries(state: JsonObject) -> JsonObject:
    return object_at(state, "spec", "allocatedClaims")


def is_live(claim: JsonObject) -> bool:
    """Allocated, and not about to be taken back: somebody has it reserved, or may reserve it."""
    doomed = at(claim, "status", "deallocationRequested") or text_at(claim, "metadata", "deletionTimestamp")
    reserved = list_at(claim, "status", "reservedFor")
    return at(claim, "status", "allocation") is not None and (not doomed or bool(reserved))


def no_gpu_is_in_two_claims(api: Api) -> None:
    for state in api.all_of("NodeAllocationState"):
        held = [uuid for entry in entries(state).values() for uuid in devices_of(entry)]
        assert len(held) == len(set(held)), f"in two entries: {held}"
    given: dict[str, str] = {}
    for claim in api.all_of("ResourceClaim"):
        if is_live(claim):
            handle = json.loads(text_at(list_at(claim, "status", "allocation", "resourceHandles")[0], "data"))
            for uuid in devices_of(handle):
                other = given.setdefault(uuid, text_at(claim, "metadata", "name"))
                assert other == text_at(claim, "metadata", "name"), f"{uuid} is with {other} and {claim}"


def every_live_claim_has_its_entry(api: Api) -> None:
    states = {text_at(state, "metadata", "name"): state for state in api.all_of("NodeAllocationState")}
    for claim in api.all_of("ResourceClaim"):
        if is_live(claim) and allocated_node(claim) in states:
            state = states[allocated_node(claim)]
            entry = entries(state).get(text_at(claim, "metadata", "uid"))
            handle = json.loads(text_at(list_at(claim, "status", "allocation", "resourceHandles")[0], "data"))
            if entry is None and int(text_at(handle, "claim", "version")) < made_at(state):
                continue  # the node had left, and came back with a state that knows nothing
            assert entry is not None, f"{text_at(claim, 'metadata', 'name')} is allocated and has no entry"
            assert devices_of(entry) == devices_of(handle)


def made_at(value: JsonObject) -> int:
    """At which version an object was created."""
    return int(text_at(value, "metadata", "uid").removeprefix("uid-"))


def settle(side: ClusterSide, controllers: Sequence[Controller]) -> None:
    """Everybody does his work, nobody breaks anything, until nothing changes any more."""
    quiet = 0
    api = controllers[0].api
    for turn in range(80):
        before = api.version
        side.release()
        for controller in controllers:
            controller.sync_all()
        for _, pod_name in side.api.names("Pod"):
            side.schedule(pod_name, turn)
        for controller in controllers:
            controller.sync_all()
            controller.clean_up_all()
        quiet = quiet + 1 if api.version == before else 0
        if quiet == 3:
            return
    raise AssertionError(f"it never comes to rest: {api.objects}")


def every_pod_that_fits_is_allocated(api: Api) -> None:
    free = {
        text_at(state, "metadata", "name"): len(list_at(state, "spec", "allocatableDevices"))
        - sum(len(devices_of(entry)) for entry in entries(state).values())
        for state in api.all_of("NodeAllocationState")
    }
    for claim in api.all_of("ResourceClaim"):
        if is_immediate(claim) and at(claim, "status", "allocation") is None:
            need = COUNTS[text_at(claim, "spec", "parametersRef", "name")]
            assert need > max(free.values(), default=0), f"{name_of(claim)} needs {need} and would fit: {free}"
    for pod in api.all_of("Pod"):
        claims = _claims_of(api, pod)
        if text_at(pod, "spec", "nodeName") or claims is None:
            continue
        pending = [claim for claim in claims if at(claim, "status", "allocation") is None]
        allocated = {allocated_node(claim) for claim in claims if claim not in pending}
        need = sum(COUNTS[text_at(claim, "spec", "parametersRef", "name")] for claim in pending)
        roomy = [node_name for node_name, left in free.items() if left >= need and allocated <= {node_name}]
        assert not roomy, f"{text_at(pod, 'metadata', 'name')} needs {need} and would fit on {roomy} of {free}"


def _claims_of(api: Api, pod: JsonObject) -> list[JsonObject] | None:
    """The pod's claims; None: one of them is not to be had."""
    made = {
        text_at(one, "name"): text_at(one, "resourceClaimName")
        for one in list_at(pod, "status", "resourceClaimStatuses")
    }
    found: list[JsonObject] = []
    for entry in list_at(pod, "spec", "resourceClaims"):
        name = text_at(entry, "source", "resourceClaimName") or made[text_at(entry, "name")]
        claim = api.get("ResourceClaim", (NAMESPACE, name))
        if claim is None or text_at(claim, "metadata", "deletionTimestamp"):
            return None
        found.append(claim)
    return found


def nothing_is_left_behind(api: Api) -> None:
    for state in api.all_of("NodeAllocationState"):
        assert set(object_at(state, "spec")) <= {"allocatableDevices", "preparedClaims", "counts"}, state
        assert not at(state, "spec", "counts", "allocated"), state
    for claim in api.all_of("ResourceClaim"):
        assert FINALIZER not in list_at(claim, "metadata", "finalizers"), claim
        assert at(claim, "status", "allocation") is None, claim
    assert api.all_of("PodSchedulingContext") == []


def is_immediate(claim: JsonObject) -> bool:
    return text_at(claim, "spec", "allocationMode") == "Immediate"


def name_of(claim: JsonObject) -> str:
    return text_at(claim, "metadata", "name")
