"""What the plugin's ServiceAccount may do: its own node's slices, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from local_cluster.api import ApiError

from tests.e2e.objects import DRIVER, RESOURCE
from tests.e2e.tokens import token_of
from tests.e2e.world import World

SLICES = f"{RESOURCE}/resourceslices"


@pytest.fixture
def token(world: World) -> str:
    """A token as the plugin's pod has it: bound to the pod, and so to the node."""
    return token_of(world, world.plugin())


def _slice(node: str) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"generateName": "forged-"},
        "spec": {
            # Of another driver, so that the plugin does not put it right.
            "driver": f"forged.{DRIVER}",
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "forged"}],
        },
    }


@pytest.fixture
def elsewhere(world: World) -> Iterator[JsonObject]:
    """A slice of another node, made by the administrator."""
    made = world.api.create(SLICES, _slice("elsewhere"))
    yield made
    world.api.delete(f"{SLICES}/{text_at(made, 'metadata', 'name')}")


def test_slice_of_its_own_node_may_be_written_and_deleted(world: World, token: str) -> None:
    made = json.loads(world.api.call("POST", SLICES, _slice(world.layout.node_name), token=token))
    world.api.call("DELETE", f"{SLICES}/{made['metadata']['name']}", token=token)


def test_slice_of_another_node_is_refused_by_the_admission_policy(
    world: World, token: str, elsewhere: JsonObject
) -> None:
    """Creating, changing and deleting; the message names both nodes."""
    path = f"{SLICES}/{text_at(elsewhere, 'metadata', 'name')}"
    changed = {**elsewhere, "spec": {**object_at(elsewhere, "spec"), "devices": []}}
    for method, where, body in (("POST", SLICES, _slice("elsewhere")), ("PUT", path, changed), ("DELETE", path, None)):
        with pytest.raises(ApiError, match=f"'{world.layout.node_name}' and may not write .*'elsewhere'"):
            world.api.call(method, where, body, token=token)


def test_token_that_is_bound_to_no_pod_may_write_no_slice(world: World) -> None:
    with pytest.raises(ApiError, match="bound to no node"):
        world.api.call(
            "POST", SLICES, _slice(world.layout.node_name), token=token_of(world, world.plugin(), bound=False)
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/nodes"),
        ("GET", f"{RESOURCE}/resourceclaims"),
        ("POST", f"{RESOURCE}/deviceclasses"),
        ("DELETE", f"{RESOURCE}/resourceslices"),
    ],
)
def test_nothing_else_is_allowed(world: World, token: str, method: str, path: str) -> None:
    with pytest.raises(ApiError, match=r"403: .*forbidden"):
        world.api.call(method, path, {"apiVersion": "v1"} if method == "POST" else None, token=token)
