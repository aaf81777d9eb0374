"""Pods made from a template: what ReplicaSets, Jobs and DaemonSets have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at, thaw

from dra_sandbox.world.node_rules import requirement_holds
from dra_sandbox.world.objects import (
    POD,
    World,
    annotations_of,
    being_deleted,
    controller_uid,
    labels_of,
    name_of,
    namespace_of,
    objects_at,
    pod_finished,
    pod_ready,
    texts,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.times import moment_of
from dra_sandbox.world.writes import owner_reference

SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: hashes spell nothing (apimachinery util/rand)


def template_hash(template: Json) -> str:
    """Ten letters that differ when the template does; labels pods of one revision."""
    canonical = msgspec.json.encode(thaw(template), order="sorted")
    number = int.from_bytes(hashlib.sha256(canonical).digest()[:16])
    letters = []
    for _ in range(10):
        number, rest = divmod(number, len(SAFE_LETTERS))
        letters.append(SAFE_LETTERS[rest])
    return "".join(letters)


def pod_from(owner: JsonObject, labels: Mapping[str, str] | None = None, spec: JsonObject | None = None) -> JsonObject:
    """A pod of the owner's template, with further labels and spec fields."""
    template = object_at(owner, "spec", "template")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{name_of(owner)}-",
            "namespace": namespace_of(owner),
            "labels": {**labels_of(template), **(labels or {})},
            "annotations": dict(annotations_of(template)),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": {**object_at(template, "spec"), **(spec or {})},
    }


def pods_of(world: World, owner: JsonObject) -> tuple[JsonObject, ...]:
    """All pods that the owner controls."""
    return tuple(
        pod
        for pod in world.all(POD)
        if namespace_of(pod) == namespace_of(owner) and controller_uid(pod) == uid_of(owner)
    )


def active(pods: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    """Those that count: neither finished nor on their way out."""
    return tuple(pod for pod in pods if not pod_finished(pod) and not being_deleted(pod))


def dispensable_first(pods: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    """The order in which pods are given up: without a node, not ready, then the youngest."""
    youngest = sorted(pods, key=lambda pod: (text_at(pod, "metadata", "creationTimestamp"), name_of(pod)), reverse=True)
    return tuple(sorted(youngest, key=lambda pod: (bool(text_at(pod, "spec", "nodeName")), pod_ready(pod))))


def available(pod: JsonObject, min_ready_seconds: int, now: datetime) -> bool:
    """Ready, and that for long enough."""
    if not pod_ready(pod):
        return False
    if not min_ready_seconds:
        return True
    since = next(
        (
            moment_of(text_at(item, "lastTransitionTime"))
            for item in objects_at(pod, "status", "conditions")
            if item.get("type") == "Ready"
        ),
        None,
    )
    return since is not None and (now - since).total_seconds() >= min_ready_seconds


def share_of(value: Json, total: int, *, up: bool) -> int:
    """A number or a percentage of the total (apimachinery util/intstr); rounded up or down."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        hundredfold = int(value[:-1]) * total
        return -(-hundredfold // 100) if up else hundredfold // 100
    return 0


def selected(selector: JsonObject, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (meta/v1 LabelSelector) selects the labels."""
    wanted = texts(object_at(selector, "matchLabels"))
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    expressions = objects_at(selector, "matchExpressions")
    return all(requirement_holds(item, labels.get(text_at(item, "key"))) for item in expressions)


def replicas_wanted(owner: JsonObject) -> int:
    """spec.replicas, one if not said."""
    return whole_number_at(owner, "spec", "replicas", default=1)


def generation_of(owner: JsonObject) -> Json:
    """metadata.generation, for status.observedGeneration."""
    return at(owner, "metadata", "generation")
