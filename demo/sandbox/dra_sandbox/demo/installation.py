"""Installs the example driver, and waits until it serves every node."""

from __future__ import annotations

from dra_core.snapshot.json_value import text_at

from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.node_states import NODE_STATE
from dra_sandbox.files import driver_manifest
from dra_sandbox.manifests import objects_in
from dra_sandbox.world.objects import (
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    POD,
    SLICE,
    Kind,
    World,
    name_of,
    namespace_of,
    objects_at,
    whole_number_at,
)

DRIVER = "gpu.example.com"
CLASSIC_DRIVER = "gpu.resource.example.com"
NAMESPACE_OF_DRIVER = "dra-example-driver"
LAST_LINES = 10


def install_driver(cluster: Sandbox, seconds: float) -> None:
    """Create the objects of the driver for the cluster's generation; raises RefusedError, TimeOutError."""
    generation = cluster.server.generation
    cluster.create(objects_in(driver_manifest(generation)))
    serves, name = (serves_classic, CLASSIC_DRIVER) if generation == "classic" else (serves_modern, DRIVER)
    nodes = frozenset(cluster.nodes)
    cluster.wait_for(lambda world: serves(world, nodes), f"the driver {name} on every node", seconds)


def account(cluster: Sandbox) -> tuple[str, ...]:
    """What the driver's pods say, for when they do not come up: warnings about them, and the end of their logs."""
    world, lines = cluster.world(), []
    for pod in world.all(POD):
        if namespace_of(pod) != NAMESPACE_OF_DRIVER:
            continue
        for container in objects_at(pod, "spec", "containers"):
            output = cluster.output(NAMESPACE_OF_DRIVER, name_of(pod), text_at(container, "name"))
            lines += [f"{name_of(pod)}: {line}" for line in output.splitlines()[-LAST_LINES:]]
    return (*warnings_in(world, NAMESPACE_OF_DRIVER), *lines)


def warnings_in(world: World, namespace: str) -> tuple[str, ...]:
    """The warnings among the events of a namespace."""
    return tuple(
        f"{text_at(event, 'involvedObject', 'name')}: {text_at(event, 'reason')}: {text_at(event, 'message')}"
        for event in world.all(EVENT)
        if namespace_of(event) == namespace and text_at(event, "type") == "Warning"
    )


def serves_modern(world: World, nodes: frozenset[str]) -> bool:
    """Whether the plugins are ready and their devices published, on all of these nodes."""
    published = {text_at(item, "spec", "nodeName") for item in world.all(SLICE)}
    return nodes <= published and _pods_ready(world, DAEMON_SET) >= len(nodes)


def serves_classic(world: World, nodes: frozenset[str]) -> bool:
    """Whether the plugins and the controller are ready, and the state of each of these nodes says so."""
    ready = {name_of(item) for item in world.all(NODE_STATE) if item.get("status") == "Ready"}
    plugins = _pods_ready(world, DAEMON_SET) >= len(nodes)
    return nodes <= ready and plugins and _pods_ready(world, DEPLOYMENT) > 0


def _pods_ready(world: World, kind: Kind) -> int:
    field = {DAEMON_SET: "numberReady", DEPLOYMENT: "readyReplicas"}[kind]
    return sum(
        whole_number_at(item, "status", field, default=0)
        for item in world.all(kind)
        if namespace_of(item) == NAMESPACE_OF_DRIVER
    )
