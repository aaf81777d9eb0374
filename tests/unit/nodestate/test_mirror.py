"""What a NodeAllocationState shows of ResourceSlices and claims, by example."""

from __future__ import annotations

from dra_core.nodestate import mirror
from dra_core.nodestate.publishing import DeleteNodeState
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from tests.property.nodestate.modern_world import DRIVER, ModernWorld, allocation, device

NODE = "node-1"


def shown(world: ModernWorld, node: str = NODE) -> JsonObject:
    world.settle([node])
    found = world.state(node)
    assert found is not None
    return found


def world_with(*devices: JsonObject, version: str = "v1", **spec: Json) -> ModernWorld:
    world = ModernWorld()
    world.node_comes(NODE)
    pool: JsonObject = {"name": NODE, "generation": 1, "resourceSliceCount": 1}
    said: JsonObject = {"driver": DRIVER, "nodeName": NODE, "pool": pool, "devices": list(devices), **spec}
    meta: JsonObject = {"name": "slice"}
    world.put(
        "ResourceSlice",
        {"apiVersion": f"resource.k8s.io/{version}", "kind": "ResourceSlice", "metadata": meta, "spec": said},
    )
    return world


def only_device(state: JsonObject) -> JsonObject:
    (each,) = list_at(state, "spec", "allocatableDevices")
    return object_at(each, "device")


def test_attributes_and_capacity_are_texts_for_people() -> None:
    assert only_device(shown(world_with(device("gpu-0")))) == {
        "name": "gpu-0",
        "pool": NODE,
        "attributes": {"uuid": "uuid-gpu-0", "index": "3", "full": "true", "versions": "1.0.0, 2.0.0"},
        "capacity": {"memory": "80Gi"},
    }


def test_a_slice_of_v1beta1_shows_the_same() -> None:
    content = {key: item for key, item in device("gpu-0").items() if key != "name"}
    old: JsonObject = {"name": "gpu-0", "basic": content}
    assert only_device(shown(world_with(old, version="v1beta1"))) == only_device(shown(world_with(device("gpu-0"))))


def test_a_taint_that_keeps_claims_away_is_ill_health() -> None:
    taints = [
        {"key": "gpu.example.com/unhealthy", "value": "true", "effect": "NoSchedule"},
        {"key": "a", "effect": "None"},
    ]
    state = shown(world_with(device("gpu-0", taints), device("gpu-1", taints[1:])))
    ill, well = (object_at(each, "device") for each in list_at(state, "spec", "allocatableDevices"))
    assert (ill["health"], ill["taints"]) == ("Unhealthy", ["gpu.example.com/unhealthy=true:NoSchedule", "a:None"])
    assert ("health" in well, well["taints"]) == (False, ["a:None"])
    assert at(state, "spec", "counts", "unhealthy") == 1


def test_devices_come_as_people_count_whatever_the_slices_are_called() -> None:
    world = world_with(device("gpu-10"), device("gpu-2"), device("gpu-1"))
    names = [text_at(each, "device", "name") for each in list_at(shown(world), "spec", "allocatableDevices")]
    assert names == ["gpu-1", "gpu-2", "gpu-10"]


def test_devices_that_say_themselves_where_they_are_belong_to_their_nodes() -> None:
    here, there = ({**device(name), "nodeName": node} for name, node in (("gpu-0", NODE), ("gpu-1", "node-2")))
    world = world_with(here, there, device("everywhere"), nodeName=None, perDeviceNodeSelection=True)
    world.node_comes("node-2")
    assert only_device(shown(world))["name"] == "gpu-0"
    assert only_device(shown(world, "node-2"))["name"] == "gpu-1"
    assert shown(world)["status"] == "Ready", "the pool is complete though parts of it are elsewhere"


def test_shares_and_looks_of_administrators_are_told_and_only_use_is_counted() -> None:
    world = world_with(device("gpu-0"), device("gpu-1"))
    shares: tuple[JsonObject, ...] = (
        {"request": "a", "device": "gpu-0", "shareID": "one", "consumedCapacity": {"memory": "10Gi"}},
        {"request": "b/big", "device": "gpu-0", "shareID": "two", "consumedCapacity": {"memory": "20Gi"}},
        {"request": "look", "device": "gpu-1", "adminAccess": True},
    )
    status = allocation(NODE, (), ("second", "first"))["status"]
    results: list[Json] = [{"driver": DRIVER, "pool": NODE, **each} for each in shares]
    results.append({"driver": "other.example.com", "pool": NODE, "request": "c", "device": "nic-0"})
    given = {**object_at(status, "allocation"), "devices": {"results": results}}
    consumers = [
        *list_at(status, "reservedFor"),
        {"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "g", "uid": "g"},
    ]
    claim: JsonObject = {
        "metadata": {"name": "c", "namespace": "ns"},
        "status": {"allocation": given, "reservedFor": consumers},
    }
    world.put("ResourceClaim", claim)
    state = shown(world)
    (entry,) = object_at(state, "spec", "allocatedClaims").values()
    assert at(entry, "claim") == {"namespace": "ns", "name": "c", "pods": ["first", "podgroups/g", "second"]}
    assert list_at(entry, "devices") == [{"pool": NODE, **each} for each in shares]
    assert at(state, "spec", "counts") == {"devices": 2, "allocated": 1, "prepared": 0, "unhealthy": 0}


def test_a_claim_that_can_be_used_on_many_nodes_is_no_nodes_own() -> None:
    world = world_with(device("gpu-0"))
    claim = allocation(NODE, [(DRIVER, "gpu-0")], ())
    status = object_at(claim, "status")
    given = {key: item for key, item in object_at(status, "allocation").items() if key != "nodeSelector"}
    world.put("ResourceClaim", {"metadata": {"name": "c", "namespace": "ns"}, "status": {"allocation": given}})
    assert "allocatedClaims" not in object_at(shown(world), "spec")


def test_more_devices_than_the_schema_takes_are_counted_and_the_first_are_shown() -> None:
    state = shown(world_with(*[device(f"gpu-{i}") for i in range(1100)]))
    assert len(list_at(state, "spec", "allocatableDevices")) == 1024
    assert at(state, "spec", "counts", "devices") == 1100


def test_prepared_devices_are_counted_in_either_shape() -> None:
    world = world_with(device("gpu-0"))
    shown(world)
    prepared: JsonObject = {
        "a": {"devices": [{"pool": NODE, "device": "gpu-0"}, {"pool": NODE, "device": "gpu-1"}]},
        "b": {"devices": [{"pool": NODE, "device": "gpu-1"}]},
        "c": {"gpu": {"devices": [{"uuid": "GPU-1"}]}},
    }
    world.patch_state(NODE, {"spec": {"preparedClaims": prepared}})
    assert at(shown(world), "spec", "counts", "prepared") == 3


def test_a_node_without_anything_of_the_driver_gets_no_state_and_one_that_lost_it_keeps_its_own() -> None:
    world = ModernWorld()
    world.node_comes(NODE)
    assert mirror(world.seen(), NODE) is None
    world.publish(NODE, ["gpu-0"])
    shown(world)
    world.objects["ResourceSlice"].clear()
    state = shown(world)
    assert (state["status"], list_at(state, "spec", "allocatableDevices")) == ("NotReady", [])


def test_a_state_of_a_node_that_is_not_known_is_left_to_garbage_collection() -> None:
    world = ModernWorld()
    world.put("NodeAllocationState", {"metadata": {"name": NODE}, "spec": {"counts": {"devices": 7}}})
    assert mirror(world.seen(), NODE) is None


def test_a_state_that_the_plugin_has_made_is_filled_in() -> None:
    world = world_with(device("gpu-0"))
    entry: JsonObject = {"uid": {"devices": [{"pool": NODE, "device": "gpu-0"}]}}
    world.put("NodeAllocationState", {"metadata": {"name": NODE}, "spec": {"preparedClaims": entry}})
    state = shown(world)
    assert state["status"] == "Ready"
    assert at(state, "spec", "counts", "prepared") == 1
    assert object_at(state, "spec", "preparedClaims") == entry
    (owner,) = list_at(state, "metadata", "ownerReferences")
    assert text_at(owner, "name") == NODE


def test_the_state_of_an_earlier_node_of_the_same_name_is_made_anew() -> None:
    """Garbage collection has not come to it yet."""
    world = world_with(device("gpu-0"))
    owner: JsonObject = {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": "earlier"}
    meta: JsonObject = {"name": NODE, "uid": "old", "ownerReferences": [owner]}
    entry: JsonObject = {"uid": {"devices": []}}
    world.put("NodeAllocationState", {"metadata": meta, "spec": {"preparedClaims": entry}, "status": "Ready"})
    assert mirror(world.seen(), NODE) == DeleteNodeState("old")
    state = shown(world)
    assert text_at(state, "metadata", "uid") != "old"
    assert "preparedClaims" not in object_at(state, "spec")


def test_a_write_is_made_over_the_version_that_was_read_or_not_at_all() -> None:
    world = world_with(device("gpu-0"))
    shown(world)
    world.allocate("claim", NODE, [(DRIVER, "gpu-0")])
    late = mirror(world.seen(), NODE)
    assert late is not None
    world.patch_state(NODE, {"metadata": {"labels": {"changed": "meanwhile"}}})
    assert not world.carry_out(NODE, late)
    assert at(shown(world), "spec", "counts", "allocated") == 1


def test_a_claim_that_ends_or_goes_elsewhere_leaves_the_node() -> None:
    """Seen by a controller of long standing."""
    world = world_with(device("gpu-0"))
    for other in ("node-2", ""):
        world.allocate("claim", NODE, [(DRIVER, "gpu-0")])
        known = world.seen()
        assert at(shown(world), "spec", "counts", "allocated") == 1
        if other:
            world.allocate("claim", other, [(DRIVER, "gpu-0")])
        else:
            del world.objects["ResourceClaim"]["claim"]
        effect = mirror(world.seen(known), NODE)
        assert effect is not None
        assert world.carry_out(NODE, effect)
        assert at(world.state(NODE), "spec", "counts", "allocated") == 0
        assert "allocatedClaims" not in object_at(world.state(NODE), "spec")
