"""What a NodeAllocationState tells of prepared claims: the checkpoint's truth, whatever it told before."""

from __future__ import annotations

from dra_core.nodestate.publishing import ChangeNodeState, CreateNodeState
from dra_core.preparation import (
    DamagedCheckpoint,
    DriverOnNode,
    PreparedClaim,
    PreparedClaims,
    PreparedDevice,
    prepared_devices,
    report_prepared,
)
from dra_core.profiles import GpuProfile
from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at, thaw
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap

from tests.property.claims import DRIVER, NODE
from tests.property.negotiation.classic_api import merge

ON_NODE = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=GpuProfile(), pools=())
OTHERS: JsonObject = {"allocatableDevices": [{"device": {"name": "gpu-0", "pool": NODE}}], "counts": {"devices": 1}}

devices = st.lists(st.tuples(st.just(NODE), st.sampled_from(["gpu-0", "gpu-1", "gpu-2"])), unique=True, max_size=2)
claims = st.dictionaries(st.sampled_from(["uid-1", "uid-2", "uid-3"]), devices, max_size=3)


def told(state: JsonObject) -> dict[str, list[tuple[str, str]]]:
    return {
        uid: [(text_at(each, "pool"), text_at(each, "device")) for each in list_at(entry, "devices")]
        for uid, entry in object_at(state, "spec", "preparedClaims").items()
    }


def after_a_write(state: JsonObject | None, prepared: dict[str, list[tuple[str, str]]]) -> JsonObject:
    match report_prepared(ON_NODE, "node-uid", "driver", prepared, state):
        case CreateNodeState(object=made):
            assert state is None
            return made
        case ChangeNodeState(patch=patch):
            assert state is not None
            return object_at({"": merge(thaw(state), thaw(patch))}, "")
        case effect:
            assert effect is None
            assert state is not None
            return state


@given(st.lists(claims, min_size=1, max_size=4), st.booleans())
def test_one_write_tells_the_truth_and_leaves_all_else_alone(
    history: list[dict[str, list[tuple[str, str]]]], by_the_controller: bool
) -> None:
    state: JsonObject | None = None
    if by_the_controller:
        state = {"metadata": {"name": NODE, "uid": "uid"}, "spec": OTHERS, "status": "Ready"}
    for prepared in history:
        state = after_a_write(state, prepared)
        assert told(state) == prepared
        assert report_prepared(ON_NODE, "node-uid", "driver", prepared, state) is None, "the second write is none"
    if by_the_controller:
        left = {key: value for key, value in object_at(state, "spec").items() if key != "preparedClaims"}
        assert left == OTHERS
        assert object_at({"": state}, "")["status"] == "Ready"


def test_a_state_that_is_missing_is_made_for_the_node() -> None:
    made = after_a_write(None, {})
    assert object_at(made, "metadata") == {
        "name": NODE,
        "namespace": "driver",
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": "node-uid"}],
    }
    assert "status" not in made, "whether the node is ready is not the plugin's to say here"


def test_shares_of_one_device_are_one_device() -> None:
    shares = tuple(
        PreparedDevice(request_names=("r",), pool=NODE, device="gpu-1", share_id=share) for share in ("a", "b")
    )
    checkpoint = PreparedClaims(pmap({"uid": PreparedClaim(devices=shares)}))
    assert prepared_devices(checkpoint) == {"uid": ((NODE, "gpu-1"),)}


def test_a_checkpoint_that_cannot_be_read_tells_nothing_rather_than_that_nothing_is_prepared() -> None:
    assert prepared_devices(DamagedCheckpoint(reason="empty", digest="0")) is None
