"""A snapshot that can be given away: names hashed, the same name always to the same hash.

What decides about devices stays: kinds and versions, drivers, classes, device names and attributes, selectors, taints,
quantities. Names of nodes, namespaces, pods, claims, templates, workloads, pools, containers and volumes become hashes,
wherever they occur; labels keep well-known keys, and numbers that a selector compares; annotations, messages, opaque
parameters and what drivers report of devices go; unique attributes (uuid, serial number) are hashed. A name that is
also the name of a driver, class, device or request stays, and so do expressions and what they compare with: look
through them before you publish.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.kinds import Record
from dra_core.planning.pod_claims import POD_CLAIM_NAME
from dra_core.snapshot.codec import decode, encode
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at

_NAMES_STAY = ("DeviceClass", "DeviceTaintRule", "PriorityClass")  # what expressions and requests speak of
_UNIQUE = ("uuid", "serial", "serialNumber", "pciAddress", "pciBusID", "macAddress")
_WELL_KNOWN = ("kubernetes.io", "k8s.io")
_LABEL_KEYS = (
    "topologyKey",
    "matchLabelKeys",
    "mismatchLabelKeys",
    "finalizers",
)  # fields that name labels, or the like
_NAMING = (  # fields that name an object, which need not be in the snapshot
    "nodeName",
    "resourceClaimName",
    "resourceClaimTemplateName",
    "podGroupName",
    "claimName",
    "namespaces",
)
_NAMED_PARTS = (
    "containers",
    "initContainers",
    "volumes",
)  # lists of parts whose names only the object itself speaks of
_LEFT_OUT: Mapping[str, frozenset[str]] = {  # by the field of the object that has them
    "metadata": frozenset({"managedFields", "selfLink", "generateName"}),
    "conditions": frozenset({"message"}),
    "devices": frozenset({"data", "networkData"}),
}
_DIGITS = 16  # a cluster has 100,000 names, of which no two may come to be the same: 8 digits are too few
_INTEGER = re.compile(r"[-+]?[0-9]+")
_LITERAL = re.compile(r"""["']([^"']*)["']""")


def redacted(snapshot: ClusterSnapshot, salt: bytes) -> ClusterSnapshot:
    """The snapshot with hashed names.

    Args:
        snapshot: What to redact.
        salt: Makes the hashes differ from those of any other redaction, so that nobody can look names up in a list.
    """
    public = frozenset(_public_names(snapshot)) | {""}
    secret = frozenset(_secret_names(snapshot)) - public
    hashing = _Hashing(salt, secret, public, frozenset(_measured_labels(snapshot)))
    fields: dict[str, tuple[Record, ...]] = {}
    for field in msgspec.structs.fields(ClusterSnapshot):
        records: tuple[Record, ...] = getattr(snapshot, field.name)
        fields[field.name] = tuple(hashing.record(item) for item in records)
    return msgspec.structs.replace(snapshot, **fields)


def objects_of(snapshot: ClusterSnapshot) -> Iterator[JsonObject]:
    """All objects as JSON; reading them gives the same snapshot."""
    for field in msgspec.structs.fields(ClusterSnapshot):
        records: tuple[Record, ...] = getattr(snapshot, field.name)
        yield from map(encode, records)


def _secret_names(snapshot: ClusterSnapshot) -> Iterator[str]:
    for field in msgspec.structs.fields(ClusterSnapshot):
        records: tuple[Record, ...] = getattr(snapshot, field.name)
        for item in records:
            yield item.metadata.namespace
            yield item.metadata.uid
            if item.kind not in _NAMES_STAY:
                yield item.metadata.name
            for owner in item.metadata.owner_references:
                yield owner.name
                yield owner.uid
    for part in snapshot.slices:
        yield part.spec.pool.name
        yield part.spec.node_name or ""
        yield from (device.node_name or "" for device in part.spec.devices)
    for claim in snapshot.claims:
        for consumer in claim.status.reserved_for:
            yield consumer.name
            yield consumer.uid
    for pod in snapshot.pods:
        yield pod.spec.node_name
        for entry in pod.spec.resource_claims:
            yield entry.resource_claim_name or ""
            yield entry.resource_claim_template_name or ""


def _public_names(snapshot: ClusterSnapshot) -> Iterator[str]:
    """Names that requests and expressions speak of."""
    yield from (item.metadata.name for item in snapshot.classes)
    for part in snapshot.slices:
        yield part.spec.driver
        yield from (device.name for device in part.spec.devices)
    selectors = [selector for item in snapshot.classes for selector in item.spec.selectors]
    specs = [claim.spec for claim in snapshot.claims] + [template.spec.spec for template in snapshot.templates]
    for spec in specs:
        for request in spec.devices.requests:
            yield request.name
            yield from (item.name for item in request.first_available)
            for item in (request.exactly, *request.first_available):
                selectors += item.selectors if item is not None else ()
    for expression in {selector.cel.expression for selector in selectors if selector.cel is not None}:
        yield from _LITERAL.findall(expression)


def _measured_labels(snapshot: ClusterSnapshot) -> Iterator[str]:
    """Keys of labels that node selectors compare as numbers."""
    for field in msgspec.structs.fields(ClusterSnapshot):
        records: tuple[Record, ...] = getattr(snapshot, field.name)
        for item in records:
            text = msgspec.json.encode(item)
            if b'"Gt"' in text or b'"Lt"' in text:
                yield from _compared(msgspec.json.decode(text))


def _compared(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.get("operator") in ("Gt", "Lt"):
            yield text_at(value, "key")
        for item in value.values():
            yield from _compared(item)
    elif isinstance(value, list):
        for item in value:
            yield from _compared(item)


class _Hashing:
    def __init__(self, salt: bytes, names: frozenset[str], public: frozenset[str], measured: frozenset[str]) -> None:
        self._salt = salt
        self._names = names
        self._public = public
        self._measured = measured

    def record(self, item: Record) -> Record:
        """The same object without names."""
        return decode(type(item), self._object(encode(item), "")).unwrap()

    def hash(self, text: str) -> str:
        digest = hashlib.sha256(self._salt + text.encode()).hexdigest()
        return f"x{digest[:_DIGITS]}"

    def _value(self, value: Json, key: str) -> Json:
        if isinstance(value, str):
            return self._text(value, key)
        if isinstance(value, Mapping):
            return self._object(value, key)
        if isinstance(value, list | tuple):
            return [self._value(item, key) for item in value]
        return value

    def _text(self, text: str, key: str) -> str:
        if key in ("expression", "kind", "apiVersion"):
            return text
        if key in _LABEL_KEYS:
            return self._label(text)
        if key in (*_NAMING, *_NAMED_PARTS):
            return text if text in self._public else self.hash(text)
        return self.hash(text) if text in self._names else text

    def _object(self, value: JsonObject, key: str) -> dict[str, Json]:
        if key == "parameters":
            return {name: item for name, item in value.items() if name in ("apiVersion", "kind")}
        if key == "annotations":
            return {name: self._value(item, name) for name, item in value.items() if name == POD_CLAIM_NAME}
        if key in ("labels", "matchLabels", "nodeSelector") and all(isinstance(item, str) for item in value.values()):
            return {self._label(name): self._label_value(name, text_at(value, name)) for name in value}
        if key == "attributes":
            return {name: self._attribute(name, item) for name, item in value.items()}
        if key in ("matchExpressions", "matchFields"):
            name = text_at(value, "key")
            values = [self._label_value(name, str(item)) for item in list_at(value, "values")]
            return {**value, "key": self._label(name), "values": values}
        left_out = _LEFT_OUT.get(key, frozenset())
        hashed = {name: self._value(item, name) for name, item in value.items() if name not in left_out}
        if key in _NAMED_PARTS or key == "schedulingGates":
            name = text_at(value, "name")
            return {**hashed, "name": self._label(name) if key == "schedulingGates" else self._text(name, key)}
        return hashed

    def _attribute(self, name: str, value: Json) -> Json:
        """The value, or the items of its list; what other objects are called by is hashed, and what is unique."""
        if isinstance(value, str):
            return self.hash(value) if name.rpartition("/")[2] in _UNIQUE else self._text(value, "")
        if isinstance(value, Mapping):
            return {kind: self._attribute(name, item) for kind, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._attribute(name, item) for item in value]
        return value

    def _label(self, name: str) -> str:
        if name == "metadata.name" or self._known(name):
            return name
        return self.hash(name)

    def _label_value(self, name: str, value: str) -> str:
        if value in ("", "true", "false") or (name in self._measured and _INTEGER.fullmatch(value)):
            return value
        return self.hash(value)

    @staticmethod
    def _known(name: str) -> bool:
        prefix, slash, _ = name.partition("/")
        return bool(slash) and any(prefix == end or prefix.endswith(f".{end}") for end in _WELL_KNOWN)
