"""ResourceSlices: published, split, kept, republished, and left in place."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi, refusal
from tests.integration.kubeletplugin.plugin_process import DRIVER, NODE, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, result
from tests.property.slice_server import Slice


def published(api: LittleApi, devices: int = 8) -> list[Slice]:
    """All slices, once there are so many devices in them."""
    api.wait(lambda: len(api.devices()) == devices, f"{devices} devices")
    return api.slices()


def versions(api: LittleApi) -> list[tuple[str, str]]:
    return [(each["metadata"]["uid"], each["metadata"]["resourceVersion"]) for each in api.slices()]


def test_exactly_one_slice_with_the_node_as_owner(plugin: PluginProcess, api: LittleApi) -> None:
    """Owner Node with its UID and controller, without blockOwnerDeletion; nodeName and pool name are the node's."""
    (only,) = published(api)
    assert only["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": f"uid-of-{NODE}", "controller": True}
    ]
    assert only["spec"]["driver"] == DRIVER
    assert only["spec"]["nodeName"] == NODE
    assert only["spec"]["pool"] == {"name": NODE, "generation": 1, "resourceSliceCount": 1}
    assert api.devices() == [f"gpu-{i}" for i in range(8)]
    plugin.wait_for("slices published")


def test_once_published_nothing_is_written_any_more(start: StartPlugin, api: LittleApi) -> None:
    """Its own writes come back to it as changes; it looks again, and finds all as it should be."""
    plugin = start("--log-level", "debug")
    published(api)
    before = versions(api)
    plugin.wait_for("slices are as they should be")
    api.break_watches()
    eventually(lambda: api.count("WATCH", "resourceslices") > 1, "another watch")
    assert versions(api) == before
    assert len(api.writes()) == 1
    assert plugin.log_count("slices published") == 1


@pytest.mark.parametrize(("minor", "sizes"), [("34", [128, 22]), ("35", [64, 64, 22]), ("37", [64, 64, 22])])
def test_large_pools_are_split_at_the_servers_limits(
    start: StartPlugin, api: LittleApi, minor: str, sizes: list[int]
) -> None:
    """64 where a device may get a taint (1.35 and newer), 128 before; the order of devices stays."""
    api.minor = minor
    start("--num-devices", "150")
    slices = published(api, 150)
    assert [len(each["spec"]["devices"]) for each in slices] == sizes
    assert {each["spec"]["pool"]["resourceSliceCount"] for each in slices} == {len(sizes)}
    assert len({each["spec"]["pool"]["generation"] for each in slices}) == 1
    assert api.devices() == [f"gpu-{i}" for i in range(150)]


def test_a_node_without_devices_publishes_an_empty_pool(start: StartPlugin, api: LittleApi) -> None:
    """No slice at all would mean that the pool was withdrawn."""
    start("--num-devices", "0")
    api.wait(lambda: len(api.slices()) == 1, "a slice")
    assert api.devices() == []


def test_partitions_come_with_their_counters(start: StartPlugin, api: LittleApi) -> None:
    """Counters in a slice of their own (1.35 and newer), before the devices."""
    start("--num-devices", "2", "--gpu-partitions", "4")
    counters, devices = published(api, 10)
    assert [each["name"] for each in counters["spec"]["sharedCounters"]] == ["gpu-0-counters", "gpu-1-counters"]
    assert "devices" not in counters["spec"]
    assert "sharedCounters" not in devices["spec"]


@pytest.mark.usefixtures("plugin")
def test_deleted_by_somebody_it_is_published_again_with_a_new_uid(api: LittleApi) -> None:
    """As a kubelet does with all slices of its node when it starts."""
    (before,) = published(api)
    api.delete_slices()
    (after,) = published(api)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["devices"] == before["spec"]["devices"]


@pytest.mark.usefixtures("plugin")
def test_changed_by_somebody_it_is_put_right(api: LittleApi) -> None:
    (before,) = published(api)
    api.tamper(lambda each: each["spec"]["devices"].clear())
    (after,) = published(api)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["devices"] == before["spec"]["devices"]


def test_what_happens_while_the_watch_is_broken_is_seen_afterwards(plugin: PluginProcess, api: LittleApi) -> None:
    published(api)
    with api.failing("WATCH", "resourceslices", refusal(503, "ServiceUnavailable", "restarting")):
        api.break_watches()
        api.delete_slices()
        plugin.wait_for("the watch on slices broke")
    published(api)


def test_after_410_it_lists_anew(plugin: PluginProcess, api: LittleApi) -> None:
    """The server has forgotten what happened since the watch began."""
    published(api)
    api.forget_history()
    api.delete_slices_silently()  # before the watch ends: what the plugin lists afterwards lacks them
    api.break_watches()
    assert "too old resource version" in str(plugin.wait_for("the watch on slices broke")["error"])
    published(api)


def test_stopped_it_leaves_its_slices_in_place(
    plugin: PluginProcess, api: LittleApi, start: StartPlugin, kubelet: KubeletSide
) -> None:
    """The kubelet removes them if no instance comes back; one that does finds nothing to write."""
    published(api)
    before = versions(api)
    assert plugin.stop() == 0
    assert versions(api) == before
    again = start("--log-level", "debug")
    again.wait_for("registered")
    kubelet.wait_for_plugin()
    again.wait_for("slices are as they should be")
    assert versions(api) == before
    assert again.log_count("slices published") == 0


def test_without_an_api_server_it_serves_and_publishes_later(
    start: StartPlugin, api: LittleApi, kubelet: KubeletSide
) -> None:
    """A node must be able to unprepare, whatever the control plane does: the chart tells the generation."""
    api.fault = lambda _method, _path: refusal(503, "ServiceUnavailable", "starting")
    plugin = start("--api-generation", "modern")
    kubelet.wait_for_plugin()
    assert kubelet.unprepare(Claim("uid-1", "claim")) == {"uid-1": ""}
    assert "starting" in str(plugin.wait_for("slices could not be published; trying again")["error"])
    api.fault = lambda _method, _path: None
    published(api)


def test_missing_rights_are_told_and_it_goes_on(start: StartPlugin, api: LittleApi, kubelet: KubeletSide) -> None:
    with api.failing("POST", "resourceslices", refusal(403, "Forbidden", "cannot create resourceslices")):
        plugin = start()
        kubelet.wait_for_plugin()
        line = plugin.wait_for("slices could not be published; trying again")
        assert "cannot create resourceslices" in str(line["error"])
    published(api)


def test_a_gate_that_is_off_is_told_once_and_makes_no_loop(
    start: StartPlugin, api: LittleApi, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    """The server drops the taint of an unhealthy device."""
    api.drop_taints()
    node.data().mkdir()
    unhealthy = node.data() / "unhealthy"
    unhealthy.mkdir()
    (unhealthy / "gpu-3").touch()
    plugin = start("--log-level", "debug")
    kubelet.wait_for_plugin()
    assert "DRADeviceTaints" in str(plugin.wait_for("a field was not published")["reason"])
    plugin.wait_for("slices are as they should be")
    assert len(api.writes()) == 1


@pytest.mark.usefixtures("plugin")
def test_a_node_that_is_registered_again_owns_the_slices_anew(api: LittleApi) -> None:
    """The old owner's UID would have them collected as garbage."""
    published(api)
    api.node_uids[NODE] = "uid-of-the-new-node"
    api.delete_slices()

    def owners() -> list[Json]:
        return [each["metadata"]["ownerReferences"][0]["uid"] for each in api.slices()]

    # A look that was under way may have asked for the node before, and made a slice of the old one's first.
    api.wait(lambda: owners() == ["uid-of-the-new-node"], "a slice of the new node")


def test_an_unhealthy_device_is_tainted_in_place_and_untainted(
    plugin: PluginProcess, api: LittleApi, node: NodeDirectories, kubelet: KubeletSide
) -> None:
    """No new pods on it; the pool's generation stays, for one slice changes at once or not at all."""
    api.add(claim("uid-1", [result("gpu-3")]))
    kubelet.prepare_one(Claim("uid-1", "claim"))
    (before,) = published(api)
    unhealthy = node.data() / "unhealthy"
    unhealthy.mkdir()
    (unhealthy / "gpu-3").write_text("fan stopped")
    api.wait(lambda: "taints" in api.slices()[0]["spec"]["devices"][3], "a taint")
    (tainted,) = api.slices()
    assert tainted["metadata"]["uid"] == before["metadata"]["uid"]
    assert tainted["spec"]["pool"] == before["spec"]["pool"]
    (unhealthy / "gpu-3").unlink()
    api.wait(lambda: "taints" not in api.slices()[0]["spec"]["devices"][3], "no taint")
    plugin.wait_for("health changed", count=2)


def test_the_token_is_sent_with_every_request(plugin: PluginProcess, api: LittleApi) -> None:
    published(api)
    assert set(api.tokens) == {"Bearer secret"}
    assert plugin.stop() == 0
