"""What a node says of itself, and when its slices are deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import JsonObject, at, object_at
from dra_sandbox.kubelet.node_status import HEARTBEAT, RENEW, Machine, node_writes
from dra_sandbox.kubelet.slice_wiping import PATIENCE, absent_after, due, next_due, wipe
from dra_sandbox.world.objects import LEASE, NODE, World, condition_status, with_fields, world_of
from dra_sandbox.world.writes import Create, Delete, Patch, Write

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
MACHINE = Machine(
    cpus=2, memory_bytes=2048, architecture="amd64", kernel="6.1", operating_system="Linux", kubelet="v1.37.2"
)


def after(world: World, writes: tuple[Write, ...]) -> World:
    """The little that an API server does with what a kubelet writes about its node."""
    objects = {(kind, place): value for kind in world.kinds for place, value in world.of(kind).items()}
    for write in writes:
        match write:
            case Create(body=body):
                kind = NODE if body["kind"] == "Node" else LEASE
                named = with_fields(body, ("metadata",), {"uid": "u"})
                objects[kind, (str(at(body, "metadata", "namespace") or ""), "n")] = named
            case Patch(kind=kind, namespace=namespace, name=name, patch=change):
                value = objects[kind, (namespace, name)]
                for part in ("status", "spec"):
                    value = {**value, part: {**object_at(value, part), **object_at(change, part)}}
                objects[kind, (namespace, name)] = value
            case _:
                raise AssertionError(write)
    return world_of(*objects.values())


def test_a_node_registers_then_reports_then_rests() -> None:
    world = world_of()
    for _ in range(3):
        world = after(world, node_writes(world, "n", MACHINE, NOW))
    node = world.get(NODE, "", "n") or {}
    assert condition_status(node, "Ready") == "True"
    assert at(node, "status", "allocatable") == {"cpu": "2", "memory": "2Ki", "pods": "110"}
    assert world.get(LEASE, "kube-node-lease", "n") is not None
    assert node_writes(world, "n", MACHINE, NOW) == ()
    assert len(node_writes(world, "n", MACHINE, NOW + RENEW)) == 1
    assert len(node_writes(world, "n", MACHINE, NOW + HEARTBEAT)) == 2


def test_a_condition_that_others_changed_is_put_right() -> None:
    world = world_of()
    for _ in range(3):
        world = after(world, node_writes(world, "n", MACHINE, NOW))
    node = world.get(NODE, "", "n") or {}
    silent: JsonObject = {"type": "Ready", "status": "Unknown"}
    strange: JsonObject = {"type": "Strange", "status": "True"}
    marked = with_fields(node, ("status",), {"conditions": [silent, strange]})
    lease = world.get(LEASE, "kube-node-lease", "n") or {}
    (write,) = node_writes(world_of(marked, lease), "n", MACHINE, NOW)
    assert isinstance(write, Patch)
    changed = {"status": object_at(write.patch, "status")}
    assert condition_status(changed, "Ready") == "True"
    assert condition_status(changed, "Strange") == "True", "conditions of others stay"


def test_a_driver_is_absent_from_its_last_connection_until_it_is_back() -> None:
    known = frozenset({"a", "b"})
    absent = absent_after({}, known, frozenset({"a"}), NOW)
    assert absent == {"b": NOW}
    later = NOW + timedelta(seconds=10)
    assert absent_after(absent, known, frozenset({"a"}), later) == {"b": NOW}
    assert absent_after(absent, known, frozenset(), later) == {"a": later, "b": NOW}
    assert absent_after(absent, known, known, later) == {}


def test_slices_go_half_a_minute_after_their_driver() -> None:
    absent = {"a": NOW, "b": NOW + timedelta(seconds=1)}
    assert next_due(absent) == NOW + PATIENCE
    assert due(absent, NOW + PATIENCE - timedelta(seconds=1)) == frozenset()
    assert due(absent, NOW + PATIENCE) == {"a"}
    assert next_due({}) is None


def test_only_the_nodes_own_slices_are_deleted() -> None:
    def piece(name: str, node: str, driver: str) -> JsonObject:
        return {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": name, "uid": name},
            "spec": {"nodeName": node, "driver": driver},
        }

    world = world_of(piece("1", "n", "a"), piece("2", "n", "b"), piece("3", "other", "a"), piece("4", "", "a"))

    def names(writes: tuple[Write, ...]) -> list[str]:
        return [write.name for write in writes if isinstance(write, Delete)]

    assert names(wipe(world, "n")) == ["1", "2"]
    assert names(wipe(world, "n", ["a"])) == ["1"]
    assert names(wipe(world, "n", [])) == []
