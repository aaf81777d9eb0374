"""A snapshot of API objects, by kind, namespace and name; and the few questions that everybody asks an object.

Kinds are written ``Kind`` for the core group and ``Kind.group`` for the others, without the version: ``Pod``,
``ReplicaSet.apps``, ``ResourceClaim.resource.k8s.io``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

Kind: TypeAlias = str
Place: TypeAlias = tuple[str, str]
"""Namespace ("" for cluster-scoped kinds) and name."""

POD = "Pod"
NODE = "Node"
NAMESPACE = "Namespace"
EVENT = "Event"
SERVICE_ACCOUNT = "ServiceAccount"
LEASE = "Lease.coordination.k8s.io"
REPLICA_SET = "ReplicaSet.apps"
DEPLOYMENT = "Deployment.apps"
DAEMON_SET = "DaemonSet.apps"
JOB = "Job.batch"
CLAIM = "ResourceClaim.resource.k8s.io"
CLAIM_TEMPLATE = "ResourceClaimTemplate.resource.k8s.io"
CONTEXT = "PodSchedulingContext.resource.k8s.io"
RESOURCE_CLASS = "ResourceClass.resource.k8s.io"
SLICE = "ResourceSlice.resource.k8s.io"
DEVICE_CLASS = "DeviceClass.resource.k8s.io"
TAINT_RULE = "DeviceTaintRule.resource.k8s.io"


class World(msgspec.Struct, frozen=True):
    """All objects that were read, at one moment."""

    kinds: Mapping[Kind, Mapping[Place, JsonObject]] = {}

    def of(self, kind: Kind) -> Mapping[Place, JsonObject]:
        """The objects of a kind, by place."""
        return self.kinds.get(kind, {})

    def all(self, kind: Kind) -> tuple[JsonObject, ...]:
        """The objects of a kind in the order of namespace and name, so that decisions repeat."""
        objects = self.of(kind)
        return tuple(objects[place] for place in sorted(objects))

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object, or None."""
        return self.of(kind).get((namespace, name))

    def everything(self) -> Iterator[tuple[Kind, JsonObject]]:
        """Every object with its kind."""
        for kind in sorted(self.kinds):
            for value in self.all(kind):
                yield kind, value


def world_of(*objects: JsonObject) -> World:
    """A world made of objects; for tests and for files."""
    kinds: dict[Kind, dict[Place, JsonObject]] = {}
    for value in objects:
        kinds.setdefault(kind_of(value), {})[place_of(value)] = value
    return World(kinds)


def kind_of(value: JsonObject) -> Kind:
    """The kind of an object that carries apiVersion and kind."""
    return kind_named(text_at(value, "apiVersion"), text_at(value, "kind"))


def kind_named(api_version: str, kind: str) -> Kind:
    """``apps/v1`` and ``ReplicaSet`` → ``ReplicaSet.apps``."""
    group, slash, _ = api_version.partition("/")
    return f"{kind}.{group}" if slash else kind


def place_of(value: JsonObject) -> Place:
    """Where an object is."""
    return namespace_of(value), name_of(value)


def name_of(value: JsonObject) -> str:
    """metadata.name."""
    return text_at(value, "metadata", "name")


def namespace_of(value: JsonObject) -> str:
    """metadata.namespace, "" for cluster-scoped objects."""
    return text_at(value, "metadata", "namespace")


def uid_of(value: JsonObject) -> str:
    """metadata.uid."""
    return text_at(value, "metadata", "uid")


def labels_of(value: JsonObject) -> Mapping[str, str]:
    """metadata.labels."""
    return texts(object_at(value, "metadata", "labels"))


def annotations_of(value: JsonObject) -> Mapping[str, str]:
    """metadata.annotations."""
    return texts(object_at(value, "metadata", "annotations"))


def finalizers_of(value: JsonObject) -> tuple[str, ...]:
    """metadata.finalizers."""
    return tuple(item for item in list_at(value, "metadata", "finalizers") if isinstance(item, str))


def being_deleted(value: JsonObject) -> bool:
    """Whether deletion has been asked for."""
    return at(value, "metadata", "deletionTimestamp") is not None


def owners_of(value: JsonObject) -> tuple[JsonObject, ...]:
    """metadata.ownerReferences."""
    return objects_at(value, "metadata", "ownerReferences")


def controller_uid(value: JsonObject) -> str:
    """The UID of the owner that is the controller, or ""."""
    return next((text_at(owner, "uid") for owner in owners_of(value) if owner.get("controller") is True), "")


def pod_finished(pod: JsonObject) -> bool:
    """Whether no container of the pod will run any more (core/v1 PodPhase)."""
    return text_at(pod, "status", "phase") in ("Succeeded", "Failed")


def pod_ready(pod: JsonObject) -> bool:
    """Whether the condition Ready is True."""
    return condition_status(pod, "Ready") == "True"


def condition_status(value: JsonObject, condition: str) -> str:
    """The status of a condition in status.conditions, or "" when there is none."""
    return next(
        (
            text_at(item, "status")
            for item in objects_at(value, "status", "conditions")
            if item.get("type") == condition
        ),
        "",
    )


def objects_at(value: Json, *keys: str) -> tuple[JsonObject, ...]:
    """The objects of the list at a path."""
    return tuple(item for item in list_at(value, *keys) if isinstance(item, Mapping))


def texts(value: JsonObject) -> Mapping[str, str]:
    """The entries of an object that are texts."""
    return {key: item for key, item in value.items() if isinstance(item, str)}


def whole_number_at(value: Json, *keys: str, default: int) -> int:
    """The whole number at a path, or the default."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def with_fields(value: JsonObject, path: tuple[str, ...], fields: JsonObject) -> JsonObject:
    """The object with fields replaced at a path; a field set to None is left out."""
    if not path:
        merged = {**value, **fields}
        return {key: item for key, item in merged.items() if item is not None}
    inner = object_at(value, path[0])
    return {**value, path[0]: with_fields(inner, path[1:], fields)}
