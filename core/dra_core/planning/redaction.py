"""A snapshot that can be given away: names hashed, the same name always to the same hash.

What decides about devices stays: kinds and versions, drivers, classes, device names and attributes, selectors, taints,
quantities. Names of nodes, namespaces, pods, claims, templates, workloads and pools become hashes, wherever they occur;
labels keep well-known keys; annotations and opaque parameters go; unique attributes (uuid, serial number) are hashed. A
name that is also the name of a driver, class, device or request stays, and so do expressions: look through them before
you publish.
"""

from __future__ import annotations

import hashlib
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
_LABEL_KEYS = ("topologyKey", "matchLabelKeys", "mismatchLabelKeys")  # fields that name labels
_DIGITS = 8


def redacted(snapshot: ClusterSnapshot, salt: bytes) -> ClusterSnapshot:
    """The snapshot with hashed names.

    Args:
        snapshot: What to redact.
        salt: Makes the hashes differ from those of any other redaction, so that nobody can look names up in a list.
    """
    hashing = _Hashing(salt, frozenset(_secret_names(snapshot)) - frozenset(_public_names(snapshot)) - {""})
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
    specs = [claim.spec for claim in snapshot.claims] + [template.spec.spec for template in snapshot.templates]
    for spec in specs:
        for request in spec.devices.requests:
            yield request.name
            yield from (item.name for item in request.first_available)


class _Hashing:
    def __init__(self, salt: bytes, names: frozenset[str]) -> None:
        self._salt = salt
        self._names = names

    def record(self, item: Record) -> Record:
        """The same object without names."""
        value = self._object(encode(item), "")
        metadata = value.get("metadata")
        if isinstance(metadata, Mapping):
            value = {**value, "metadata": self._metadata(metadata)}
        return decode(type(item), value).unwrap()

    def hash(self, text: str) -> str:
        digest = hashlib.sha256(self._salt + text.encode()).hexdigest()
        return f"x{digest[:_DIGITS]}"

    def _metadata(self, metadata: JsonObject) -> JsonObject:
        kept = {key: item for key, item in metadata.items() if key not in ("managedFields", "selfLink", "generateName")}
        annotations = metadata.get("annotations")
        if isinstance(annotations, Mapping):
            own = {key: item for key, item in annotations.items() if key == POD_CLAIM_NAME}
            kept = {**kept, "annotations": own}
        return kept

    def _value(self, value: Json, key: str) -> Json:
        if isinstance(value, str):
            if key in _LABEL_KEYS:
                return self._label(value)
            return value if key in ("expression", "kind", "apiVersion") else self._text(value)
        if isinstance(value, Mapping):
            return self._object(value, key)
        if isinstance(value, list | tuple):
            return [self._value(item, key) for item in value]
        return value

    def _text(self, text: str) -> str:
        return self.hash(text) if text in self._names else text

    def _object(self, value: JsonObject, key: str) -> dict[str, Json]:
        if key == "parameters":
            return {name: item for name, item in value.items() if name in ("apiVersion", "kind")}
        if key in ("labels", "matchLabels", "nodeSelector") and all(isinstance(item, str) for item in value.values()):
            return {self._label(name): self._label_value(text_at(value, name)) for name in value}
        if key == "attributes":
            return {name: self._attribute(name, item) for name, item in value.items()}
        if "key" in value and "operator" in value and isinstance(value.get("values"), list | tuple):
            name = text_at(value, "key")
            values = [self._label_value(str(item)) for item in list_at(value, "values")]
            return {**value, "key": self._label(name), "values": values}
        return {name: self._value(item, name) for name, item in value.items()}

    def _attribute(self, name: str, value: Json) -> Json:
        if name.rpartition("/")[2] in _UNIQUE and isinstance(value, Mapping) and "string" in value:
            return {"string": self.hash(text_at(value, "string"))}
        return value

    def _label(self, name: str) -> str:
        if name == "metadata.name" or self._known(name):
            return name
        return self.hash(name)

    def _label_value(self, value: str) -> str:
        return value if value in ("", "true", "false") else self.hash(value)

    @staticmethod
    def _known(name: str) -> bool:
        prefix, slash, _ = name.partition("/")
        return bool(slash) and any(prefix == end or prefix.endswith(f".{end}") for end in _WELL_KNOWN)
