"""The demo: an embedded cluster, the driver, then one example after the other."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from dra_core.snapshot.json_value import text_at

from dra_sandbox.cluster import RefusedError, Sandbox, TimeOutError, sandbox
from dra_sandbox.demo.checks import all_ready, left_over, mirror_faults, not_ready, running_faults
from dra_sandbox.demo.device_table import device_rows
from dra_sandbox.demo.expectations import Container, Expectation
from dra_sandbox.demo.installation import (
    CLASSIC_DRIVER,
    DRIVER,
    NAMESPACE_OF_DRIVER,
    account,
    install_driver,
    warnings_in,
)
from dra_sandbox.demo.listing import listing
from dra_sandbox.demo.node_states import NODE_STATE
from dra_sandbox.demo.screen import Screen
from dra_sandbox.files import example_manifest
from dra_sandbox.manifests import objects_in
from dra_sandbox.world.objects import NAMESPACE
from dra_sandbox.world.writes import Delete

Seen = TypeVar("Seen")

PATIENCE = 60.0  # seconds for anything to happen, on a slow machine


def tell(wanted: tuple[Expectation, ...], nodes: int, screen: Screen) -> bool:
    """Run the examples; whether all of them showed what they should."""
    started = time.monotonic()
    screen.say("Dynamic Resource Allocation on an embedded cluster")
    with contextlib.ExitStack() as stack:
        with screen.working("starting the cluster"):
            cluster = stack.enter_context(sandbox(nodes))
        kubelets = "a kubelet" if nodes == 1 else f"{nodes} kubelets"
        screen.good(f"API server, controllers, scheduler and {kubelets} are running{took(started)}")
        if not installed(cluster, screen):
            return False
        screen.heading("The devices")
        screen.devices(device_rows(cluster.world(), DRIVER))
        failed = [
            example.name
            for number, example in enumerate(wanted, start=1)
            if not show_example(cluster, example, f"{number}/{len(wanted)}", screen)
        ]
        screen.heading("The devices at the end")
        screen.device_table(device_rows(cluster.world(), DRIVER))
    screen.heading(f"{len(wanted) - len(failed)} of {len(wanted)} examples showed what they should{took(started)}")
    for name in failed:
        screen.bad(name)
    return not failed


def installed(cluster: Sandbox, screen: Screen) -> bool:
    """Install the driver; whether it came up."""
    since = time.monotonic()
    try:
        with screen.working("installing the driver"):
            install_driver(cluster, PATIENCE)
    except (RefusedError, TimeOutError) as error:
        for line in (str(error), *account(cluster)):
            screen.bad(line)
        return False
    driver = CLASSIC_DRIVER if cluster.server.generation == "classic" else DRIVER
    screen.good(f"the driver {driver} is installed, and has published its devices{took(since)}")
    return True


def show_example(cluster: Sandbox, wanted: Expectation, number: str, screen: Screen) -> bool:
    """Run one example, show it, delete it; whether it showed what it should."""
    screen.heading(f"{number}  {wanted.name}: {wanted.shows}")
    since = time.monotonic()
    faults: tuple[str, ...]
    try:
        with screen.working("waiting until the pods are ready"):
            cluster.create(objects_in(example_manifest(wanted.name)))
            cluster.wait_for(lambda world: all_ready(world, wanted), "pods that are ready", PATIENCE)
            outputs, faults = _observed(cluster, wanted)
        screen.pods(cluster.world(), wanted.name)
        screen.say()
        screen.environments(outputs)
        screen.say()
        screen.devices_in_use(device_rows(cluster.world(), DRIVER))
        screen.say()
        screen.table(*listing(cluster, NODE_STATE, [NAMESPACE_OF_DRIVER]))
    except (RefusedError, TimeOutError) as error:
        faults = (str(error), *_account(cluster, wanted))
    faults = (*faults, *_deleted(cluster, wanted, screen))
    for fault in faults:
        screen.bad(fault)
    if not faults:
        screen.good(f"as expected; deleted, and all devices are free again{took(since)}")
    return not faults


def _observed(cluster: Sandbox, wanted: Expectation) -> tuple[Mapping[Container, str], tuple[str, ...]]:
    """What the containers printed; they may need a moment to do so."""

    def look() -> tuple[Mapping[Container, str], tuple[str, ...]]:
        outputs = {place: cluster.output(wanted.name, *place) for place in wanted.containers}
        world = cluster.world()
        rows = device_rows(world, DRIVER)
        return outputs, (*running_faults(wanted, outputs, rows), *mirror_faults(world, rows))

    return without_faults(look)


def without_faults(look: Callable[[], tuple[Seen, tuple[str, ...]]]) -> tuple[Seen, tuple[str, ...]]:
    """What is seen, and what is wrong with it: as soon as nothing is, else as it is when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        seen, faults = look()
        if not faults or time.monotonic() > deadline:
            return seen, faults
        time.sleep(0.05)  # output is no change of the cluster that could be waited for


def _deleted(cluster: Sandbox, wanted: Expectation, screen: Screen) -> tuple[str, ...]:
    namespace = cluster.world().get(NAMESPACE, "", wanted.name)
    if namespace is None:
        return ()
    uid = text_at(namespace, "metadata", "uid")
    try:
        with screen.working("deleting"):
            cluster.carry_out(Delete(kind=NAMESPACE, namespace="", name=wanted.name, uid=uid))
            cluster.wait_for(lambda world: world.get(NAMESPACE, "", wanted.name) is None, "the deletion", PATIENCE)
    except (RefusedError, TimeOutError) as error:
        return (str(error), *left_over(cluster.world(), wanted.name, device_rows(cluster.world(), DRIVER)))
    return left_over(cluster.world(), wanted.name, device_rows(cluster.world(), DRIVER))


def _account(cluster: Sandbox, wanted: Expectation) -> tuple[str, ...]:
    """What the cluster itself says about an example that does not run."""
    world = cluster.world()
    pods = tuple(f"pod {name} is not ready" for name in not_ready(world, wanted))
    return (*pods, *warnings_in(world, wanted.name))


def took(since: float) -> str:
    """How long something took, for the end of a line."""
    return f" ({time.monotonic() - since:.1f} s)"
