"""Rolling updates of the DaemonSet with maxSurge 1: the old plugin serves until the new one does."""

from __future__ import annotations

import threading

from dra_core.snapshot.json_value import text_at

from tests.e2e.objects import DRIVER, claim, pod
from tests.e2e.world import World, eventually

LONGEST_SOCKET_PATH = 107
"""unix(7): sun_path has 108 bytes, the last is NUL."""


def test_update_leaves_slices_byte_for_byte_and_pods_start_during_it(world: World, namespace: str) -> None:
    """A pod is created while both plugins are there: the new one waits for the lock that the test holds until then."""
    world.wait_for_plugin()
    before, old = world.slices(), text_at(world.plugin(), "metadata", "uid")
    # By its namespace, for what an earlier run of this test has installed already would be no update.
    update = threading.Thread(target=world.install, args=(f"kubeletPlugin.podAnnotations.updated={namespace}",))
    try:
        with world.serialize_lock():
            update.start()
            eventually("two plugins", lambda: len(world.plugins()) == 2)
            world.create(claim(namespace, "gpu"), pod(namespace, "meanwhile", {"gpu": "gpu"}))
    finally:
        update.join()
    world.wait_ready(namespace, "meanwhile")
    world.wait_for_plugin(lambda found: text_at(found, "metadata", "uid") != old)
    assert world.slices() == before
    world.run(claim(namespace, "afterwards"), pod(namespace, "afterwards", {"gpu": "afterwards"}))
    sockets = {path.name for path in world.layout.registrar_directory.glob(f"{DRIVER}*")}
    assert len(sockets) == 1, "the old plugin's socket is gone"


def test_failed_update_keeps_the_old_plugin_working(world: World, namespace: str) -> None:
    """The new version's image cannot be had; the administrator goes back."""
    world.install()
    world.wait_for_plugin()
    before, old = world.slices(), text_at(world.plugin(), "metadata", "uid")
    try:
        world.start_install("image.tag=there-is-none")
        eventually("two plugins", lambda: len(world.plugins()) == 2)
        world.run(claim(namespace, "gpu"), pod(namespace, "meanwhile", {"gpu": "gpu"}))
    finally:
        world.install()
    world.wait_for_plugin()
    assert text_at(world.plugin(), "metadata", "uid") == old
    assert world.slices() == before


def test_driver_with_the_longest_name_is_updated_like_any_other(world: World, namespace: str) -> None:
    """As long as its folder allows: both sockets' names must be shortened, and differ between old and new plugin."""
    longest = LONGEST_SOCKET_PATH - len(f"{world.layout.plugins_directory}//dra-0123456789A.sock")
    # With its namespace in it: an earlier run's slices outlive their plugin, and would go in the middle of this one.
    name = f"{namespace}.{'l' * longest}"[: longest - len(".example.com")] + ".example.com"
    with world.second_release(name):
        before = world.slices(name)
        world.update_second_release(name, "kubeletPlugin.podAnnotations.updated=once")
        assert world.slices(name) == before
        world.run(
            claim(namespace, "gpu", {"name": "gpu", "exactly": {"deviceClassName": name}}),
            pod(namespace, "user", {"gpu": "gpu"}),
        )
        assert world.prepared(name) == {world.claim_uid(namespace, "gpu")}
        world.empty_of_pods(namespace)
