"""The driver on the sandbox without its controller, which the tests run themselves."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, object_at
from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.installation import serves_modern
from dra_sandbox.files import driver_manifest
from dra_sandbox.manifests import objects_in

from tests.integration.sandbox.workloads import PATIENCE


def install_plugins(cluster: Sandbox, environment: Mapping[str, str] | None = None) -> None:
    """As the chart renders it, with other values for some variables of the plugin's environment."""
    objects = objects_in(driver_manifest(cluster.server.generation))
    plugins = [each for each in objects if each["kind"] != "Deployment"]
    cluster.create([object_at(_with(each, environment or {})) for each in plugins])
    nodes = frozenset(cluster.nodes)
    cluster.wait_for(lambda world: serves_modern(world, nodes), "the driver on every node", PATIENCE)


def _with(value: Json, environment: Mapping[str, str]) -> Json:
    if isinstance(value, list | tuple):
        return [_with(each, environment) for each in value]
    if not isinstance(value, Mapping):
        return value
    name = value.get("name")
    if isinstance(name, str) and name in environment:
        return {**value, "value": environment[name]}
    return {key: _with(each, environment) for key, each in value.items()}
