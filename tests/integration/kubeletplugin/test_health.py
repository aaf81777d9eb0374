"""Device health as the kubelet follows it: v1 and v1alpha1 streams, from files to the pod's status."""

from __future__ import annotations

import pytest

from tests.integration.kubeletplugin.kubelet_side import Claim, HealthStream, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, result

UNKNOWN, HEALTHY, UNHEALTHY = 0, 1, 2
SERVICES = ["v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth"]
GPU_3 = (NODE, "gpu-3")


def mark(node: NodeDirectories, why: str, device: str = "gpu-3") -> None:
    directory = node.data() / "unhealthy"
    directory.mkdir(exist_ok=True)
    # As a careful program does it: all of the text at once.
    temporary = node.root / "text"
    temporary.write_text(why)
    temporary.rename(directory / device)


def wait_for(stream: HealthStream, health: int, message: str = "") -> None:
    def look(seen: HealthStream) -> bool:
        found = seen.devices.get(GPU_3)
        return found is not None and (found.health, found.message) == (health, message)

    stream.wait(look, f"gpu-3 {health} {message!r}")


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("service", SERVICES)
def test_healthy_unhealthy_healthy(kubelet: KubeletSide, node: NodeDirectories, service: str) -> None:
    with kubelet.follow_health(service) as stream:
        wait_for(stream, HEALTHY)
        assert set(stream.devices) == {(NODE, f"gpu-{i}") for i in range(8)}, "all of them, not only those in use"
        assert {each.timeout_seconds for each in stream.devices.values()} == {30}
        mark(node, "fan stopped")
        wait_for(stream, UNHEALTHY, "fan stopped")
        assert [each.health for device, each in stream.devices.items() if device != GPU_3] == [HEALTHY] * 7
        (node.data() / "unhealthy" / "gpu-3").unlink()
        wait_for(stream, HEALTHY)


@pytest.mark.usefixtures("plugin")
def test_a_message_that_changes_is_told_though_health_stays(kubelet: KubeletSide, node: NodeDirectories) -> None:
    mark(node, "warm")
    with kubelet.follow_health() as stream:
        wait_for(stream, UNHEALTHY, "warm")
        mark(node, "hot")
        wait_for(stream, UNHEALTHY, "hot")


@pytest.mark.usefixtures("plugin")
def test_messages_of_any_script_survive_and_long_ones_are_cut_between_characters(
    kubelet: KubeletSide, node: NodeDirectories
) -> None:
    with kubelet.follow_health() as stream:
        mark(node, "Lüfter steht 🔥 停止")
        wait_for(stream, UNHEALTHY, "Lüfter steht 🔥 停止")
        mark(node, "ü" * 1000)
        wait_for(stream, UNHEALTHY, "ü" * 512)


@pytest.mark.usefixtures("plugin")
def test_an_empty_file_will_do_and_files_of_other_names_do_nothing(kubelet: KubeletSide, node: NodeDirectories) -> None:
    mark(node, "who is that", device="gpu-99")
    mark(node, "")
    with kubelet.follow_health() as stream:
        wait_for(stream, UNHEALTHY, "marked unhealthy")
        assert sum(each.health == UNHEALTHY for each in stream.devices.values()) == 1


@pytest.mark.usefixtures("plugin")
def test_devices_marked_before_the_stream_begins(kubelet: KubeletSide, node: NodeDirectories) -> None:
    mark(node, "broken on arrival")
    with kubelet.follow_health() as first, kubelet.follow_health(SERVICES[1]) as second:
        wait_for(first, UNHEALTHY, "broken on arrival")
        wait_for(second, UNHEALTHY, "broken on arrival")


@pytest.mark.usefixtures("plugin")
def test_calls_are_served_beside_streams(kubelet: KubeletSide, node: NodeDirectories, api: LittleApi) -> None:
    api.add(claim("uid-1", [result("gpu-3")]))
    one = Claim("uid-1", "claim")
    with kubelet.follow_health() as stream:
        first = kubelet.prepare_one(one)
        mark(node, "fan stopped")
        wait_for(stream, UNHEALTHY, "fan stopped")
        assert kubelet.prepare_one(one) == first
        assert kubelet.unprepare(one) == {"uid-1": ""}
        assert stream.ended == ""


def test_streams_end_when_the_plugin_stops_and_begin_again(
    plugin: PluginProcess, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    """The kubelet then takes health as unknown, and tries again."""
    mark(node, "fan stopped")
    with kubelet.follow_health() as stream:
        wait_for(stream, UNHEALTHY, "fan stopped")
        assert plugin.stop() == 0
        stream.wait(lambda seen: seen.ended != "", "end of the stream")


@pytest.mark.usefixtures("plugin")
def test_streams_that_were_given_up_leave_room_for_new_ones(kubelet: KubeletSide) -> None:
    """As soon as the plugin has heard of it."""

    def is_served() -> bool:
        with kubelet.follow_health() as stream:
            stream.wait(lambda seen: bool(seen.devices or seen.ended), "an answer")
            return bool(stream.devices)

    for number in range(12):
        eventually(is_served, f"room for stream {number}")


@pytest.mark.usefixtures("plugin")
def test_too_many_streams_are_refused_and_calls_still_served(kubelet: KubeletSide) -> None:
    """Each keeps a thread; a kubelet has one."""
    streams = [kubelet.follow_health() for _ in range(4)]
    for stream in streams:
        wait_for(stream, HEALTHY)
    with kubelet.follow_health() as fifth:
        fifth.wait(lambda seen: "RESOURCE_EXHAUSTED" in seen.ended, "a refusal")
    assert kubelet.unprepare(Claim("uid-1", "claim")) == {"uid-1": ""}
    for stream in streams:
        stream.__exit__()
