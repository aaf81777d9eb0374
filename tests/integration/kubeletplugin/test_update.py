"""Seamless update: an old and a new instance side by side, as a DaemonSet with maxSurge runs them."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, result

OLD, NEW = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"
ONE = Claim("uid-1", "claim")


def waits_for_the_lock(plugin: PluginProcess) -> bool:
    """Whether it has the lock's file open, as it has during a call only."""
    for descriptor in Path(f"/proc/{plugin.pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if descriptor.readlink().name == "serialize.lock":
                return True
    return False


def answered(call: Callable[[], str]) -> str:
    """The error of a call that is answered in time, as the kubelet hears it that tries again."""

    def tried() -> str | None:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
            return None

    return eventually(tried, "an answer in time")


def test_old_and_new_serve_side_by_side_and_the_new_one_takes_over(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
) -> None:
    """Same answers, same slices byte for byte; what the old one prepared the new one unprepares."""
    api.add(claim("uid-1", [result("gpu-1")]))
    api.add(claim("uid-2", [result("gpu-2")], name="second"))
    old = start("--pod-uid", OLD)
    first = kubelet.wait_for_plugin()
    api.wait(lambda: len(api.slices()) == 1, "a slice")
    slices = api.slices()
    prepared = kubelet.prepare_one(ONE)

    new = start("--pod-uid", NEW, "--log-level", "debug")
    second = kubelet.wait_for_plugin(count=2)
    assert {first.endpoint, second.endpoint} == {str(path) for path in node.sockets() if path.parent == node.data()}
    assert kubelet.prepare_one(ONE) == prepared
    assert old.stop() == 0
    kubelet.wait_for_plugin(count=1)
    assert kubelet.prepare_one(ONE) == prepared
    assert kubelet.prepare_one(Claim("uid-2", "second"))
    assert kubelet.unprepare(ONE) == {"uid-1": ""}
    new.wait_for("slices are as they should be")
    assert new.log_count("slices published") == 0
    assert api.slices() == slices


def test_a_failed_update_leaves_the_old_one_at_work(start: StartPlugin, kubelet: KubeletSide, api: LittleApi) -> None:
    api.add(claim("uid-1", [result("gpu-1")]))
    start("--pod-uid", OLD)
    old = kubelet.wait_for_plugin()
    new = start("--pod-uid", NEW)
    kubelet.wait_for_plugin(count=2)
    new.kill()
    assert kubelet.wait_for_plugin(count=1).endpoint == old.endpoint
    assert kubelet.prepare_one(ONE)


def test_what_a_killed_instance_left_the_next_one_clears_up(
    start: StartPlugin, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    """Else the kubelet would try to register the dead one for ever."""
    old = start("--pod-uid", OLD)
    left = kubelet.wait_for_plugin()
    old.kill()
    assert Path(left.registrar).exists()
    new = start("--pod-uid", NEW)
    new.wait_for("serving")
    removed = {line["socket"] for line in new.events("removed the socket of an instance that is dead")}
    assert removed == {left.registrar, left.endpoint}
    assert len(node.sockets()) == 2


def test_one_call_at_a_time_between_processes(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
) -> None:
    """Held by another process, here the test, the lock makes calls wait, and none is lost."""
    api.add(claim("uid-1", [result("gpu-1")]))
    plugin = start("--pod-uid", OLD)
    kubelet.wait_for_plugin()
    with (node.data() / "serialize.lock").open("r+") as lock, ThreadPoolExecutor(1) as threads:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call = threads.submit(kubelet.prepare_one, ONE)
        eventually(lambda: waits_for_the_lock(plugin), "the call waits for the lock")
        assert api.count("GET", "resourceclaims") >= 1, "the claim is read before"
        assert not call.done()
        assert node.cdi_files() == set()
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert call.result(60)


def test_a_lock_that_is_never_free_is_told(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
) -> None:
    api.add(claim("uid-1", [result("gpu-1")]))
    start("--pod-uid", OLD)
    kubelet.wait_for_plugin()
    with (node.data() / "serialize.lock").open("r+") as lock, ThreadPoolExecutor(2) as threads:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A fifth of the caller's time is what the plugin leaves itself to answer in; whom it misses asks again.
        prepared = threads.submit(answered, lambda: kubelet.prepare(ONE, seconds=15)["uid-1"].error)
        unprepared = threads.submit(answered, lambda: kubelet.unprepare(ONE, seconds=15)["uid-1"])
        assert "another prepare or unprepare" in prepared.result()
        assert "another prepare or unprepare" in unprepared.result()


def test_with_more_devices_the_new_instance_publishes_them(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi
) -> None:
    """And the old one, which still watches, does not fight it for long: it ends."""
    old = start("--pod-uid", OLD, "--num-devices", "2")
    kubelet.wait_for_plugin()
    api.wait(lambda: len(api.devices()) == 2, "two devices")
    start("--pod-uid", NEW, "--num-devices", "4")
    kubelet.wait_for_plugin(count=2)
    assert old.stop() == 0
    api.wait(lambda: len(api.devices()) == 4, "four devices")
