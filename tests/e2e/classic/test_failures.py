"""Parts of the driver die in the middle of their work, on a real Kubernetes 1.30."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from dra_core.snapshot.json_value import JsonObject, text_at
from local_cluster.api import is_true
from local_cluster.driver import NAMESPACE

from tests.e2e.classic.world import ClassicWorld, claim, user
from tests.e2e.world import eventually

pytestmark = pytest.mark.usefixtures("unused")

NAMES = [f"gpu-{number}" for number in range(8)]


def _kill_controller(world: ClassicWorld) -> None:
    (controller,) = world.controllers()
    os.kill(world.process_of(controller), signal.SIGKILL)


def _kill_plugin(world: ClassicWorld) -> None:
    os.kill(world.plugin_process(), signal.SIGKILL)


def _start(world: ClassicWorld, namespace: str, names: list[str]) -> None:
    world.create(*(claim(namespace, name) for name in names), *(user(namespace, name, name) for name in names))


def _each_has_one_of_its_own(world: ClassicWorld, namespace: str, names: list[str]) -> None:
    world.wait_ready(namespace, *names)
    given = [gpu for name in names for gpu in world.gpus(namespace, name)]
    assert len(given) == len(set(given)) == len(names)
    held = world.devices_of("allocatedClaims")
    assert sorted(gpu for uuids in held.values() for gpu in uuids) == sorted(given)


@pytest.mark.parametrize("kill", [_kill_controller, _kill_plugin])
def test_killed_in_the_middle_it_finds_its_way_back(
    world: ClassicWorld, namespace: str, kill: Callable[[ClassicWorld], None]
) -> None:
    """The node is filled; the death comes while claims are allocated, and another while they are given back."""
    _start(world, namespace, NAMES)
    eventually("the first entries", lambda: bool(world.devices_of("allocatedClaims")))
    kill(world)
    _each_has_one_of_its_own(world, namespace, NAMES)
    for name in NAMES:
        world.delete("Pod", namespace, name)
    world.wait_gone(namespace, NAMES[0])
    eventually("the driver is back", lambda: all(is_true(pod, "Ready") for pod in _driver(world)))
    kill(world)
    world.empty(namespace)


def _driver(world: ClassicWorld) -> list[JsonObject]:
    return [*world.controllers(), *world.plugins()]


def test_of_two_controllers_one_works_and_the_other_takes_over(world: ClassicWorld, namespace: str) -> None:
    """The one that works is taken away without a farewell while claims wait for it."""
    try:
        world.install("controller.replicas=2")
        eventually("two controllers", lambda: len(world.controllers()) == 2)
        names = {text_at(pod, "metadata", "name") for pod in world.controllers()}
        eventually("a leader", lambda: world.leader() in names)
        leader = world.leader()
        _start(world, namespace, NAMES)
        world.delete("Pod", NAMESPACE, leader, grace_seconds=0)
        _each_has_one_of_its_own(world, namespace, NAMES)
        eventually("another leader", lambda: world.leader() not in ("", leader))
    finally:
        world.install()
        eventually("one controller", lambda: len(world.controllers()) == 1)


def test_pods_that_wait_while_there_is_no_controller_are_served_by_the_next(
    world: ClassicWorld, namespace: str
) -> None:
    try:
        world.install("controller.replicas=0")
        eventually("no controller", lambda: not world.controllers())
        world.create(claim(namespace, "gpu"), user(namespace, "patient", "gpu"))
        world.wait_for_event(namespace, "patient", "FailedScheduling")
    finally:
        world.install()
    world.wait_ready(namespace, "patient")
