"""What the kubelet plugin does with a NodeAllocationState: publish into it, and prepare from it."""

from __future__ import annotations

import copy

import msgspec
import pytest
from dra_core.nodestate import allocatable_devices, in_modern_words, slice_of
from dra_core.nodestate.publishing import (
    ChangeNodeState,
    CreateNodeState,
    DeleteNodeState,
    NodePublication,
    publish_node_state,
)
from dra_core.preparation import ClaimFound, ClaimReference, DriverOnNode, prepare, read_checkpoint
from dra_core.profiles.classic_gpu import ClassicGpuProfile
from dra_core.snapshot.classic_claim import ClassicClaim, ClassicClaimSpec
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.codec import decode
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, thaw
from dra_core.snapshot.metadata import ObjectMeta
from hypothesis import given
from hypothesis import strategies as st

from tests.property.negotiation.classic_api import merge
from tests.property.negotiation.cluster_side import DRIVER

NODE, UID = "node-1", "claim-uid"
PROFILE = ClassicGpuProfile()
POOLS = PROFILE.enumerate(NODE)
DEVICES = POOLS[0].devices
UUIDS = [device.attributes["uuid"].string_value or "" for device in DEVICES]
CLAIM = ClassicClaim(
    metadata=ObjectMeta(namespace="default", name="claim", uid=UID), spec=ClassicClaimSpec(resource_class_name="class")
)


def publication(
    *, ready: bool = True, prepared: dict[str, tuple[str, ...]] | None = None, node_uid: str = "node-uid"
) -> NodePublication:
    return NodePublication(
        node_name=NODE,
        node_uid=node_uid,
        namespace="driver",
        devices=allocatable_devices(DEVICES),
        prepared=prepared or {},
        ready=ready,
    )


def carried_out(value: JsonObject | None, wanted: NodePublication) -> JsonObject | None:
    """The object after one write."""
    effect = publish_node_state(wanted, value)
    match effect:
        case CreateNodeState(object=made):
            return made
        case ChangeNodeState(patch=patch):
            changed = merge(thaw(value), thaw(patch))
            assert isinstance(changed, dict)
            return changed
        case DeleteNodeState():
            return None
        case None:
            return value


def state(entries: JsonObject) -> NodeAllocationState:
    made = carried_out(None, publication())
    assert made is not None
    value = {**made, "spec": {**object_at(made, "spec"), "allocatedClaims": entries}}
    return decode(NodeAllocationState, value).unwrap()


def entry(*uuids: str, sharing: Json = None) -> JsonObject:
    devices: list[Json] = [{"uuid": uuid} for uuid in uuids]
    return {"gpu": {"devices": devices, **({"sharing": sharing} if sharing else {})}}


def test_the_first_state_of_a_node_has_its_devices_and_nothing_else() -> None:
    made = carried_out(None, publication())
    assert made is not None
    assert list(object_at(made, "spec")) == ["allocatableDevices", "counts"]
    assert object_at(made, "spec", "counts") == {"devices": 8, "unhealthy": 0, "prepared": 0, "allocated": 0}
    assert made["status"] == "Ready"
    (owner,) = list_at(made, "metadata", "ownerReferences")
    assert owner == {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": "node-uid"}
    assert [gpu.gpu.index for gpu in decode(NodeAllocationState, made).unwrap().spec.allocatable_devices] == [*range(8)]


prepared_claims = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.just((UUIDS[0],)), max_size=3)


@given(st.lists(st.tuples(st.booleans(), prepared_claims), min_size=1, max_size=4))
def test_one_write_tells_everything_and_keeps_what_the_controller_wrote(
    history: list[tuple[bool, dict[str, tuple[str, ...]]]],
) -> None:
    made = carried_out(None, publication())
    assert made is not None
    allocated: JsonObject = {UID: entry(UUIDS[3])}
    value: JsonObject | None = {**made, "spec": {**object_at(made, "spec"), "allocatedClaims": allocated}}
    for ready, prepared in history:
        wanted = publication(ready=ready, prepared=prepared)
        value = carried_out(copy.deepcopy(value), wanted)
        assert publish_node_state(wanted, value) is None
        assert object_at(value, "spec", "allocatedClaims") == allocated
        assert set(object_at(value, "spec", "preparedClaims")) == set(prepared)


def test_without_prepared_claims_the_field_is_gone() -> None:
    value = carried_out(carried_out(None, publication()), publication(prepared={UID: (UUIDS[0],)}))
    assert "preparedClaims" in object_at(value, "spec")
    assert "preparedClaims" not in object_at(carried_out(value, publication()), "spec")


def test_what_is_prepared_stays_told_while_the_checkpoint_does_not_tell() -> None:
    """The controller gives away nothing that is prepared; a checkpoint that cannot be read frees no device."""
    value = carried_out(carried_out(None, publication()), publication(prepared={UID: (UUIDS[0],)}))
    unknown = msgspec.structs.replace(publication(ready=False), prepared=None)
    after = carried_out(value, unknown)
    assert {**object_at(after), "status": "Ready"} == value
    assert publish_node_state(unknown, after) is None
    assert "preparedClaims" not in object_at(carried_out(None, unknown), "spec")


def test_the_state_of_a_node_that_is_gone_is_made_anew() -> None:
    value = carried_out(None, publication(node_uid="old"))
    effect = publish_node_state(
        publication(), {**(value or {}), "metadata": {**object_at(value, "metadata"), "uid": "x"}}
    )
    assert effect == DeleteNodeState("x")


def test_10_what_is_prepared_is_told_so_that_leftovers_are_seen() -> None:
    value = carried_out(carried_out(None, publication()), publication(prepared={"gone": (UUIDS[0],)}))
    read = decode(NodeAllocationState, value).unwrap()
    assert set(read.spec.prepared_claims) - set(read.spec.allocated_claims) == {"gone"}


def test_a_classic_claim_is_prepared_like_any_other() -> None:
    driver = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=POOLS)
    claim = in_modern_words(DRIVER, state({UID: entry(UUIDS[5], UUIDS[2])}), CLAIM, POOLS).unwrap()
    reference = ClaimReference(uid=UID, namespace="default", name="claim")
    prepared = prepare(driver, read_checkpoint(None), [], [reference], {UID: ClaimFound(claim)})
    devices = prepared.answers[UID].unwrap()
    assert [device.device for device in devices] == ["gpu-5", "gpu-2"]
    assert [device.edits.env[0] for device in devices] == [f"GPU_DEVICE_0={UUIDS[5]}", f"GPU_DEVICE_1={UUIDS[2]}"]
    assert [len([text for text in device.edits.env if "GPU_DEVICE" in text]) for device in devices] == [1, 1]


def test_sharing_reaches_the_containers() -> None:
    driver = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=POOLS)
    sharing: JsonObject = {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 3}}
    claim = in_modern_words(DRIVER, state({UID: entry(UUIDS[0], sharing=sharing)}), CLAIM, POOLS).unwrap()
    reference = ClaimReference(uid=UID, namespace="default", name="claim")
    (device,) = prepare(driver, read_checkpoint(None), [], [reference], {UID: ClaimFound(claim)}).answers[UID].unwrap()
    assert "GPU_DEVICE_0_PARTITION_COUNT=3" in device.edits.env


def test_17_a_claim_that_the_state_does_not_know_is_refused_with_its_uid_and_the_node() -> None:
    (refusal,) = in_modern_words(DRIVER, state({}), CLAIM, POOLS).failure()
    assert UID in refusal.seen
    assert NODE in refusal.seen


def test_15_a_uuid_that_the_node_has_no_longer_is_refused_for_this_claim_alone() -> None:
    both = state({UID: entry("GPU-gone"), "other": entry(UUIDS[0])})
    (refusal,) = in_modern_words(DRIVER, both, CLAIM, POOLS).failure()
    assert (refusal.code, "GPU-gone" in refusal.seen) == ("DeviceNotFound", True)


def test_19_a_node_full_of_claims_fits_into_an_object() -> None:
    entries: dict[str, Json] = {f"{i:036}": entry(*[f"GPU-{i:036}"] * 32) for i in range(128)}
    assert len(str(state(entries))) < 1.5 * 2**20  # etcd's limit of a request


@pytest.mark.parametrize("broken", [[], ["gpu-3"]])
def test_the_allocator_sees_the_devices_as_on_modern_clusters(broken: list[str]) -> None:
    made = carried_out(None, publication())
    assert made is not None
    devices = allocatable_devices(DEVICES, broken)
    read = decode(NodeAllocationState, made).unwrap()
    spec = read.spec.__class__(allocatable_devices=devices)
    seen = slice_of(DRIVER, NodeAllocationState(metadata=read.metadata, spec=spec)).spec.devices
    left = [device for device in DEVICES if device.name not in broken]
    assert [device.attributes for device in seen] == [dict(device.attributes) for device in left]
    assert [device.capacity for device in seen] == [dict(device.capacity) for device in left]
