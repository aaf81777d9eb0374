"""Device health in the pod's status: gate ResourceHealthStatus, on by default in this version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import JsonObject, list_at, text_at

from tests.e2e.objects import claim, pod
from tests.e2e.world import World, allocated_devices, eventually

SECONDS_TO_MISS_IT = 240
"""The kubelet takes a device's health for unknown when it has heard nothing for a time of its own."""


@pytest.fixture
def unhealthy(world: World) -> Iterator[Path]:
    """Where a file named like a device makes it unhealthy."""
    folder = world.driver_directory / "unhealthy"
    folder.mkdir(exist_ok=True)
    yield folder
    for file in folder.iterdir():
        file.unlink()
    # A taint of this test would be taken for one of the next, or of this one's second run, just before it goes.
    eventually("no taint", lambda: not _tainted(world))


def _health(world: World, namespace: str, name: str) -> list[JsonObject]:
    """All entries about claims in the status of a pod's only container."""
    (container,) = list_at(world.read("Pod", namespace, name), "status", "containerStatuses")
    entries = (
        entry for entry in list_at(container, "allocatedResourcesStatus") if text_at(entry, "name").startswith("claim:")
    )
    return [resource for entry in entries for resource in list_at(entry, "resources") if isinstance(resource, dict)]


def _is(world: World, namespace: str, health: str, message: str = "") -> bool:
    found = _health(world, namespace, "user")
    return bool(found) and all(
        item.get("health") == health and message in str(item.get("message", "")) for item in found
    )


def test_health_and_its_message_follow_the_device_in_the_status_of_its_pod(
    world: World, namespace: str, unhealthy: Path
) -> None:
    """Healthy, Unhealthy with a message, another message with a letter beyond ASCII, Healthy."""
    world.run(claim(namespace, "gpu"), pod(namespace, "user", {"gpu": "gpu"}))
    eventually("Healthy", lambda: _is(world, namespace, "Healthy"))
    (device,) = allocated_devices(world.read("ResourceClaim", namespace, "gpu"))
    (unhealthy / device).write_text("the fan stands still")
    eventually("Unhealthy", lambda: _is(world, namespace, "Unhealthy", "the fan stands still"))
    (unhealthy / device).write_text("der Lüfter brennt")
    eventually("the new message", lambda: _is(world, namespace, "Unhealthy", "der Lüfter brennt"))
    (unhealthy / device).unlink()
    eventually("Healthy again", lambda: _is(world, namespace, "Healthy"))


def test_unhealthy_device_is_not_given_to_new_pods(world: World, namespace: str, unhealthy: Path) -> None:
    """It has a taint in its slice as long as it is unhealthy."""
    (unhealthy / "gpu-0").write_text("broken")
    eventually("the taint", lambda: _tainted(world) == ["gpu-0"])
    world.let_the_scheduler_see()
    world.run(claim(namespace, "gpu"), pod(namespace, "user", {"gpu": "gpu"}))
    assert allocated_devices(world.read("ResourceClaim", namespace, "gpu")) != ["gpu-0"]
    (unhealthy / "gpu-0").unlink()
    eventually("no taint", lambda: not _tainted(world))


def test_health_is_unknown_without_the_plugin_and_known_again_after_its_restart(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "user", {"gpu": "gpu"}))
    eventually("Healthy", lambda: _is(world, namespace, "Healthy"))
    with world.without_plugin():
        eventually("Unknown", lambda: _is(world, namespace, "Unknown"), SECONDS_TO_MISS_IT)
    eventually("Healthy again", lambda: _is(world, namespace, "Healthy"))


def _tainted(world: World) -> list[str]:
    devices = (device for found in world.slices() for device in list_at(found, "spec", "devices"))
    return [text_at(device, "name") for device in devices if list_at(device, "taints")]
