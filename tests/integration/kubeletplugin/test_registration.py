"""Registration, sockets and connection: pluginregistration v1, and what a kubelet does to a plugin over time."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import DRIVER, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import DEADLINE_SECONDS, eventually
from tests.property.claims import claim, result


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def last_words(plugin: PluginProcess) -> str:
    """What it says beside its log, to which a part that is just ending may still add a line."""
    (line,) = [each for each in plugin.lines if not each.startswith("{")]
    return line


def test_the_plugin_tells_its_name_its_socket_and_its_services(
    plugin: PluginProcess, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    """v1 before v1beta1: the kubelet takes the first of the list that it knows."""
    instance = kubelet.wait_for_plugin()
    assert instance.driver == DRIVER
    assert instance.registrar == str(node.registry / f"{DRIVER}-reg.sock")
    assert instance.endpoint == str(node.data() / "dra.sock")
    assert (instance.dra_service, instance.health_service) == ("v1.DRAPlugin", "v1.DRAResourceHealth")
    plugin.wait_for("registered")


def test_the_drivers_socket_listens_before_the_kubelet_can_find_it(start: StartPlugin, node: NodeDirectories) -> None:
    start()
    registration = node.registry / f"{DRIVER}-reg.sock"
    eventually(registration.exists, "the registration socket")
    assert listens(node.data() / "dra.sock")


def test_it_registers_again_when_the_kubelet_restarts(plugin: PluginProcess, node: NodeDirectories) -> None:
    with KubeletSide(node.registry) as restarted:
        restarted.wait_for_plugin()
        plugin.wait_for("registered", count=2)


def test_it_registers_again_when_the_plugin_restarts(
    plugin: PluginProcess, kubelet: KubeletSide, start: StartPlugin, node: NodeDirectories
) -> None:
    assert plugin.stop() == 0
    assert node.sockets() == set(), "removed on close"
    kubelet.wait_until_gone()
    start()
    kubelet.wait_for_plugin()


def test_it_registers_again_after_it_was_killed(
    plugin: PluginProcess, kubelet: KubeletSide, start: StartPlugin, node: NodeDirectories
) -> None:
    """Its sockets are still there, and nobody listens."""
    plugin.kill()
    assert len(node.sockets()) == 2
    start().wait_for("registered")
    kubelet.wait_for_plugin()


def test_it_waits_until_a_refused_registration_is_tried_again(
    start: StartPlugin, node: NodeDirectories, api: LittleApi
) -> None:
    """The kubelet asks GetInfo and tells a failure as often as it likes; then all goes on."""
    api.add(claim("uid-1", [result("gpu-1")]))
    refusals = iter(["not now", "not yet"])
    kubelet = KubeletSide(node.registry)
    kubelet.refuse = lambda _: next(refusals, "")
    with kubelet:
        plugin = start()
        kubelet.wait_for_plugin()
        plugin.wait_for("registered")
        refused = [line["error"] for line in plugin.events("the kubelet refused the registration")]
        assert refused == ["not now", "not yet"]
        assert sum(told.startswith("GetInfo") for told in kubelet.told) == 3
        assert kubelet.prepare_one(Claim("uid-1", "claim"))


@pytest.mark.parametrize("which", ["registration", "driver"])
def test_a_socket_that_somebody_removes_ends_the_plugin_with_the_cause(
    plugin: PluginProcess, kubelet: KubeletSide, which: str
) -> None:
    """It could not be found any more; a new process can."""
    instance = kubelet.wait_for_plugin()
    path = Path(instance.registrar if which == "registration" else instance.endpoint)
    path.unlink()
    assert plugin.wait() == 1
    assert str(path) in last_words(plugin)
    assert "removed or replaced" in last_words(plugin)


def test_a_socket_that_somebody_replaces_ends_the_plugin_too(plugin: PluginProcess, kubelet: KubeletSide) -> None:
    path = Path(kubelet.wait_for_plugin().endpoint)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
        assert plugin.wait() == 1


def test_a_socket_that_is_removed_as_soon_as_it_is_there_ends_the_plugin_too(
    start: StartPlugin, node: NodeDirectories
) -> None:
    """Before the plugin says that it serves: nothing later would tell it."""
    plugin = start()
    path = node.registry / f"{DRIVER}-reg.sock"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:  # without a pause, which would be too long
        with suppress(FileNotFoundError):
            path.unlink()
            break
    assert plugin.wait() == 1
    assert str(path) in last_words(plugin)


@pytest.mark.parametrize("length", [20, 40, 60])
def test_long_driver_names_get_short_socket_names(
    start: StartPlugin, kubelet: KubeletSide, node: NodeDirectories, length: int
) -> None:
    """sun_path has room for 107 bytes (Kubernetes 1.37 shortens in the same way)."""
    driver = ("a" * (length - 12)) + ".example.com"
    pod_uid = "0123456789ab-4def-8123-456789abcdef0000"
    start("--driver-name", driver, "--pod-uid", pod_uid)
    instance = kubelet.wait_for_plugin(driver=driver)
    for path in (instance.registrar, instance.endpoint):
        assert len(path.encode()) <= 107
    assert Path(instance.endpoint).parent == node.data(driver)
