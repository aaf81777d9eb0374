"""Which pods want a node: pending ones, and those that workloads have still to make."""

from __future__ import annotations

import pytest
from dra_core.planning import Document, read_cluster, wanted_pods
from dra_core.snapshot.json_value import Json, JsonObject


def workload(kind: str, spec: JsonObject, **metadata: Json) -> JsonObject:
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "w", "uid": "w", **metadata}, "spec": spec}


def pod(name: str, owner: JsonObject | None = None, node: str = "", phase: str = "", **spec: Json) -> JsonObject:
    owners: list[Json] = [] if owner is None else [{"apiVersion": "apps/v1", "controller": True, "uid": "u", **owner}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "ownerReferences": owners},
        "spec": {**spec, **({"nodeName": node} if node else {})},
        "status": {"phase": phase} if phase else {},
    }


def wanted(*objects: Json) -> list[tuple[str, str, bool]]:
    snapshot = read_cluster([Document("f", i, value) for i, value in enumerate(objects)]).unwrap().snapshot
    return [(item.pod.metadata.name, item.origin.text, item.exists) for item in wanted_pods(snapshot)]


@pytest.mark.parametrize(
    ("kind", "spec", "count"),
    [
        ("Deployment", {}, 1),
        ("Deployment", {"replicas": 3}, 3),
        ("StatefulSet", {"replicas": 2}, 2),
        ("ReplicaSet", {"replicas": 0}, 0),
        ("Job", {}, 1),
        ("Job", {"parallelism": 3}, 3),
        ("Job", {"parallelism": 3, "completions": 2}, 2),
        ("Job", {"completions": 5}, 1),
        ("Job", {"parallelism": 3, "suspend": True}, 0),
    ],
)
def test_a_workload_without_pods_wants_all_of_them(kind: str, spec: JsonObject, count: int) -> None:
    assert wanted(workload(kind, spec)) == [(f"w-{i}", f"{kind} default/w", False) for i in range(count)]


def test_pods_that_are_there_count() -> None:
    mine: JsonObject = {"kind": "StatefulSet", "name": "w"}
    assert wanted(
        workload("StatefulSet", {"replicas": 4}),
        pod("w-0", mine, node="n"),
        pod("w-1", mine),
        pod("w-x", mine, node="n", phase="Succeeded"),
    ) == [
        ("w-1", "StatefulSet default/w", True),
        ("w-2", "StatefulSet default/w", False),
        ("w-3", "StatefulSet default/w", False),
    ]


def test_of_a_stateful_set_the_number_that_is_missing_is_made() -> None:
    mine: JsonObject = {"kind": "StatefulSet", "name": "w"}
    others = [pod("w-1", mine, node="n"), pod("w-2", mine, node="n")]
    assert wanted(workload("StatefulSet", {"replicas": 4}), *others) == [
        ("w-0", "StatefulSet default/w", False),
        ("w-3", "StatefulSet default/w", False),
    ]


def test_a_deployment_counts_the_pods_of_its_replica_sets_and_these_make_none_of_their_own() -> None:
    owned: list[Json] = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "w", "uid": "w", "controller": True}]
    replica_set = workload("ReplicaSet", {"replicas": 2}, name="w-abc", ownerReferences=owned)
    running = pod("w-abc-1", {"kind": "ReplicaSet", "name": "w-abc"}, node="n")
    assert wanted(workload("Deployment", {"replicas": 2}), replica_set, running) == [
        ("w-0", "Deployment default/w", False)
    ]


def test_a_job_wants_what_is_left_of_it() -> None:
    job = {**workload("Job", {"parallelism": 5, "completions": 6}), "status": {"succeeded": 4}}
    assert len(wanted(job)) == 2


def test_pods_with_a_node_finished_or_going_do_not_wait_and_priority_comes_first() -> None:
    going = pod("going")
    going = {**going, "metadata": {"name": "going", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    found = wanted(pod("placed", node="n"), pod("over", phase="Failed"), going, pod("low"), pod("high", priority=7))
    assert [name for name, *_ in found] == ["high", "low"]
