"""ReplicaSets, Deployments, Jobs and DaemonSets: which pods they make and give up."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at
from dra_sandbox.controllers.daemon_sets import REVISION_LABEL, daemon_sets
from dra_sandbox.controllers.deployments import deployments
from dra_sandbox.controllers.jobs import jobs
from dra_sandbox.controllers.pods_for import share_of, template_hash
from dra_sandbox.controllers.replica_sets import replica_sets
from dra_sandbox.world.objects import POD, REPLICA_SET, labels_of, name_of, objects_at, with_fields, world_of
from dra_sandbox.world.writes import Create, Delete, Patch, Write

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE: JsonObject = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "c", "image": "busybox"}]},
}


def owner(kind: str, spec: JsonObject, api_version: str = "apps/v1") -> JsonObject:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "set", "namespace": "default", "uid": "owner", "generation": 1},
        "spec": {"template": TEMPLATE, "selector": {"matchLabels": {"app": "a"}}, **spec},
    }


def pod(name: str, *, phase: str = "Running", ready: bool = True, node: str = "node-0", mark: str = "") -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": name,
            "labels": {"app": "a", REVISION_LABEL: mark},
            "ownerReferences": [{"uid": "owner", "controller": True, "name": "set", "kind": "x", "apiVersion": "v1"}],
        },
        "spec": {"nodeName": node},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def node(name: str, **spec: Json) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}, "spec": spec}


def created(writes: tuple[Write, ...]) -> list[JsonObject]:
    return [write.body for write in writes if isinstance(write, Create)]


def deleted(writes: tuple[Write, ...]) -> list[str]:
    return [write.name for write in writes if isinstance(write, Delete)]


def status(writes: tuple[Write, ...]) -> JsonObject:
    return next(
        (object_at(write.patch, "status") for write in writes if isinstance(write, Patch) and write.subresource), {}
    )


def test_a_replica_set_makes_what_is_missing_and_replaces_finished_pods() -> None:
    writes = replica_sets(world_of(owner("ReplicaSet", {"replicas": 3}), pod("a"), pod("b", phase="Failed")), NOW)
    assert len(created(writes)) == 2
    assert status(writes)["readyReplicas"] == 1
    assert at(created(writes)[0]["metadata"], "ownerReferences") is not None


def test_a_replica_set_gives_up_pods_that_are_not_ready_first() -> None:
    writes = replica_sets(world_of(owner("ReplicaSet", {"replicas": 1}), pod("a", ready=False), pod("b")), NOW)
    assert deleted(writes) == ["a"]


def test_a_job_is_complete_when_as_many_pods_succeeded_as_asked_for() -> None:
    job = owner("Job", {"completions": 2, "parallelism": 1}, "batch/v1")
    first = jobs(world_of(job, pod("a", phase="Succeeded")), NOW)
    assert len(created(first)) == 1
    second = jobs(world_of(job, pod("a", phase="Succeeded"), pod("b", phase="Succeeded")), NOW)
    assert created(second) == []
    assert at(status(second), "conditions") == [
        {
            "type": "Complete",
            "status": "True",
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
            "lastProbeTime": "2026-01-01T00:00:00Z",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ]


def test_a_job_gives_up_after_its_backoff_limit() -> None:
    job = owner("Job", {"backoffLimit": 0}, "batch/v1")
    reported = status(jobs(world_of(job, pod("a", phase="Failed")), NOW))
    assert [condition["reason"] for condition in objects_at(reported, "conditions")] == ["BackoffLimitExceeded"]


def test_a_deployment_makes_a_replica_set_named_after_its_template() -> None:
    writes = deployments(world_of(owner("Deployment", {"replicas": 2})), NOW)
    (made,) = created(writes)
    mark = template_hash(TEMPLATE)
    assert name_of(made) == f"set-{mark}"
    assert labels_of(made)["pod-template-hash"] == mark
    assert at(made, "spec", "replicas") == 2


def test_a_changed_template_surges_before_the_old_pods_go() -> None:
    """4 replicas, 25 %: one more at first, and never fewer than three available."""
    deployment = owner("Deployment", {"replicas": 4})
    old: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": "old",
            "namespace": "default",
            "uid": "old",
            "ownerReferences": [{"uid": "owner", "controller": True}],
        },
        "spec": {"replicas": 4},
        "status": {"replicas": 4, "availableReplicas": 4},
    }
    writes = deployments(world_of(deployment, old), NOW)
    (new,) = created(writes)
    assert at(new, "spec", "replicas") == 1
    scaled = [write for write in writes if isinstance(write, Patch) and write.kind == REPLICA_SET]
    assert [at(write.patch, "spec", "replicas") for write in scaled] == [3]


def test_shares_round_up_for_surge_and_down_for_unavailable() -> None:
    assert (share_of("25%", 3, up=True), share_of("25%", 3, up=False), share_of(2, 3, up=True)) == (1, 0, 2)


def test_a_daemon_set_puts_one_pod_on_each_node_that_takes_it() -> None:
    tainted = node("node-2", taints=[{"key": "no", "effect": "NoSchedule"}])
    world = world_of(
        owner("DaemonSet", {}), node("node-0"), node("node-1"), tainted, pod("a", mark=template_hash(TEMPLATE))
    )
    (made,) = created(daemon_sets(world, NOW))
    terms = at(made, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    assert at(terms, "nodeSelectorTerms") == [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}
    ]
    assert status(daemon_sets(world, NOW))["desiredNumberScheduled"] == 2


def surging(*pods: JsonObject) -> tuple[Write, ...]:
    strategy: JsonObject = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return daemon_sets(world_of(owner("DaemonSet", {"updateStrategy": strategy}), node("node-0"), *pods), NOW)


def test_with_max_surge_the_new_daemon_pod_comes_before_the_old_one_goes() -> None:
    mark = template_hash(TEMPLATE)
    first = surging(pod("old", mark="other"))
    assert (len(created(first)), deleted(first)) == (1, [])
    second = surging(pod("old", mark="other"), pod("new", mark=mark, ready=False))
    assert (len(created(second)), deleted(second)) == (0, [])
    third = surging(pod("old", mark="other"), pod("new", mark=mark))
    assert (len(created(third)), deleted(third)) == (0, ["old"])


def test_without_surge_the_old_daemon_pod_goes_first() -> None:
    writes = daemon_sets(world_of(owner("DaemonSet", {}), node("node-0"), pod("old", mark="other")), NOW)
    assert (len(created(writes)), deleted(writes)) == (0, ["old"])


def test_a_finished_daemon_pod_is_replaced() -> None:
    world = world_of(owner("DaemonSet", {}), node("node-0"), pod("a", phase="Failed"))
    writes = daemon_sets(world, NOW)
    assert (len(created(writes)), deleted(writes)) == (1, ["a"])


def test_a_daemon_pod_that_waits_for_the_scheduler_counts() -> None:
    world = world_of(owner("DaemonSet", {}), node("node-0"))
    (made,) = created(daemon_sets(world, NOW))
    waiting = with_fields(made, ("metadata",), {"name": "waiting", "uid": "waiting"})
    again = daemon_sets(world_of(owner("DaemonSet", {}), node("node-0"), waiting), NOW)
    assert created(again) == []
    assert len(world_of(waiting).of(POD)) == 1
