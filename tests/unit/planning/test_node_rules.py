"""Which nodes take a pod, and what a pod asks of them: kube-scheduler's rules by example."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.planning.amounts import nanos, requested
from dra_core.planning.evaluation import resource_refusal
from dra_core.planning.node_rules import static_refusal
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import PodSpec

NODE = msgspec.convert({"metadata": {"name": "n", "labels": {"zone": "a", "size": "8"}}, "spec": {}}, Node)
HARD = "requiredDuringSchedulingIgnoredDuringExecution"


def node_with(spec: JsonObject) -> Node:
    return msgspec.convert({"metadata": {"name": "n", "labels": {"zone": "a"}}, "spec": spec}, Node)


def affinity(*expressions: JsonObject) -> JsonObject:
    terms = [{"matchExpressions": [expression]} for expression in expressions]
    return {"affinity": {"nodeAffinity": {HARD: {"nodeSelectorTerms": terms}}}}


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ({}, ""),
        ({"nodeName": "other"}, "NodeName"),
        ({"nodeSelector": {"zone": "a"}}, ""),
        ({"nodeSelector": {"zone": "b"}}, "NodeSelector"),
        (affinity({"key": "zone", "operator": "In", "values": ["a", "b"]}), ""),
        (affinity({"key": "zone", "operator": "NotIn", "values": ["a"]}), "NodeSelector"),
        (affinity({"key": "gpu", "operator": "Exists"}, {"key": "size", "operator": "Gt", "values": ["4"]}), ""),
        (affinity({"key": "size", "operator": "Lt", "values": ["8"]}), "NodeSelector"),
    ],
)
def test_selectors(spec: JsonObject, rule: str) -> None:
    refusal = static_refusal(msgspec.convert(spec, PodSpec), NODE)
    assert (refusal.rule if refusal is not None else "") == rule


TAINT: JsonObject = {"key": "team", "value": "x", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("taint", "tolerations", "tolerated"),
    [
        (TAINT, [], False),
        (TAINT, [{"key": "team", "operator": "Exists"}], True),
        (TAINT, [{"operator": "Exists"}], True),
        (TAINT, [{"key": "team", "value": "x"}], True),
        (TAINT, [{"key": "team", "value": "y"}], False),
        (TAINT, [{"key": "team", "value": "x", "effect": "NoExecute"}], False),
        ({"key": "team", "effect": "PreferNoSchedule"}, [], True),
    ],
)
def test_taints(taint: JsonObject, tolerations: list[JsonObject], tolerated: bool) -> None:
    spec = msgspec.convert({"tolerations": tolerations}, PodSpec)
    assert (static_refusal(spec, node_with({"taints": [taint]})) is None) == tolerated


def test_a_cordon_is_a_taint_that_may_be_tolerated() -> None:
    cordoned = node_with({"unschedulable": True})
    tolerating = {"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]}
    refusal = static_refusal(PodSpec(), cordoned)
    assert refusal is not None
    assert refusal.rule == "Cordon"
    assert static_refusal(msgspec.convert(tolerating, PodSpec), cordoned) is None


def test_requests_add_up_beside_sidecars_and_init_containers_need_room_before() -> None:
    def container(cpu: str, **more: str) -> JsonObject:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    spec: JsonObject = {
        "containers": [container("1"), container("500m")],
        "initContainers": [container("1", restartPolicy="Always"), container("2")],
        "overhead": {"cpu": "100m"},
    }
    # Running: 1 + 0.5 + the sidecar's 1. Starting: the second init container's 2 beside the sidecar.
    assert requested(msgspec.convert(spec, PodSpec)) == {"cpu": nanos("3100m"), "pods": nanos("1")}


def test_a_limit_without_a_request_is_the_request() -> None:
    spec: JsonObject = {"containers": [{"resources": {"limits": {"memory": "2Gi"}}}]}
    assert requested(msgspec.convert(spec, PodSpec))["memory"] == nanos("2Gi")


def test_everything_that_is_short_is_told() -> None:
    wanted = {"cpu": nanos("2"), "memory": nanos("1Gi"), "pods": nanos("1")}
    offered = {"cpu": nanos("4"), "memory": nanos("8Gi"), "pods": nanos("1")}
    refusal = resource_refusal(wanted, offered, {"cpu": nanos("3"), "pods": nanos("1")})
    assert refusal is not None
    assert refusal.text == "insufficient cpu (2 wanted, 1 left), too many pods"
    assert resource_refusal(wanted, None, {}) is None


def test_what_is_asked_for_the_whole_pod_counts_in_place_of_its_containers_sum() -> None:
    spec: JsonObject = {
        "containers": [{"resources": {"requests": {"cpu": "1", "example.com/x": "2"}}}],
        "resources": {"requests": {"cpu": "3"}},
        "overhead": {"cpu": "100m"},
    }
    asked = requested(msgspec.convert(spec, PodSpec))
    assert asked == {"cpu": nanos("3100m"), "example.com/x": nanos("2"), "pods": nanos("1")}
