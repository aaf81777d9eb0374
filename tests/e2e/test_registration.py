"""Registration and connection: modern DRA's conformance list, section "registration", on a real kubelet."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import JsonObject, list_at, text_at

from tests.e2e.objects import claim, pod
from tests.e2e.world import World, eventually


def _kill(world: World) -> None:
    """As the kernel would for lack of memory; the kubelet starts the container again."""
    world.replace_plugin()  # a pod that has not been restarted lately is restarted at once
    process = world.plugin_process()
    before = _restarts(world.plugin())
    os.kill(process, signal.SIGKILL)
    world.wait_for_plugin(lambda found: _restarts(found) > before)


def _restarts(plugin: JsonObject) -> int:
    statuses = list_at(plugin, "status", "containerStatuses")
    return max((int(str(status["restartCount"])) for status in statuses if isinstance(status, dict)), default=0)


def _replace(world: World) -> None:
    world.replace_plugin()


def _restart_kubelet(world: World) -> None:
    world.cluster.restart("kubelet")


def _restart_containerd(world: World) -> None:
    world.cluster.restart("containerd")
    world.cluster.wait_until_ready()


@pytest.mark.parametrize("restart", [_replace, _kill, _restart_kubelet, _restart_containerd])
def test_pods_go_on_and_new_ones_start_after_a_restart(
    world: World, namespace: str, restart: Callable[[World], None]
) -> None:
    """Also the rule that the running pod is unprepared by an instance that did not prepare it."""
    world.run(claim(namespace, "before"), pod(namespace, "before", {"gpu": "before"}))
    before = world.claim_uid(namespace, "before")
    restart(world)
    world.run(claim(namespace, "after"), pod(namespace, "after", {"gpu": "after"}))
    assert world.phase(namespace, "before") == "Running"
    assert world.prepared() == {before, world.claim_uid(namespace, "after")}
    assert (
        world.environment(namespace, "before")
        .keys()
        .isdisjoint(key for key in world.environment(namespace, "after") if key.startswith("GPU_DEVICE_"))
    )
    world.delete("Pod", namespace, "before")
    world.wait_gone(namespace, "before")
    eventually("unprepare", lambda: before not in world.prepared())


def test_pod_created_while_the_kubelet_is_down_is_processed_afterwards(world: World, namespace: str) -> None:
    world.cluster.stop("kubelet")
    try:
        world.create(claim(namespace, "gpu"), pod(namespace, "late", {"gpu": "gpu"}))
        eventually("scheduling", lambda: text_at(world.read("Pod", namespace, "late"), "spec", "nodeName") != "")
    finally:
        world.cluster.start("kubelet")
    world.wait_ready(namespace, "late")


def test_pod_deleted_while_the_kubelet_is_down_is_unprepared_afterwards(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "short", {"gpu": "gpu"}))
    world.cluster.stop("kubelet")
    try:
        world.delete("Pod", namespace, "short", grace_seconds=0)
    finally:
        world.cluster.start("kubelet")
    world.wait_gone(namespace, "short")
    eventually("unprepare", world.nothing_is_prepared)


def test_kill_while_a_prepare_is_under_way(world: World, namespace: str) -> None:
    """It waits for the lock between instances, which the test holds; then there is no plugin, then a new one."""
    world.replace_plugin()
    process = world.plugin_process()
    with world.serialize_lock():
        world.create(claim(namespace, "gpu"), pod(namespace, "patient", {"gpu": "gpu"}))
        eventually("a prepare under way", lambda: world.waits_for_the_lock(process))
        os.kill(process, signal.SIGKILL)
        eventually("the end of the plugin", lambda: not Path(f"/proc/{process}/fd").exists())
    world.wait_ready(namespace, "patient")
    assert world.prepared() == {world.claim_uid(namespace, "gpu")}
    assert len(world.cdi_files()) == 1
