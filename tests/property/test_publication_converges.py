"""Laws of publication against a model of the API server.

Carrying out a plan publishes what is wanted, in one go; then nothing more is written; a crash behind any write, foreign
changes and conflicts cost one more plan; a reader never takes a mixture of old and new for the pool.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

from dra_core.profiles import DeviceHealth, DevicePool, Health
from dra_core.publication import (
    Acknowledged,
    CreateSlice,
    DeleteSlice,
    Publisher,
    SliceEffect,
    SliceLimits,
    UpdateSlice,
    acknowledge,
    limits_of,
    plan,
    with_health_taints,
)
from dra_core.snapshot.device import Device, DeviceCapacity
from hypothesis import given
from hypothesis import strategies as st

from tests.property.slice_server import ConflictError, SliceServer, complete
from tests.property.slice_server import Device as SliceDevice

DRIVER = "gpu.example.com"


def limits(size: int) -> SliceLimits:
    """Real limits, but for few devices in a slice."""
    real = limits_of(36)
    return SliceLimits(
        **{name: getattr(real, name) for name in real.__struct_fields__} | {"devices": size, "special_devices": size}
    )


def publisher(size: int, node_uid: str = "node-uid") -> Publisher:
    return Publisher(driver_name=DRIVER, node_name="node-1", node_uid=node_uid, limits=limits(size))


def pool(devices: Sequence[tuple[str, str]], name: str = "node-1") -> DevicePool:
    return DevicePool(
        name=name,
        devices=tuple(
            Device(name=device, capacity={"memory": DeviceCapacity(value=memory)}) for device, memory in devices
        ),
    )


devices = st.lists(
    st.tuples(st.sampled_from([f"gpu-{i}" for i in range(8)]), st.sampled_from(["1024Mi", "2Gi", "3Gi"])),
    max_size=8,
    unique_by=lambda each: each[0],
)
wanted_pools = st.tuples(devices, st.none() | devices, st.sets(st.sampled_from([f"gpu-{i}" for i in range(8)]))).map(
    lambda drawn: with_health_taints(
        DRIVER,
        [pool(drawn[0])] + ([pool(drawn[1], "second")] if drawn[1] is not None else []),
        [DeviceHealth(pool="node-1", device=name, health=Health.UNHEALTHY) for name in drawn[2]],
    )
)
sizes = st.integers(1, 4)


def expected(wanted: DevicePool) -> list[str]:
    return [
        f"{device.name}/{device.capacity['memory'].value.replace('1024Mi', '1Gi')}/{len(device.taints)}"
        for device in wanted.devices
    ]


class Plugin:
    """A process that publishes."""

    def __init__(self, server: SliceServer, size: int) -> None:
        self.server, self.publisher, self.acknowledged = server, publisher(size), Acknowledged()

    def sync(self, wanted: Sequence[DevicePool], stop_after: int | None = None) -> list[SliceEffect]:
        """One plan carried out, or its beginning; the effects of the plan."""
        publication = plan(self.publisher, wanted, self.server.found(), self.acknowledged)
        assert publication.refusals == ()
        for effect in publication.effects[:stop_after]:
            returned = self.server.carry_out(effect)
            if returned is not None and not isinstance(effect, DeleteSlice):
                self.acknowledged, _ = acknowledge(self.acknowledged, effect, returned)
        return list(publication.effects)


def assert_published(server: SliceServer, wanted: Sequence[DevicePool]) -> None:
    for each in wanted:
        assert complete(server.stored(), each.name) == expected(each)
    assert {each["spec"]["pool"]["name"] for each in server.stored()} == {each.name for each in wanted}
    for found in server.stored():
        assert found["spec"]["nodeName"] == "node-1"
        assert found["metadata"]["ownerReferences"] == [
            {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "node-uid", "controller": True}
        ]


@given(sizes, st.lists(wanted_pools, min_size=1, max_size=4))
def test_one_sync_publishes_and_then_all_is_quiet(size: int, history: Sequence[Sequence[DevicePool]]) -> None:
    server = SliceServer()
    plugin = Plugin(server, size)
    for wanted in history:
        plugin.sync(wanted)
        assert_published(server, wanted)
        assert plugin.sync(wanted) == []
        assert Plugin(server, size).sync(wanted) == [], "nor does a restarted process write"


@given(sizes, wanted_pools, wanted_pools, st.integers(0, 6), st.integers(0, 6))
def test_a_crash_behind_any_write_is_made_good_in_one_sync(
    size: int, before: Sequence[DevicePool], wanted: Sequence[DevicePool], first_crash: int, second_crash: int
) -> None:
    server = SliceServer()
    Plugin(server, size).sync(before)
    Plugin(server, size).sync(wanted, first_crash)
    Plugin(server, size).sync(wanted, second_crash)
    plugin = Plugin(server, size)
    plugin.sync(wanted)
    assert_published(server, wanted)
    assert plugin.sync(wanted) == []


@given(sizes, devices, devices)
def test_a_reader_sees_old_or_new_or_an_incomplete_pool(
    size: int, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> None:
    """Behind every write. A single device list must be one that was wanted."""
    server = SliceServer()
    Plugin(server, size).sync([pool(before)])
    allowed = [None, expected(pool(before)), expected(pool(after))]
    plugin = Plugin(server, size)
    effects = plan(plugin.publisher, [pool(after)], server.found(), Acknowledged()).effects
    for effect in effects:
        server.carry_out(effect)
        assert complete(server.stored(), "node-1") in allowed


@given(sizes, wanted_pools, wanted_pools)
def test_deletes_come_first_then_updates_then_creations(
    size: int, before: Sequence[DevicePool], wanted: Sequence[DevicePool]
) -> None:
    server = SliceServer()
    Plugin(server, size).sync(before)
    order = {DeleteSlice: 0, UpdateSlice: 1, CreateSlice: 2}
    effects = plan(publisher(size), wanted[:1], server.found(), Acknowledged()).effects
    ranks = [order[type(effect)] for effect in effects]
    assert ranks == sorted(ranks)


@given(sizes, wanted_pools, st.data())
def test_foreign_changes_are_put_right(size: int, wanted: Sequence[DevicePool], data: st.DataObject) -> None:
    server = SliceServer()
    plugin = Plugin(server, size)
    plugin.sync(wanted)
    names = sorted(server.slices)
    for name in data.draw(st.sets(st.sampled_from(names))):
        match data.draw(st.sampled_from(["delete", "devices", "owner", "count", "copy", "junk"])):
            case "delete":
                del server.slices[name]
            case "devices":
                server.slices[name]["spec"]["devices"] = [{"name": "stranger"}]
            case "owner":
                server.slices[name]["metadata"]["ownerReferences"] = []
            case "count":
                server.slices[name]["spec"]["pool"]["resourceSliceCount"] += 1
            case "copy":
                other = copy.deepcopy(server.slices[name])
                other["metadata"] |= {"name": name + "x", "uid": "uid-x" + name}
                server.slices[name + "x"] = other
            case _:
                server.slices[name]["spec"]["devices"] = cast(list[SliceDevice], "junk")
    plugin.sync(wanted)
    assert_published(server, wanted)
    assert plugin.sync(wanted) == []


@given(sizes, wanted_pools, wanted_pools)
def test_a_conflict_costs_one_more_plan(size: int, before: Sequence[DevicePool], wanted: Sequence[DevicePool]) -> None:
    """Somebody writes to each slice between reading and writing."""
    server = SliceServer()
    plugin = Plugin(server, size)
    plugin.sync(before)
    effects = plan(plugin.publisher, wanted, server.found(), plugin.acknowledged).effects
    for value in server.slices.values():
        value["metadata"]["resourceVersion"] += "0"
        value["metadata"]["labels"] = {"foreign": "label"}
    for effect in effects:
        try:
            server.carry_out(effect)
        except ConflictError:
            break
    plugin.sync(wanted)
    assert_published(server, wanted)
    assert plugin.sync(wanted) == []


@given(sizes, wanted_pools)
def test_dropped_fields_do_not_make_a_loop(size: int, wanted: Sequence[DevicePool]) -> None:
    """Gate off: the server forgets taints. One process writes once; another one does not disturb it for long."""
    server = SliceServer(dropped_device_fields=["taints"])
    plugin = Plugin(server, size)
    plugin.sync(wanted)
    assert plugin.sync(wanted) == []
    other = Plugin(server, size)
    other.sync(wanted)
    assert other.sync(wanted) == []


@given(sizes, wanted_pools)
def test_times_of_taints_stay(size: int, wanted: Sequence[DevicePool]) -> None:
    """Eviction counts from timeAdded: rewriting a slice must not start it again."""
    server = SliceServer()
    Plugin(server, size).sync(wanted)
    before = times(server)
    more = (pool([*((d.name, d.capacity["memory"].value) for d in wanted[0].devices), ("gpu-99", "2Gi")]),)
    taints = {device.name: device.taints for device in wanted[0].devices}
    health = [DeviceHealth(pool="node-1", device=n, health=Health.UNHEALTHY) for n, each in taints.items() if each]
    Plugin(server, size).sync(with_health_taints(DRIVER, more, health))
    after = times(server)
    assert {key: value for key, value in before.items() if key[0] == "node-1"} == after


def times(server: SliceServer) -> dict[tuple[str, str], str]:
    return {
        (each["spec"]["pool"]["name"], device["name"]): device["taints"][0]["timeAdded"]
        for each in server.stored()
        for device in each["spec"].get("devices", ())
        if device.get("taints")
    }
