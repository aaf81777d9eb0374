"""What the accounts of plugin and controller may do: their own node's slices and state, the states, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from local_cluster.api import ApiError
from local_cluster.driver import NAMESPACE

from tests.e2e.objects import DRIVER, LEASE, RESOURCE, collection
from tests.e2e.tokens import token_of
from tests.e2e.world import World

MERGE = "application/merge-patch+json"
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


def test_plugin_may_not_write_the_state_of_another_node(world: World, token: str) -> None:
    states = collection("NodeAllocationState", NAMESPACE)
    state: JsonObject = {
        "apiVersion": "nas.gpu.resource.example.com/v1alpha1",
        "kind": "NodeAllocationState",
        "metadata": {"namespace": NAMESPACE, "name": "elsewhere"},
        "spec": {},
    }
    world.create(state)
    try:
        for method, path, body in (("POST", states, state), ("PATCH", f"{states}/elsewhere", {"status": "Ready"})):
            with pytest.raises(ApiError, match=f"'{world.layout.node_name}' and may not write .*'elsewhere'"):
                world.api.call(method, path, body, _type(method), token=token)
    finally:
        world.delete("NodeAllocationState", NAMESPACE, "elsewhere")


def test_plugin_may_say_what_is_prepared_but_not_which_claim_has_which_device(world: World, token: str) -> None:
    path = f"{collection('NodeAllocationState', NAMESPACE)}/{world.layout.node_name}"
    device: JsonObject = {"device": "gpu-0", "pool": "any", "request": "gpu"}
    entry: JsonObject = {"claim": {"namespace": "a", "name": "b"}, "devices": [device]}
    with pytest.raises(ApiError, match=r"allocatedClaims is written by the controller"):
        world.api.call("PATCH", path, {"spec": {"allocatedClaims": {"some-uid": entry}}}, MERGE, token=token)
    world.api.call("PATCH", path, {"spec": {"preparedClaims": None}}, MERGE, token=token)


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
        ("DELETE", f"{collection('NodeAllocationState', NAMESPACE)}/any"),
        ("GET", collection("NodeAllocationState", NAMESPACE)),
        ("GET", f"{collection('Lease', NAMESPACE)}/{LEASE}"),
    ],
)
def test_nothing_else_is_allowed(world: World, token: str, method: str, path: str) -> None:
    with pytest.raises(ApiError, match=r"403: .*forbidden"):
        world.api.call(method, path, {"apiVersion": "v1"} if method == "POST" else None, token=token)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/pods"),
        ("PATCH", "/api/v1/nodes/any"),
        ("POST", f"{RESOURCE}/deviceclasses"),
        ("POST", f"{RESOURCE}/resourceslices"),
        ("PATCH", f"{RESOURCE}/namespaces/default/resourceclaims/any"),
        ("PATCH", f"{RESOURCE}/namespaces/default/resourceclaims/any/status"),
        ("GET", collection("NodeAllocationState", "default")),
        ("POST", collection("Lease", NAMESPACE)),
        ("GET", f"{collection('Lease', NAMESPACE)}/another"),
    ],
)
def test_controller_looks_and_writes_nothing_but_states_and_its_lease(world: World, method: str, path: str) -> None:
    (controller,) = world.controllers()
    body = {"apiVersion": "v1"} if method in ("POST", "PATCH") else None
    with pytest.raises(ApiError, match=r"403: .*forbidden"):
        world.api.call(method, path, body, _type(method), token=token_of(world, controller))


def _type(method: str) -> str:
    return MERGE if method == "PATCH" else "application/json"
