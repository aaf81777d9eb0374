"""The kinds of objects that decide about devices, and how an object of each is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from returns.result import Failure

from dra_core.planning.parts import Parts, TopLevel, completed
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.as_go_reads import as_go_reads
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimTemplate
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.versions import GROUP, SERVED, V1, path_in, to_v1
from dra_core.snapshot.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    Namespace,
    PodGroup,
    PriorityClass,
    ReplicaSet,
    RuntimeClass,
    StatefulSet,
)

Record: TypeAlias = (
    Node
    | ResourceSlice
    | DeviceClass
    | ResourceClaim
    | ResourceClaimTemplate
    | DeviceTaintRule
    | Pod
    | Deployment
    | ReplicaSet
    | StatefulSet
    | Job
    | DaemonSet
    | CronJob
    | PodGroup
    | Namespace
    | RuntimeClass
    | PriorityClass
)
"""A record of an object that planning looks at."""


class Kind(msgspec.Struct, frozen=True):
    """How objects of a kind are read; ``namespaced`` says whether they are in a namespace."""

    record: type[Record]
    namespaced: bool


_KINDS: Mapping[tuple[str, str], Kind] = {
    ("", "Node"): Kind(Node, False),
    ("", "Pod"): Kind(Pod, True),
    ("", "Namespace"): Kind(Namespace, False),
    ("apps", "Deployment"): Kind(Deployment, True),
    ("apps", "ReplicaSet"): Kind(ReplicaSet, True),
    ("apps", "StatefulSet"): Kind(StatefulSet, True),
    ("apps", "DaemonSet"): Kind(DaemonSet, True),
    ("batch", "Job"): Kind(Job, True),
    ("batch", "CronJob"): Kind(CronJob, True),
    ("node.k8s.io", "RuntimeClass"): Kind(RuntimeClass, False),
    ("scheduling.k8s.io", "PriorityClass"): Kind(PriorityClass, False),
    ("scheduling.k8s.io", "PodGroup"): Kind(PodGroup, True),
    (GROUP, "ResourceSlice"): Kind(ResourceSlice, False),
    (GROUP, "DeviceClass"): Kind(DeviceClass, False),
    (GROUP, "ResourceClaim"): Kind(ResourceClaim, True),
    (GROUP, "ResourceClaimTemplate"): Kind(ResourceClaimTemplate, True),
    (GROUP, "DeviceTaintRule"): Kind(DeviceTaintRule, False),
}
_DECODERS = {kind.record: msgspec.json.Decoder(kind.record) for kind in _KINDS.values()}


def known_kind(api_version: str, kind: str) -> Kind | Refusal | None:
    """How to read objects of that kind; None if they decide nothing; a refusal if that version is not known."""
    group, _, version = api_version.rpartition("/")
    found = _KINDS.get((group, kind))
    if found is None or group != GROUP or version in SERVED[kind]:
        return found
    return Refusal(
        code="UnknownVersion",
        fault=Fault.USER,
        path="apiVersion",
        seen=f"{api_version} of {kind} is not known",
        hint=f"known are {', '.join(SERVED[kind])}; ask the API server for one of these",
    )


def read_object(
    kind: Kind,
    version: str,
    value: JsonObject | msgspec.Raw,
    namespace: str,
    parts: Parts,
    texts: TopLevel | None = None,
) -> tuple[Record | None, Refusals]:
    """The record, with what of the object it could not hold; or None, with what is wrong.

    Args:
        kind: What it is.
        version: The version that it is written in, without the group.
        value: The object, or its JSON text.
        namespace: Where it is if it does not say so.
        parts: What puts records together from texts.
        texts: The texts of the object's parts, where it has no others.
    """
    if texts is not None and version != "v1beta1":
        try:
            return _finished(kind, parts.record(kind.record, texts), namespace)
        except msgspec.ValidationError:
            pass  # read as a whole
    if isinstance(value, msgspec.Raw):
        if version != "v1beta1":
            try:
                return _finished(kind, _completed(_DECODERS[kind.record].decode(value)), namespace)
            except msgspec.ValidationError:
                pass  # read slowly, to say what is wrong
        decoded: Json = msgspec.json.decode(value)
        if not isinstance(decoded, Mapping):
            raise TypeError("the text of an object is not an object")
        value = decoded
    kind_name = kind.record.__name__
    if kind_name in SERVED:  # items of a typed list do not say themselves what they are
        value = to_v1({**value, "apiVersion": f"{GROUP}/{version}", "kind": kind_name})
    read = as_go_reads(kind.record, value)
    result = decode_reporting(kind.record, read)
    if isinstance(result, Failure):
        refusals: Refusals = result.failure()
        return None, _as_written(refusals, version, kind_name)
    found = result.unwrap()
    record, problems = _finished(kind, _completed(found.record), namespace)
    return record, (*problems, *_as_written(found.unknown, version, kind_name))


def _finished(kind: Kind, record: Record, namespace: str) -> tuple[Record | None, Refusals]:
    metadata = record.metadata
    if not metadata.name:
        if not metadata.generate_name:
            missing = Refusal(
                code="Required", fault=Fault.USER, path="metadata.name", seen="the object has no name", hint="name it"
            )
            return None, (missing,)
        # The API server appends random characters; any name will do that nobody else has.
        metadata = msgspec.structs.replace(metadata, name=f"{metadata.generate_name}0")
    if metadata.managed_fields:
        metadata = msgspec.structs.replace(metadata, managed_fields=())  # larger than much else, and says nothing
    if kind.namespaced and not metadata.namespace:
        metadata = msgspec.structs.replace(metadata, namespace=namespace)
    if metadata is not record.metadata:
        record = msgspec.structs.replace(record, metadata=metadata)
    if record.api_version != V1 and record.api_version.startswith(f"{GROUP}/"):
        record = msgspec.structs.replace(record, api_version=V1)  # v1beta2 has the shape of v1
    return record, ()


def _completed(record: Record) -> Record:
    if not isinstance(record, ResourceClaim | ResourceClaimTemplate):
        return record
    spec = completed(record.spec)
    return record if spec is record.spec else msgspec.structs.replace(record, spec=spec)


def _as_written(refusals: Refusals, version: str, kind: str) -> Refusals:
    return tuple(msgspec.structs.replace(refusal, path=path_in(version, kind, refusal.path)) for refusal in refusals)
