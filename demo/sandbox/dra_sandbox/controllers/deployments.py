"""Deployments (apps/v1): one ReplicaSet per revision of the template, exchanged step by step."""

from __future__ import annotations

from datetime import datetime

from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

from dra_sandbox.controllers.pods_for import generation_of, replicas_wanted, share_of, template_hash
from dra_sandbox.world.objects import (
    DEPLOYMENT,
    REPLICA_SET,
    World,
    being_deleted,
    controller_uid,
    labels_of,
    name_of,
    namespace_of,
    objects_at,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.times import stamp
from dra_sandbox.world.writes import Create, Write, owner_reference, patch

HASH_LABEL = "pod-template-hash"  # apps/v1 DefaultDeploymentUniqueLabelKey
REVISION = "deployment.kubernetes.io/revision"


def deployments(world: World, now: datetime) -> tuple[Write, ...]:
    """ReplicaSets to make and to scale, and the status to report."""
    writes: list[Write] = []
    for deployment in world.all(DEPLOYMENT):
        owned = tuple(
            item
            for item in world.all(REPLICA_SET)
            if namespace_of(item) == namespace_of(deployment) and controller_uid(item) == uid_of(deployment)
        )
        mark = template_hash(at(deployment, "spec", "template"))
        current = next((item for item in owned if labels_of(item).get(HASH_LABEL) == mark), None)
        others = tuple(item for item in owned if item is not current)
        if not being_deleted(deployment):
            writes += _rollout(deployment, mark, current, others)
        status = _status(deployment, current, owned, now)
        if any(object_at(deployment, "status").get(key) != value for key, value in status.items()):
            writes.append(patch(deployment, {"status": status}, "status"))
    return tuple(writes)


def _rollout(
    deployment: JsonObject, mark: str, current: JsonObject | None, others: tuple[JsonObject, ...]
) -> tuple[Write, ...]:
    wanted = replicas_wanted(deployment)
    recreate = text_at(deployment, "spec", "strategy", "type") == "Recreate"
    surge = share_of(_rolling(deployment, "maxSurge"), wanted, up=True)
    unavailable = share_of(_rolling(deployment, "maxUnavailable"), wanted, up=False)
    if not recreate and not surge and not unavailable:
        unavailable = 1
    old_replicas = sum(replicas_wanted(item) for item in others)
    old_pods = sum(whole_number_at(item, "status", "replicas", default=0) for item in others)
    writes: list[Write] = []
    if recreate:
        target = 0 if old_replicas or old_pods else wanted
        spare = old_replicas
    else:
        have = replicas_wanted(current) if current else 0
        target = min(wanted, max(have, wanted + surge - old_replicas))
        ready = sum(
            whole_number_at(item, "status", "availableReplicas", default=0) for item in (*others, *_some(current))
        )
        spare = max(0, ready - (wanted - unavailable))
    if current is None:
        writes.append(Create(body=_replica_set(deployment, mark, target, len(others) + 1)))
    elif replicas_wanted(current) != target:
        writes.append(patch(current, {"spec": {"replicas": target}}))
    for item in others:
        have = replicas_wanted(item)
        idle = have - whole_number_at(item, "status", "availableReplicas", default=0)
        fewer = min(have, max(0, idle) + spare)
        spare -= max(0, fewer - max(0, idle))
        if fewer:
            writes.append(patch(item, {"spec": {"replicas": have - fewer}}))
    return tuple(writes)


def _some(item: JsonObject | None) -> tuple[JsonObject, ...]:
    return () if item is None else (item,)


def _rolling(deployment: JsonObject, field: str) -> int | str:
    found = at(deployment, "spec", "strategy", "rollingUpdate", field)
    return found if isinstance(found, (int, str)) else "25%"  # the API server's default


def _replica_set(deployment: JsonObject, mark: str, replicas: int, revision: int) -> JsonObject:
    template = object_at(deployment, "spec", "template")
    labels = {**labels_of(template), HASH_LABEL: mark}
    selector = object_at(deployment, "spec", "selector")
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{mark}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": whole_number_at(deployment, "spec", "minReadySeconds", default=0),
            "selector": {
                **selector,
                "matchLabels": {**object_at(selector, "matchLabels"), HASH_LABEL: mark},
            },
            "template": {**template, "metadata": {**object_at(template, "metadata"), "labels": labels}},
        },
    }


def _status(
    deployment: JsonObject, current: JsonObject | None, owned: tuple[JsonObject, ...], now: datetime
) -> JsonObject:
    wanted = replicas_wanted(deployment)
    ready = sum(whole_number_at(item, "status", "availableReplicas", default=0) for item in owned)
    unavailable = share_of(_rolling(deployment, "maxUnavailable"), wanted, up=False)
    enough = ready >= wanted - unavailable
    updated = whole_number_at(current, "status", "replicas", default=0) if current else 0
    complete = enough and updated >= wanted
    return {
        "observedGeneration": generation_of(deployment),
        "replicas": sum(whole_number_at(item, "status", "replicas", default=0) for item in owned),
        "updatedReplicas": updated,
        "readyReplicas": sum(whole_number_at(item, "status", "readyReplicas", default=0) for item in owned),
        "availableReplicas": ready,
        "unavailableReplicas": max(0, wanted - ready),
        "conditions": [
            _condition(deployment, "Available", enough, "MinimumReplicasAvailable", "MinimumReplicasUnavailable", now),
            _condition(
                deployment, "Progressing", True, "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated", "", now
            ),
        ],
    }


def _condition(deployment: JsonObject, name: str, holds: bool, yes: str, no: str, now: datetime) -> JsonObject:
    """The condition with the time of its last change kept, so that an unchanged status stays equal."""
    status, reason = ("True", yes) if holds else ("False", no)
    for old in objects_at(deployment, "status", "conditions"):
        if old.get("type") == name and old.get("status") == status and old.get("reason") == reason:
            return old
    return {
        "type": name,
        "status": status,
        "reason": reason,
        "message": "",
        "lastUpdateTime": stamp(now),
        "lastTransitionTime": stamp(now),
    }
