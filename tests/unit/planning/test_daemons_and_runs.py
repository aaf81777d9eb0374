"""Pods of DaemonSets and CronJobs, and what the API server fills in when a pod is created."""

from __future__ import annotations

import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import (
    AddNodes,
    Cluster,
    ClusterSnapshot,
    Document,
    Drain,
    RemoveNode,
    TaintNode,
    changed,
    explain_pod,
    plan_pods,
    read_cluster,
    wanted_pods,
)
from dra_core.planning.daemons import apart
from dra_core.planning.node_rules import static_refusal
from dra_core.planning.waiting import run_of
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.workload import CronJob


def snapshot(*objects: Json) -> ClusterSnapshot:
    return read_cluster([Document("f", i, value) for i, value in enumerate(objects)]).unwrap().snapshot


def node(name: str, *taints: Json, unschedulable: bool = False, **labels: str) -> JsonObject:
    spec: JsonObject = {"taints": list(taints), "unschedulable": unschedulable}
    status: JsonObject = {"allocatable": {"cpu": "4", "pods": "9"}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": status,
    }


def daemons(**spec: Json) -> JsonObject:
    template: JsonObject = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c"}], **spec}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": {"template": template}}


def daemon_pod(name: str, node_name: str) -> JsonObject:
    owner: JsonObject = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "d", "controller": True}
    metadata: JsonObject = {"name": name, "uid": name, "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node_name}}


def taint(key: str, effect: str = "NoSchedule") -> JsonObject:
    return {"key": key, "effect": effect}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, ["d-a", "d-cordoned", "d-not-ready"]),
        ({"nodeSelector": {"gpu": "yes"}}, ["d-a"]),
        ({"tolerations": [{"operator": "Exists"}]}, ["d-a", "d-cordoned", "d-not-ready", "d-tainted"]),
        ({"nodeName": "a"}, ["d-a"]),
    ],
)
def test_a_daemon_set_wants_a_pod_on_every_node_that_it_may_run_on(spec: JsonObject, names: list[str]) -> None:
    nodes = (
        node("a", gpu="yes"),
        node("tainted", taint("team")),
        node("cordoned", taint("node.kubernetes.io/unschedulable"), unschedulable=True),
        node("not-ready", taint("node.kubernetes.io/not-ready", "NoExecute")),
        node("has-one"),
    )
    found = wanted_pods(snapshot(*nodes, daemons(**spec), daemon_pod("d-1", "has-one")))
    assert sorted(item.pod.metadata.name for item in found) == names


def test_each_pod_of_a_daemon_set_goes_to_its_node_or_nowhere() -> None:
    full: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "spec": {"nodeName": "b"}}
    asks: list[Json] = [{"name": "c", "resources": {"requests": {"cpu": "3"}}}]
    full = {**full, "spec": {"nodeName": "b", "containers": asks}}
    found = Cluster(snapshot(node("a"), node("b"), node("c"), daemons(containers=asks), full), CelLanguage())
    plan = plan_pods(found, wanted_pods(found.snapshot))
    assert [(item.pod.metadata.name, item.node) for item in plan.placed] == [("d-a", "a"), ("d-c", "c")]
    assert [item.pod.metadata.name for item in plan.pending] == ["d-b"]


def gpus_of(node_name: str, **attributes: Json) -> JsonObject:
    pool: JsonObject = {"name": node_name, "generation": 1, "resourceSliceCount": 1}
    devices: list[Json] = [{"name": "gpu", "attributes": attributes}]
    spec: JsonObject = {"driver": "gpu.example.com", "nodeName": node_name, "pool": pool, "devices": devices}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": node_name}, "spec": spec}


def test_an_expression_that_fails_on_an_other_node_stops_no_daemon() -> None:
    selector: JsonObject = {"cel": {"expression": "device.attributes['gpu.example.com'].model == 'a'"}}
    request: JsonObject = {"name": "r", "exactly": {"deviceClassName": "any", "selectors": [selector]}}
    template: JsonObject = {"spec": {"devices": {"requests": [request]}}}
    resource: JsonObject = {"apiVersion": "resource.k8s.io/v1", "metadata": {"name": "any"}, "spec": {}}
    objects = (
        {**resource, "kind": "DeviceClass"},
        {**resource, "kind": "ResourceClaimTemplate", "spec": template},
        *(node("a"), node("b"), gpus_of("a", model={"string": "a"}), gpus_of("b")),
        daemons(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "any"}]),
    )
    found = Cluster(snapshot(*objects), CelLanguage())
    plan = plan_pods(found, wanted_pods(found.snapshot))
    assert [(item.pod.metadata.name, item.node) for item in plan.placed] == [("d-a", "a")]
    assert [item.pod.metadata.name for item in plan.pending] == ["d-b"]
    assert "no such key" in plan.pending[0].reason


OF_NODE_A: JsonObject = {"key": "metadata.name", "operator": "In", "values": ["a"]}
WITH_LABEL: JsonObject = {"key": "gpu", "operator": "Exists"}


@pytest.mark.parametrize(
    ("terms", "node_name"),
    [
        ([{"matchFields": [OF_NODE_A]}], "a"),
        ([{"matchFields": [OF_NODE_A], "matchExpressions": [WITH_LABEL]}], "a"),
        # "on a, or on a with the label" asks for no label, and "on a, or with the label" is for other nodes too
        ([{"matchFields": [OF_NODE_A]}, {"matchFields": [OF_NODE_A], "matchExpressions": [WITH_LABEL]}], ""),
        ([{"matchFields": [OF_NODE_A]}, {"matchExpressions": [WITH_LABEL]}], ""),
        ([{"matchFields": [OF_NODE_A, {**OF_NODE_A, "values": ["b"]}]}], ""),
        ([{"matchExpressions": [WITH_LABEL]}], ""),
    ],
)
def test_a_pod_is_told_apart_from_its_node_only_where_both_ask_the_same_together(
    terms: list[Json], node_name: str
) -> None:
    selector: JsonObject = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    value: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"affinity": selector}}
    (pod,) = snapshot(value).pods
    alike, found = apart(pod)
    assert found == node_name
    for known in (*snapshot(node("a")).nodes, *snapshot(node("a", gpu="yes")).nodes):
        assert (static_refusal(alike.spec, known) is None) == (static_refusal(pod.spec, known) is None)


def test_a_drained_node_keeps_its_daemons_and_a_further_node_has_its_own() -> None:
    busy: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "busy"}, "spec": {"nodeName": "a"}}
    before = snapshot(node("a"), daemons(), daemon_pod("d-1", "a"), busy)
    drained = changed(before, [Drain(node="a")]).unwrap()
    assert [item.pod.metadata.name for item in wanted_pods(drained)] == ["busy"]
    assert [pod.metadata.name for pod in drained.pods if pod.spec.node_name == "a"] == ["d-1"]
    more = changed(before, [AddNodes(like="a")]).unwrap()
    assert [(pod.metadata.name, pod.spec.node_name) for pod in more.pods][2:] == [("d-1-a-new-1", "a-new-1")]
    assert wanted_pods(more) == ()
    removed = changed(before, [RemoveNode(node="a")]).unwrap()
    assert [pod.metadata.name for pod in removed.pods] == ["busy"]


def test_a_cluster_without_nodes_places_nothing() -> None:
    busy: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "busy"}, "spec": {"nodeName": "a"}}
    gone = changed(snapshot(node("a"), busy), [RemoveNode(node="a")]).unwrap()
    plan = plan_pods(Cluster(gone, CelLanguage()), wanted_pods(gone))
    assert [item.reason for item in plan.pending] == [
        "can go nowhere: the snapshot has no nodes and no ResourceSlices of nodes"
    ]


def test_a_taint_that_says_no_execute_ends_daemons_for_good() -> None:
    busy: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "busy"}, "spec": {"nodeName": "a"}}
    before = snapshot(node("a"), daemons(), daemon_pod("d-1", "a"), busy)
    after = changed(before, [TaintNode(node="a", key="k", effect="NoExecute")]).unwrap()
    assert [item.pod.metadata.name for item in wanted_pods(after)] == ["busy"]
    assert [pod.metadata.name for pod in after.pods] == ["busy"]


def test_a_further_node_is_in_order_whatever_the_state_of_its_model() -> None:
    cordon = taint("node.kubernetes.io/unschedulable")
    before = snapshot(node("a", cordon, taint("team"), unschedulable=True))
    new = changed(before, [AddNodes(like="a")]).unwrap().nodes[1]
    assert (new.spec.unschedulable, [item.key for item in new.spec.taints]) == (False, ["team"])


def cron_job(uid: str = "", **spec: Json) -> JsonObject:
    template: JsonObject = {"spec": {"parallelism": 3, "completions": 2, "template": {"spec": {"containers": []}}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", **({"uid": uid} if uid else {})},
        "spec": {"jobTemplate": template, **spec},
    }


@pytest.mark.parametrize(("value", "count"), [(cron_job(), 2), (cron_job("u"), 0), (cron_job(suspend=True), 0)])
def test_a_new_cron_job_wants_the_pods_of_one_run_and_one_that_exists_waits_for_its_time(
    value: JsonObject, count: int
) -> None:
    found = snapshot(value)
    assert len(wanted_pods(found)) == count
    (job,) = found.workloads
    assert isinstance(job, CronJob)
    assert [item.origin.text for item in run_of(job)] == ["CronJob default/nightly"] * 2


RUNTIME: JsonObject = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "vm"},
    "handler": "vm",
    "overhead": {"podFixed": {"cpu": "500m"}},
    "scheduling": {"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm", "operator": "Exists"}]},
}


def test_what_a_runtime_class_asks_for_counts_for_pods_that_are_yet_to_be_created() -> None:
    new: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"runtimeClassName": "vm"}}
    (item,) = wanted_pods(snapshot(RUNTIME, new))
    spec = item.pod.spec
    assert (spec.overhead, spec.node_selector, [one.key for one in spec.tolerations]) == (
        {"cpu": "500m"},
        {"vm": "yes"},
        ["vm"],
    )
    made = {**new, "metadata": {"name": "p", "uid": "u"}}
    assert wanted_pods(snapshot(RUNTIME, made))[0].pod.spec.overhead == {}


def test_priority_comes_from_the_class_and_decides_the_order() -> None:
    def with_class(name: str, priority_class: str) -> JsonObject:
        spec: JsonObject = {"priorityClassName": priority_class} if priority_class else {}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    def priority(name: str, value: int, default: bool = False) -> JsonObject:
        head: JsonObject = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
        return {**head, "value": value, "globalDefault": default}

    found = wanted_pods(
        snapshot(
            with_class("low", "low"),
            with_class("usual", ""),
            with_class("high", "system-node-critical"),
            priority("low", -5),
            priority("usual", 7, default=True),
        )
    )
    assert [(item.pod.metadata.name, item.pod.spec.priority) for item in found] == [
        ("high", 2_000_001_000),
        ("usual", 7),
        ("low", -5),
    ]


def test_a_pod_with_a_gate_is_passed_over() -> None:
    gated: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    gated = {**gated, "spec": {"schedulingGates": [{"name": "example.com/budget"}]}}
    found = Cluster(snapshot(node("a"), gated), CelLanguage())
    (pending,) = plan_pods(found, wanted_pods(found.snapshot)).pending
    assert pending.reason == (
        "spec.schedulingGates: the scheduler waits until somebody removes example.com/budget "
        "(whoever set the gate removes it)"
    )


def test_a_pod_that_names_its_node_never_gets_devices() -> None:
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}]}},
    }
    spec: JsonObject = {"nodeName": "a", "resourceClaims": [{"name": "gpu", "resourceClaimName": "c"}]}
    named: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    found = Cluster(snapshot(node("a"), claim, named), CelLanguage())
    explanation = explain_pod(found, found.snapshot.pods[0])
    assert explanation.verdict == "DoesNotFit"
    assert explanation.headline == (
        "default/p is on a and can never start: spec.nodeName: it names node a, so that kube-scheduler never looks at "
        "the pod and nobody allocates claim c (leave it out and use nodeSelector kubernetes.io/hostname: a)"
    )
