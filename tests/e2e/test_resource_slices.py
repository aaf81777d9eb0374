"""ResourceSlices: modern DRA's conformance list, with the real API server and kubelet."""

from __future__ import annotations

from dra_core.profiles import GpuProfile
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at

from tests.e2e.objects import DRIVER, claim, path_of, pod
from tests.e2e.world import World, eventually


def _slice(world: World) -> JsonObject:
    (found,) = world.slices()
    return found


def _uids(world: World) -> list[str]:
    return [text_at(found, "metadata", "uid") for found in world.slices()]


def test_exactly_one_slice_owned_by_the_node(world: World) -> None:
    found = _slice(world)
    node = world.api.get(f"/api/v1/nodes/{world.layout.node_name}")
    assert list_at(found, "metadata", "ownerReferences") == [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "name": world.layout.node_name,
            "uid": text_at(node, "metadata", "uid"),
            "controller": True,
        }
    ]
    spec = object_at(found, "spec")
    assert spec["driver"] == DRIVER
    assert spec["nodeName"] == world.layout.node_name
    assert at(spec, "pool", "name") == world.layout.node_name
    assert at(spec, "pool", "resourceSliceCount") == 1
    (pool,) = GpuProfile(count=8).enumerate(world.layout.node_name)
    assert [text_at(device, "name") for device in list_at(spec, "devices")] == [device.name for device in pool.devices]


def test_slice_deleted_by_somebody_is_published_again_with_a_new_uid(world: World) -> None:
    before = _slice(world)
    world.api.delete(path_of({"kind": "ResourceSlice", **before}))
    eventually("a new slice", lambda: _uids(world) not in ([], [text_at(before, "metadata", "uid")]))
    assert at(_slice(world), "spec", "devices") == at(before, "spec", "devices")


def test_slice_changed_by_somebody_is_put_right(world: World) -> None:
    eventually("all devices", lambda: len(list_at(_slice(world), "spec", "devices")) == 8)  # also in a second run
    before = _slice(world)
    path = path_of({"kind": "ResourceSlice", **before})
    world.api.merge(path, {"spec": {"devices": list(list_at(before, "spec", "devices"))[:3]}})
    eventually("all devices", lambda: at(_slice(world), "spec", "devices") == at(before, "spec", "devices"))


def test_slice_is_untouched_by_a_restart_of_the_plugin(world: World, namespace: str) -> None:
    """The same object, with its resourceVersion: old pod gone, new pod ready, no write in between."""
    before = _slice(world)
    world.replace_plugin()
    world.run(claim(namespace, "gpu"), pod(namespace, "proof", {"gpu": "gpu"}))
    assert _slice(world) == before


def test_slices_of_the_node_are_removed_at_kubelet_start_and_published_again(world: World, namespace: str) -> None:
    before = text_at(_slice(world), "metadata", "uid")
    world.cluster.restart("kubelet")
    eventually("a new slice", lambda: _uids(world) not in ([], [before]))
    world.run(claim(namespace, "gpu"), pod(namespace, "after", {"gpu": "gpu"}))
