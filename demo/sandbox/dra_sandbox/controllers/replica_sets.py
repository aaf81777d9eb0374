"""ReplicaSets (apps/v1): keeps as many pods as asked for."""

from __future__ import annotations

from datetime import datetime

from dra_core.snapshot.json_value import JsonObject, object_at

from dra_sandbox.controllers.pods_for import (
    active,
    available,
    dispensable_first,
    generation_of,
    pod_from,
    pods_of,
    replicas_wanted,
)
from dra_sandbox.world.objects import REPLICA_SET, World, being_deleted, pod_ready, whole_number_at
from dra_sandbox.world.writes import Create, Write, delete, patch


def replica_sets(world: World, now: datetime) -> tuple[Write, ...]:
    """Pods to make and to delete, and the status to report."""
    writes: list[Write] = []
    for replica_set in world.all(REPLICA_SET):
        pods = active(pods_of(world, replica_set))
        if not being_deleted(replica_set):
            missing = replicas_wanted(replica_set) - len(pods)
            writes += [Create(body=pod_from(replica_set)) for _ in range(missing)]
            writes += [delete(pod) for pod in dispensable_first(pods)[: max(0, -missing)]]
        status = _status(replica_set, pods, now)
        if any(object_at(replica_set, "status").get(key) != value for key, value in status.items()):
            writes.append(patch(replica_set, {"status": status}, "status"))
    return tuple(writes)


def _status(replica_set: JsonObject, pods: tuple[JsonObject, ...], now: datetime) -> JsonObject:
    patience = whole_number_at(replica_set, "spec", "minReadySeconds", default=0)
    return {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": sum(pod_ready(pod) for pod in pods),
        "availableReplicas": sum(available(pod, patience, now) for pod in pods),
        "observedGeneration": generation_of(replica_set),
    }
