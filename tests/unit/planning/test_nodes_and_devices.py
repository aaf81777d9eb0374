"""Where devices and the nodes' own resources meet: device plugins beside classes, devices that are node resources."""

from __future__ import annotations

import pytest
from dra_core.planning import Cluster, Plan, explain_pod, plan_pods, snapshot_after, wanted_pods
from dra_core.snapshot.json_value import Json, JsonObject

from tests.unit.planning.test_features_of_clusters import CLASS, cluster, node, pod, slices, template

NAME = "example.com/gpu"
DEVICES: list[Json] = [{"name": f"gpu-{i}"} for i in range(2)]


def plan_of(*objects: Json) -> tuple[Cluster, Plan]:
    found = cluster(*objects)
    return found, plan_pods(found, wanted_pods(found.snapshot))


def wanting(name: str, count: int, **spec: Json) -> JsonObject:
    container: JsonObject = {"name": "c", "resources": {"limits": {NAME: str(count)}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def with_plugin(name: str, count: int, **labels: str) -> JsonObject:
    return {**node(name, **labels), "status": {"allocatable": {NAME: str(count), "cpu": "8", "pods": "20"}}}


MIXED: list[Json] = [CLASS, with_plugin("plugged", 3), node("claimed"), *slices("claimed", DEVICES)]


@pytest.mark.parametrize(("count", "fitting"), [(1, ("claimed", "plugged")), (3, ("plugged",)), (4, ())])
def test_a_node_that_advertises_a_resource_gives_it_and_the_others_take_a_claim(
    count: int, fitting: tuple[str, ...]
) -> None:
    found = cluster(*MIXED, wanting("a", count))
    explanation = explain_pod(found, found.snapshot.pods[0])
    assert explanation.fitting == fitting
    if not fitting:
        groups = {group.nodes: (group.rule, group.text) for group in explanation.groups}
        assert groups[("plugged",)] == ("Resources", f"insufficient {NAME} (4 wanted, 3 left)")
        assert groups[("claimed",)][0] == "Devices"


def test_a_plan_counts_what_plugins_gave_on_their_node_and_claims_on_the_others() -> None:
    before, plan = plan_of(*MIXED, *(wanting(f"p-{i}", 1) for i in range(7)))
    nodes = sorted(item.node for item in plan.placed)
    assert nodes == ["claimed"] * 2 + ["plugged"] * 3
    assert [len(item.claims) for item in plan.placed if item.node == "plugged"] == [0, 0, 0]
    after = before.having(snapshot_after(before.snapshot, plan.placed))
    assert all(explain_pod(after, item.pod).verdict == "DoesNotFit" for item in plan.pending)


def test_a_resource_that_a_node_advertises_none_of_is_taken_by_claim() -> None:
    _, plan = plan_of(CLASS, with_plugin("n", 0), *slices("n", DEVICES), wanting("a", 2))
    assert [len(item.claims) for item in plan.placed] == [1]


def test_init_containers_use_the_devices_of_containers_that_start_later() -> None:
    """Of what they need beyond these, the most that one of them needs is enough: 3 - 1 of the second one."""
    passing: list[Json] = [{"name": f"i{i}", "resources": {"limits": {NAME: str(n)}}} for i, n in enumerate((2, 3))]
    spec = cluster(CLASS, wanting("a", 1, initContainers=passing)).claims_of
    found = spec(cluster(wanting("a", 1, initContainers=passing)).snapshot.pods[0])
    requests = found.claims[0].claim.spec.devices.requests
    assert [(item.name, item.exactly.count if item.exactly else 0) for item in requests] == [
        ("container-1-request-0", 2),
        ("container-2-request-0", 1),
    ]


def taking(count: int, **resources: Json) -> list[Json]:
    """A node with 8 CPUs, and devices that take some of its resources."""
    devices: list[Json] = [{"name": f"d{i}", "nodeAllocatableResources": resources} for i in range(count)]
    return [node("n"), *slices("n", devices), CLASS]


def asking(cpu: str, name: str = "a", **spec: Json) -> JsonObject:
    requests: JsonObject = {"requests": {"cpu": cpu}, "claims": [{"name": "gpu"}]}
    return pod(name, containers=[{"name": "c", "resources": requests}], **spec)


@pytest.mark.parametrize(
    ("cpu", "resources", "refusal"),
    [
        ("1", {"cpu": {"mapping": {"deviceMultiplier": "7"}}}, ""),
        ("2", {"cpu": {"mapping": {"deviceMultiplier": "7"}}}, "insufficient cpu (9 wanted, 8 left)"),
        ("1", {"cpu": {"overhead": {"perPod": "3", "perContainer": "4"}}}, ""),
        ("2", {"cpu": {"overhead": {"perPod": "3", "perContainer": "4"}}}, "insufficient cpu (9 wanted, 8 left)"),
        (
            "1",
            {"memory": {"overhead": {"perPod": "33Gi"}}},
            "insufficient memory (33Gi wanted, 32Gi left)",
        ),
        ("1", {"example.com/x": {"overhead": {"perPod": "1"}}}, ""),  # only what nodes have themselves is checked
    ],
)
def test_what_devices_take_of_the_node_is_added_to_what_containers_request(
    cpu: str, resources: JsonObject, refusal: str
) -> None:
    found = cluster(*taking(1, **resources), template(), asking(cpu))
    explanation = explain_pod(found, found.snapshot.pods[0])
    assert (explanation.verdict == "Fits") == (not refusal)
    told = [(group.rule, group.text) for group in explanation.groups if group.rule != "Fits"]
    assert told == ([("NodeAllocatable", f"with what its devices take: {refusal}")] if refusal else [])


def test_a_share_takes_what_it_consumes() -> None:
    shared: JsonObject = {
        "name": "numa-0",
        "allowMultipleAllocations": True,
        "capacity": {"cpu": {"value": "8", "requestPolicy": {"default": "1", "validRange": {"min": "1"}}}},
        "nodeAllocatableResources": {"cpu": {"mapping": {"capacityKey": "cpu", "capacityMultiplier": "500m"}}},
    }
    objects = [node("n"), *slices("n", [shared]), CLASS, template(capacity={"requests": {"cpu": "4"}})]
    before, plan = plan_of(*objects, asking("3", "a"), asking("2", "b"), asking("1", "c"))
    assert [item.pod.metadata.name for item in plan.placed] == ["a", "c"]
    status = plan.placed[0].pod.status.node_allocatable_resource_claim_statuses
    assert [(item.name, item.quantity) for item in status[0].mapping] == [("cpu", "2")]
    after = before.having(snapshot_after(before.snapshot, plan.placed))
    assert after.used["n"]["cpu"] == 8_000_000_000


def test_the_shape_of_1_36_is_read_as_well() -> None:
    devices: list[Json] = [{"name": "d", "nodeAllocatableResourceMappings": {"cpu": {"allocationMultiplier": "8"}}}]
    found = cluster(node("n"), *slices("n", devices), CLASS, template(), asking("1"))
    assert explain_pod(found, found.snapshot.pods[0]).groups[0].rule == "NodeAllocatable"


def test_what_is_asked_for_the_whole_pod_must_cover_its_devices() -> None:
    mapped: JsonObject = {"cpu": {"mapping": {"deviceMultiplier": "2"}}}
    found = cluster(*taking(1, **mapped), template(), asking("1", resources={"requests": {"cpu": "2"}}))
    (group,) = explain_pod(found, found.snapshot.pods[0]).groups
    assert group.text == "spec.resources asks for 2 of cpu, its containers and devices together take 3"


def test_a_claim_whose_device_is_a_node_resource_is_for_one_pod() -> None:
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}]}},
        "status": {
            "allocation": {
                "devices": {"results": [{"request": "gpu", "driver": "gpu.example.com", "pool": "n", "device": "d0"}]}
            },
            "reservedFor": [{"resource": "pods", "name": "first", "uid": "u1"}],
        },
    }
    second = asking("1", resourceClaims=[{"name": "gpu", "resourceClaimName": "c"}])
    for resources, rule in (
        ({"cpu": {"mapping": {"deviceMultiplier": "2"}}}, "ClaimNotShared"),
        ({"cpu": {"overhead": {"perPod": "2"}}}, "Fits"),
    ):
        found = cluster(*taking(1, **resources), claim, second)
        assert explain_pod(found, found.snapshot.pods[0]).groups[0].rule == rule
