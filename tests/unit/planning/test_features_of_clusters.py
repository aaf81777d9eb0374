"""Shared devices, partitions, admin access, extended resources, pod groups and taint rules, through status and plan."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import (
    POLICIES,
    Cluster,
    Document,
    Policy,
    by_class,
    explain_pod,
    plan_pods,
    read_cluster,
    snapshot_after,
    status_of,
    wanted_pods,
)
from dra_core.planning.pod_claims import MOST_CONSUMERS, Reference
from dra_core.snapshot.json_value import Json, JsonObject, object_at

API = "resource.k8s.io/v1"
DRIVER = "gpu.example.com"
CLASS: JsonObject = {
    "apiVersion": API,
    "kind": "DeviceClass",
    "metadata": {"name": DRIVER},
    "spec": {
        "selectors": [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}],
        "extendedResourceName": "example.com/gpu",
    },
}


def node(name: str, **labels: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "8", "memory": "32Gi", "pods": "20"}},
    }


def slices(name: str, devices: list[Json], counters: list[Json] | None = None) -> list[JsonObject]:
    """The slices of a node's pool; counters are in a slice of their own."""
    specs: list[JsonObject] = (
        [{"devices": devices}] if counters is None else [{"sharedCounters": counters}, {"devices": devices}]
    )
    return [
        {
            "apiVersion": API,
            "kind": "ResourceSlice",
            "metadata": {"name": f"{name}-{i}"},
            "spec": {
                "driver": DRIVER,
                "nodeName": name,
                "pool": {"name": name, "resourceSliceCount": len(specs)},
                **spec,
            },
        }
        for i, spec in enumerate(specs)
    ]


def template(**exactly: Json) -> JsonObject:
    request: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": DRIVER, **exactly}}
    return {
        "apiVersion": API,
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "t"},
        "spec": {"spec": {"devices": {"requests": [request]}}},
    }


def pod(name: str, **spec: Json) -> JsonObject:
    claims: list[Json] = [{"name": "gpu", "resourceClaimTemplateName": "t"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"resourceClaims": claims, **spec}}


def cluster(*objects: Json) -> Cluster:
    documents = [Document("f", i, value) for i, value in enumerate(objects)]
    return Cluster(read_cluster(documents).unwrap().snapshot, CelLanguage())


def planned(*objects: Json, policy: Policy = "scheduler") -> tuple[Cluster, dict[str, str], Cluster]:
    """The cluster, the node of each placed pod, and the cluster afterwards."""
    before = cluster(*objects)
    plan = plan_pods(before, wanted_pods(before.snapshot), policy=policy)
    nodes = {item.pod.metadata.name: item.node for item in plan.placed}
    return before, nodes, before.having(snapshot_after(before.snapshot, plan.placed))


def test_a_pod_whose_claim_has_its_device_is_placed_though_one_like_it_found_none() -> None:
    """Pods of one template ask different things once a claim of one of them has devices."""
    owner: JsonObject = {"apiVersion": "v1", "kind": "Pod", "name": "b", "uid": "b", "controller": True}
    made: JsonObject = {
        "apiVersion": API,
        "kind": "ResourceClaim",
        "metadata": {
            "name": "b-gpu",
            "annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"},
            "ownerReferences": [owner],
        },
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": DRIVER}}]}},
        "status": {
            "allocation": {
                "devices": {"results": [{"request": "gpu", "driver": DRIVER, "pool": "n", "device": "gpu-0"}]}
            }
        },
    }
    pods: list[JsonObject] = [{**pod(name), "metadata": {"name": name, "uid": name}} for name in "ab"]
    _, nodes, _ = planned(node("n"), *slices("n", [{"name": "gpu-0"}]), CLASS, template(), made, *pods)
    assert nodes == {"b": "n"}


def test_shares_of_a_device_add_up_until_its_capacity_is_used_up() -> None:
    shared: JsonObject = {
        "name": "gpu-0",
        "allowMultipleAllocations": True,
        "capacity": {"memory": {"value": "8Gi", "requestPolicy": {"default": "8Gi", "validRange": {"min": "1Gi"}}}},
    }
    objects = [node("n"), *slices("n", [shared]), CLASS, template(capacity={"requests": {"memory": "4Gi"}})]
    _, nodes, after = planned(*objects, pod("a"))
    (device,) = status_of(after).devices
    assert (device.state, device.capacity[0].consumed) == ("Shared", "4Gi")
    _, nodes, after = planned(*objects, pod("a"), pod("b"), pod("c"))
    assert sorted(nodes) == ["a", "b"]
    (device,) = status_of(after).devices
    assert (device.state, len(device.uses)) == ("Blocked", 2)
    refused = explain_pod(after, after.snapshot.pods[-1])
    assert "without the capacity" in refused.headline


def test_partitions_block_each_other_through_counters() -> None:
    def part(name: str, memory: str) -> JsonObject:
        consumes: list[Json] = [{"counterSet": "gpu-0", "counters": {"memory": {"value": memory}}}]
        return {"name": name, "consumesCounters": consumes}

    counters: list[Json] = [{"name": "gpu-0", "counters": {"memory": {"value": "80Gi"}}}]
    devices: list[Json] = [part("gpu-0-part-0", "40Gi"), part("gpu-0-part-1", "40Gi"), part("gpu-0-full", "80Gi")]
    _, nodes, after = planned(node("n"), *slices("n", devices, counters), CLASS, template(), pod("a"))
    status = status_of(after)
    assert [item.state for item in status.devices] == ["InUse", "Free", "Blocked"]
    (counter,) = status.counters
    assert (counter.value, counter.used) == ("80Gi", "40Gi")
    assert nodes == {"a": "n"}


def test_admin_access_takes_nothing_from_others() -> None:
    objects = [node("n"), *slices("n", [{"name": "gpu-0"}]), CLASS]
    _, nodes, after = planned(*objects, template(allocationMode="All", adminAccess=True), pod("a"), pod("b"))
    assert sorted(nodes) == ["a", "b"]
    (device,) = status_of(after).devices
    assert (device.state, [use.admin for use in device.uses]) == ("Free", [True, True])


@pytest.mark.parametrize("name", ["example.com/gpu", f"deviceclass.resource.kubernetes.io/{DRIVER}"])
def test_extended_resources_are_claims_of_their_class(name: str) -> None:
    container: JsonObject = {"name": "c", "resources": {"limits": {name: "2"}}}
    wanting: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [container]},
    }
    devices: list[Json] = [{"name": f"gpu-{i}"} for i in range(3)]
    before, nodes, after = planned(node("n"), *slices("n", devices), CLASS, wanting)
    assert nodes == {"a": "n"}
    assert [item.state for item in status_of(after).devices] == ["InUse", "InUse", "Free"]
    assert status_of(after).devices[0].uses[0].request == "container-0-request-0"
    more = {**wanting, "metadata": {"name": "b"}}
    _, nodes, _ = planned(node("n"), *slices("n", devices), CLASS, wanting, more)
    assert nodes == {"a": "n"}
    assert [row.devices for row in by_class(before, status_of(before))] == [3]


def test_an_extended_resource_that_a_device_plugin_offers_is_left_to_it() -> None:
    container: JsonObject = {"name": "c", "resources": {"limits": {"example.com/gpu": "1"}}}
    wanting: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [container]},
    }
    plugin = {**node("n"), "status": {"allocatable": {"example.com/gpu": "1", "pods": "9"}}}
    _, nodes, after = planned(plugin, *slices("n", [{"name": "gpu-0"}]), CLASS, wanting)
    assert nodes == {"a": "n"}
    assert status_of(after).devices[0].state == "Free"


def test_pods_of_a_group_are_placed_together_and_share_the_group_s_claim() -> None:
    group: JsonObject = {
        "apiVersion": "scheduling.k8s.io/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": "g"},
        "spec": {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "t"}]},
    }
    membership: JsonObject = {"podGroupName": "g"}
    members = [pod(name, schedulingGroup=membership) for name in ("a", "b")]
    objects = [node("n"), *slices("n", [{"name": "gpu-0"}]), CLASS, template(), group]
    _, nodes, after = planned(*objects, *members)
    assert nodes == {"a": "n", "b": "n"}
    (claim,) = after.snapshot.claims
    assert [(item.resource, item.name) for item in claim.status.reserved_for] == [("podgroups", "g")]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_group_that_does_not_fit_leaves_nodes_as_good_as_they_were(policy: Policy) -> None:
    membership: JsonObject = {"podGroupName": "g"}
    claim, first = sharing(1)
    (second,) = sharing(1)[1:]
    first = {**first, "spec": {**object_at(first, "spec"), "schedulingGroup": membership}}
    second = {**second, "metadata": {"name": "second"}}
    lost = pod("lost", schedulingGroup=membership, nodeSelector={"no": "where"}, resourceClaims=[])
    devices: list[Json] = [{"name": "gpu-0"}, {"name": "gpu-1"}]
    objects = [node("n-1"), node("n-2"), *slices("n-1", devices), *slices("n-2", devices), CLASS, claim]
    before = cluster(*objects, first, lost, second)
    origin = Reference("Deployment", "default", "all")
    wanted = [msgspec.structs.replace(item, origin=origin) for item in wanted_pods(before.snapshot)]
    plan = plan_pods(before, wanted, policy=policy)
    assert [item.pod.metadata.name for item in plan.pending] == ["pod-0", "lost"]
    (placed,) = plan.placed
    assert (placed.equal_choices, [item.metadata.name for item in placed.claims]) == (2, ["mine"])


def test_a_group_that_does_not_fit_as_a_whole_takes_nothing() -> None:
    membership: JsonObject = {"podGroupName": "g"}
    members = [pod(name, schedulingGroup=membership) for name in ("a", "b")]
    objects = [node("n"), *slices("n", [{"name": "gpu-0"}]), CLASS, template()]
    before = cluster(*objects, *members, pod("c"))
    plan = plan_pods(before, wanted_pods(before.snapshot))
    assert [item.pod.metadata.name for item in plan.placed] == ["c"]
    assert [item.pod.metadata.name for item in plan.pending] == ["a", "b"]


def test_a_taint_rule_taints_devices_that_nobody_tainted_in_a_slice() -> None:
    rule: JsonObject = {
        "apiVersion": "resource.k8s.io/v1beta2",
        "kind": "DeviceTaintRule",
        "metadata": {"name": "r"},
        "spec": {"deviceSelector": {"device": "gpu-0"}, "taint": {"key": "k", "effect": "NoSchedule"}},
    }
    found = cluster(node("n"), *slices("n", [{"name": "gpu-0"}]), CLASS, template(), rule, pod("a"))
    explanation = explain_pod(found, found.snapshot.pods[0])
    assert explanation.suggestions[0].text == "tolerate k:NoSchedule in request gpu: n fits"
    assert status_of(found).devices[0].taints == ("k:NoSchedule",)


def sharing(count: int) -> list[JsonObject]:
    """A claim, and pods that all use it."""
    request: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": DRIVER}}
    spec: JsonObject = {"devices": {"requests": [request]}}
    claim: JsonObject = {"apiVersion": API, "kind": "ResourceClaim", "metadata": {"name": "mine"}, "spec": spec}
    entries: list[Json] = [{"name": "gpu", "resourceClaimName": "mine"}]
    return [claim, *(pod(f"pod-{i}", resourceClaims=entries) for i in range(count))]


def test_a_claim_that_pods_share_keeps_them_on_one_node_and_is_reserved_for_all() -> None:
    objects = [node("n-1"), node("n-2"), *slices("n-1", [{"name": "a"}]), *slices("n-2", [{"name": "a"}]), CLASS]
    _, nodes, after = planned(*objects, *sharing(3))
    assert len(set(nodes.values())) == 1
    assert len(nodes) == 3
    free, used = sorted(status_of(after).devices, key=lambda item: item.state)
    assert (free.state, used.state) == ("Free", "InUse")
    (claim,) = after.snapshot.claims
    assert [item.name for item in claim.status.reserved_for] == ["pod-0", "pod-1", "pod-2"]


def test_a_claim_is_shared_by_as_many_pods_as_the_api_lets_it_be_reserved_for() -> None:
    roomy = {**node("n"), "status": {"allocatable": {"pods": "500"}}}
    before = cluster(roomy, *slices("n", [{"name": "a"}]), CLASS, *sharing(MOST_CONSUMERS + 2))
    plan = plan_pods(before, wanted_pods(before.snapshot))
    assert len(plan.placed) == MOST_CONSUMERS
    assert len(plan.pending) == 2
    assert all("is used by 256 pods, the most that are allowed" in item.reason for item in plan.pending)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("scheduler", "empty"),  # the least requested
        ("best-fit", "nearly-full"),  # the fewest free devices
        ("least-fragmentation", "nearly-full"),
        ("topology", "sibling"),
    ],
)
def test_policies_choose_differently(policy: Policy, expected: str) -> None:
    def used(name: str, where: str, cpu: str, owner: str) -> JsonObject:
        container: JsonObject = {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}
        metadata: JsonObject = {
            "name": name,
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
            ],
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"nodeName": where, "containers": [container]} if where else {**pod("x")["spec"]},  # type: ignore[dict-item] # an object
        }

    objects = [
        node("empty"),
        *slices("empty", [{"name": f"gpu-{i}"} for i in range(4)]),
        node("nearly-full"),
        *slices("nearly-full", [{"name": "gpu-0"}]),
        node("sibling"),
        *slices("sibling", [{"name": f"gpu-{i}"} for i in range(3)]),
        used("busy", "nearly-full", "2", "other"),
        used("mate", "sibling", "2", "mine"),
        used("new", "", "0", "mine"),
        CLASS,
        template(),
    ]
    _, nodes, _ = planned(*objects, policy=policy)
    assert nodes == {"new": expected}
    assert policy in POLICIES
