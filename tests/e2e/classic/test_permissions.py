"""What the accounts of plugin and controller may do on Kubernetes 1.30: their part, and nothing else."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, text_at
from local_cluster.api import ApiError
from local_cluster.driver import NAMESPACE

from tests.e2e.classic.world import LEASE, ClassicWorld
from tests.e2e.objects import CLASSIC_RESOURCE, collection
from tests.e2e.tokens import token_of
from tests.e2e.world import eventually

MERGE = "application/merge-patch+json"


@pytest.fixture
def plugin(world: ClassicWorld) -> str:
    """A token as the plugin's pod has it: bound to the pod, and so to the node."""
    return token_of(world, world.plugin())


@pytest.fixture
def controller(world: ClassicWorld) -> str:
    """A token as the controller's pod has it."""
    (pod,) = world.controllers()
    return token_of(world, pod)


def _state(name: str, **spec: Json) -> JsonObject:
    return {
        "apiVersion": "nas.gpu.resource.example.com/v1alpha1",
        "kind": "NodeAllocationState",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": spec,
    }


def test_plugin_may_not_write_the_state_of_another_node(world: ClassicWorld, plugin: str) -> None:
    """Creating, changing and deleting; the message names both nodes."""
    states = collection("NodeAllocationState", NAMESPACE)
    world.create(_state("elsewhere"))
    refused = f"'{world.layout.node_name}' and may not write .*'elsewhere'"
    try:
        for method, path, body, content_type in (
            ("POST", states, _state("elsewhere"), "application/json"),
            ("PATCH", f"{states}/elsewhere", {"status": "Ready"}, MERGE),
            ("DELETE", f"{states}/elsewhere", None, "application/json"),
        ):
            with pytest.raises(ApiError, match=refused):
                world.api.call(method, path, body, content_type, token=plugin)
    finally:
        world.delete("NodeAllocationState", NAMESPACE, "elsewhere")


def test_plugin_may_not_say_which_claim_has_which_device(world: ClassicWorld, plugin: str) -> None:
    """It may say what is prepared."""
    path = f"{collection('NodeAllocationState', NAMESPACE)}/{world.layout.node_name}"
    entry: JsonObject = {"gpu": {"devices": [{"uuid": "GPU-0"}]}}
    with pytest.raises(ApiError, match=r"allocatedClaims is written by the controller"):
        world.api.call("PATCH", path, {"spec": {"allocatedClaims": {"some-uid": entry}}}, MERGE, token=plugin)
    world.api.call("PATCH", path, {"spec": {"preparedClaims": None}}, MERGE, token=plugin)


def test_token_of_the_plugins_account_that_is_bound_to_no_pod_writes_nothing(world: ClassicWorld) -> None:
    path = f"{collection('NodeAllocationState', NAMESPACE)}/{world.layout.node_name}"
    with pytest.raises(ApiError, match="bound to no node"):
        world.api.call("PATCH", path, {"status": "NotReady"}, MERGE, token=token_of(world, world.plugin(), bound=False))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/nodes"),
        ("GET", f"{CLASSIC_RESOURCE}/resourceclaims"),
        ("GET", "/apis/nas.gpu.resource.example.com/v1alpha1/nodeallocationstates"),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{LEASE}"),
        ("PATCH", f"{CLASSIC_RESOURCE}/namespaces/default/resourceclaims/any/status"),
    ],
)
def test_nothing_else_is_allowed_to_the_plugin(world: ClassicWorld, plugin: str, method: str, path: str) -> None:
    with pytest.raises(ApiError, match=r"403: .*forbidden"):
        world.api.call(method, path, {} if method == "PATCH" else None, MERGE, token=plugin)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/pods"),
        ("POST", "/api/v1/namespaces/default/pods"),
        ("DELETE", f"{CLASSIC_RESOURCE}/namespaces/default/resourceclaims/any"),
        ("POST", f"{CLASSIC_RESOURCE}/resourceclasses"),
        ("PATCH", f"{CLASSIC_RESOURCE}/namespaces/default/podschedulingcontexts/any"),
        ("GET", "/apis/nas.gpu.resource.example.com/v1alpha1/nodeallocationstates"),
        ("PATCH", "/apis/nas.gpu.resource.example.com/v1alpha1/namespaces/default/nodeallocationstates/any"),
        ("POST", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/another"),
        ("PATCH", "/api/v1/nodes/any"),
    ],
)
def test_nothing_else_is_allowed_to_the_controller(
    world: ClassicWorld, controller: str, method: str, path: str
) -> None:
    with pytest.raises(ApiError, match=r"403: .*forbidden"):
        world.api.call(method, path, None if method in ("GET", "DELETE") else {}, _type(method), token=controller)


def _type(method: str) -> str:
    return MERGE if method == "PATCH" else "application/json"


def test_controller_works_with_what_it_is_allowed(world: ClassicWorld) -> None:
    """What it is refused it would say in its log."""
    found: list[str] = []

    def leads() -> bool:
        """One that has just come waits until the lease of the one before has run out."""
        paths = [
            f"{collection('Pod', NAMESPACE)}/{text_at(pod, 'metadata', 'name')}/log" for pod in world.controllers()
        ]
        found[:] = [world.api.call("GET", path) for path in paths]
        return len(found) == 1 and '"leading"' in found[0]

    eventually("the controller leads", leads)
    assert "forbidden" not in found[0]
