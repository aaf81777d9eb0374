"""What the server keeps of, adds to and demands from metadata (meta/v1 ObjectMeta)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import finalizers_of, objects_at, texts
from dra_sandbox.world.times import stamp

_OF_THE_SERVER = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
_SUFFIX_LENGTH = 5  # apiserver/pkg/storage/names: random characters after generateName
_LONGEST_GENERATED_BASE = 63 - _SUFFIX_LENGTH
_ANNOTATIONS_LIMIT = 256 * 1024  # apimachinery api/validation TotalAnnotationSizeLimitB

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%]+")

SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

_LABEL_NAMES = ("/namespaces", "/services")
"""Kinds whose names are DNS labels."""
_FREE_NAMES = ("rbac.authorization.k8s.io/",)
"""Groups whose names are only path segments."""


def of_new(resource: Resource, value: JsonObject, namespace: str, circumstances: Circumstances) -> JsonObject:
    """The object with the metadata of a new one: name made up if wanted, uid, time, generation."""
    metadata: dict[str, Json] = {
        key: item for key, item in object_at(value, "metadata").items() if key not in _OF_THE_SERVER
    }
    metadata.pop("resourceVersion", None)
    base = text_at(metadata, "generateName")
    if base and not text_at(metadata, "name"):
        metadata["name"] = base[:_LONGEST_GENERATED_BASE] + circumstances.suffix
    if resource.namespaced:
        metadata["namespace"] = namespace
    metadata["uid"] = circumstances.uid
    metadata["creationTimestamp"] = stamp(circumstances.now)
    if resource.counts_generation:
        metadata["generation"] = 1
    return {**value, "metadata": metadata}


def of_changed(value: JsonObject, old: JsonObject) -> JsonObject:
    """The object with what clients cannot change in metadata taken from the old one."""
    before = object_at(old, "metadata")
    metadata = {key: item for key, item in object_at(value, "metadata").items() if key not in _OF_THE_SERVER}
    for key in (*_OF_THE_SERVER, "name", "namespace", "generateName", "resourceVersion"):
        if key in before:
            metadata[key] = before[key]
        elif key in ("generateName", "namespace"):
            metadata.pop(key, None)
    return {**value, "metadata": metadata}


def metadata_faults(resource: Resource, value: JsonObject) -> Iterator[Refusal]:
    """What is wrong with name, labels, annotations, finalizers and owners."""
    metadata = object_at(value, "metadata")
    name = text_at(metadata, "name")
    if not name:
        yield faults.required("metadata.name", "name or generateName is required")
    else:
        yield from _name_faults(resource, name)
    yield from label_faults("metadata.labels", texts(object_at(metadata, "labels")))
    annotations = object_at(metadata, "annotations")
    for key in annotations:
        yield from qualified_name_faults("metadata.annotations", key.lower())
    if sum(len(key) + len(str(item)) for key, item in annotations.items()) > _ANNOTATIONS_LIMIT:
        yield faults.too_long("metadata.annotations", _ANNOTATIONS_LIMIT)
    for i, finalizer in enumerate(finalizers_of(value)):
        yield from qualified_name_faults(f"metadata.finalizers[{i}]", finalizer)
    yield from _owner_faults(objects_at(metadata, "ownerReferences"))


def _name_faults(resource: Resource, name: str) -> Iterator[Refusal]:
    if resource.store_key.startswith(_FREE_NAMES):
        if not _SEGMENT.fullmatch(name):
            yield faults.invalid("metadata.name", name, "may not contain '/' or '%'")
    elif resource.store_key in _LABEL_NAMES:
        yield from dns_label_faults("metadata.name", name)
    else:
        yield from subdomain_faults("metadata.name", name)


def dns_label_faults(path: str, name: str) -> Iterator[Refusal]:
    """RFC 1123 label: at most 63 characters."""
    if len(name) > 63:
        yield faults.invalid(path, name, "must be no more than 63 bytes")
    if not LABEL.fullmatch(name):
        yield faults.invalid(path, name, LABEL_RULE)


def subdomain_faults(path: str, name: str) -> Iterator[Refusal]:
    """RFC 1123 subdomain: at most 253 characters."""
    if len(name) > 253:
        yield faults.invalid(path, name, "must be no more than 253 bytes")
    if not SUBDOMAIN.fullmatch(name):
        yield faults.invalid(path, name, SUBDOMAIN_RULE)


def label_faults(path: str, labels: Mapping[str, str]) -> Iterator[Refusal]:
    """Keys and values of labels."""
    for key, item in labels.items():
        yield from qualified_name_faults(path, key)
        if len(item) > 63:
            yield faults.invalid(path, item, "must be no more than 63 bytes")
        if not _LABEL_VALUE.fullmatch(item):
            yield faults.invalid(path, item, _LABEL_VALUE_RULE)


def qualified_name_faults(path: str, name: str) -> Iterator[Refusal]:
    """``domain/name`` or ``name``."""
    prefix, slash, base = name.rpartition("/")
    if slash and (not SUBDOMAIN.fullmatch(prefix) or len(prefix) > 253):
        yield faults.invalid(path, name, f"prefix part {SUBDOMAIN_RULE}")
    if len(base) > 63:
        yield faults.invalid(path, name, "name part must be no more than 63 bytes")
    if not _QUALIFIED.fullmatch(base):
        yield faults.invalid(path, name, _QUALIFIED_RULE)


def _owner_faults(owners: tuple[JsonObject, ...]) -> Iterator[Refusal]:
    controllers = [owner for owner in owners if owner.get("controller") is True]
    for i, owner in enumerate(owners):
        for key in ("apiVersion", "kind", "name", "uid"):
            if not text_at(owner, key):
                yield faults.invalid(f"metadata.ownerReferences[{i}].{key}", "", f"{key} must not be empty")
    if len(controllers) > 1:
        yield faults.invalid(
            "metadata.ownerReferences",
            list(owners),
            f'Only one reference can have Controller set to true. Found "true" in references for '
            f"{text_at(controllers[0], 'kind')}/{text_at(controllers[0], 'name')} and "
            f"{text_at(controllers[1], 'kind')}/{text_at(controllers[1], 'name')}",
        )


def metadata_change_faults(value: JsonObject, old: JsonObject) -> Iterator[Refusal]:
    """What must not change in metadata."""
    if at(old, "metadata", "deletionTimestamp") is not None:
        added = [item for item in list_at(value, "metadata", "finalizers") if item not in finalizers_of(old)]
        if added:
            yield faults.forbidden(
                "metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                f"{faults.shown(added)}",
            )
