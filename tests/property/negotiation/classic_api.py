"""The part of an API server that classic DRA stands on, with the validation of 1.30 that a driver must respect.

Versions that rise with every write, merge patches over exactly the version that was read, status apart from the rest,
finalizers, garbage collection of what is owned, an allocation that does not change, reservations that need one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from dra_core.negotiation import Kind, Name, PatchClaim, PatchClaimStatus, PatchContextStatus, PatchNodeState, Write
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at, thaw

Document: TypeAlias = dict[str, Json]

STATUS_APART = ("ResourceClaim", "PodSchedulingContext")
DRIVER_NAMESPACE = "dra-example-driver"


class ConflictError(Exception):
    """Something else is there than what was read."""


class InvalidError(Exception):
    """The API server's validation refuses the write: a fault of whoever writes."""


class ClassicApi:
    """Objects by kind and name. What is stored is replaced, never changed, so that nobody's copy changes."""

    def __init__(self) -> None:
        self.version = 0
        self.objects: dict[Kind, dict[Name, Document]] = {}

    def all_of(self, kind: Kind) -> list[JsonObject]:
        return list(self.objects.get(kind, {}).values())

    def get(self, kind: Kind, name: Name) -> JsonObject | None:
        return self.objects.get(kind, {}).get(name)

    def names(self, kind: Kind) -> list[Name]:
        return list(self.objects.get(kind, {}))

    def create(self, kind: Kind, value: JsonObject) -> JsonObject:
        made = _thawed(value)
        name = (text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name"))
        assert name not in self.objects.setdefault(kind, {}), f"{kind} {name} is there already"
        self.version += 1
        meta = {"uid": f"uid-{self.version}", **object_at(made, "metadata"), "resourceVersion": str(self.version)}
        self.objects[kind][name] = {**made, "kind": kind, "metadata": meta}
        return self.objects[kind][name]

    def delete(self, kind: Kind, name: Name) -> None:
        found = self.objects.get(kind, {}).get(name)
        if found is None:
            return
        if list_at(found, "metadata", "finalizers"):
            if not text_at(found, "metadata", "deletionTimestamp"):
                self._store(
                    kind, name, {**found, "metadata": {**object_at(found, "metadata"), "deletionTimestamp": "now"}}
                )
            return
        del self.objects[kind][name]
        self.version += 1
        uid = text_at(found, "metadata", "uid")
        for each_kind in list(self.objects):
            for each_name, each in list(self.objects[each_kind].items()):
                if any(text_at(owner, "uid") == uid for owner in list_at(each, "metadata", "ownerReferences")):
                    self.delete(each_kind, each_name)

    def patch(self, kind: Kind, name: Name, patch: JsonObject, *, status: bool = False) -> JsonObject:
        """A merge patch of an object or, with ``status``, of its status subresource."""
        old = self.objects.get(kind, {}).get(name)
        if old is None:
            raise ConflictError("there is no such object")
        for field in ("resourceVersion", "uid"):
            wanted = text_at(patch, "metadata", field)
            if wanted and wanted != text_at(old, "metadata", field):
                raise ConflictError(f"{field} is {text_at(old, 'metadata', field)}, not {wanted}")
        merged = merge(old, patch)
        assert isinstance(merged, dict)
        if kind in STATUS_APART:
            kept = "metadata" if status else "status"
            merged = {key: item for key, item in merged.items() if key != kept} | (
                {kept: old[kept]} if kept in old else {}
            )
        if kind == "ResourceClaim":
            for fault in claim_faults(old, merged):
                raise InvalidError(fault)
        if merged == old:
            return old
        self._store(kind, name, merged)
        if text_at(merged, "metadata", "deletionTimestamp") and not list_at(merged, "metadata", "finalizers"):
            self.delete(kind, name)
        return self.objects[kind].get(name, merged)

    def carry_out(self, write: Write) -> tuple[Kind, JsonObject]:
        """Carry out a controller's write."""
        match write:
            case PatchClaim(namespace=namespace, name=name, patch=patch):
                return "ResourceClaim", self.patch("ResourceClaim", (namespace, name), patch)
            case PatchClaimStatus(namespace=namespace, name=name, patch=patch):
                return "ResourceClaim", self.patch("ResourceClaim", (namespace, name), patch, status=True)
            case PatchContextStatus(namespace=namespace, name=name, patch=patch):
                return "PodSchedulingContext", self.patch("PodSchedulingContext", (namespace, name), patch, status=True)
            case PatchNodeState(name=name, patch=patch):
                return "NodeAllocationState", self.patch("NodeAllocationState", (DRIVER_NAMESPACE, name), patch)

    def _store(self, kind: Kind, name: Name, value: Document) -> None:
        self.version += 1
        meta = {**object_at(value, "metadata"), "resourceVersion": str(self.version)}
        self.objects[kind][name] = {**value, "metadata": meta}


def merge(target: Json, patch: Json) -> Json:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return thaw(patch)
    result: Document = dict(target) if isinstance(target, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), item)
    return result


def claim_faults(old: JsonObject, new: JsonObject) -> Iterator[str]:
    """ValidateResourceClaimStatusUpdate of 1.30."""
    before, after = object_at(old, "status"), object_at(new, "status")
    if old.get("spec") != new.get("spec"):
        yield "spec is immutable"
    allocation = after.get("allocation")
    if allocation is not None and not after.get("driverName"):
        yield "an allocation needs driverName"
    if allocation is not None and before.get("allocation") not in (None, allocation):
        yield "the allocation is immutable"
    if allocation is not None and before.get("driverName") not in (None, after.get("driverName")):
        yield "driverName is immutable while there is an allocation"
    uids = [text_at(one, "uid") for one in list_at(after, "reservedFor")]
    added = set(uids) - {text_at(one, "uid") for one in list_at(before, "reservedFor")}
    if uids and allocation is None:
        yield "reservedFor needs an allocation"
    if added and (after.get("deallocationRequested") or text_at(old, "metadata", "deletionTimestamp")):
        yield "nobody can be added to reservedFor"
    if len(uids) > 1 and at(allocation, "shareable") is not True:
        yield "not shareable"
    if len(uids) > 32:
        yield "reservedFor takes 32"
    if before.get("deallocationRequested") and not after.get("deallocationRequested") and allocation is not None:
        yield "deallocationRequested stays while there is an allocation"
    if after.get("deallocationRequested") and not before.get("deallocationRequested") and (uids or allocation is None):
        yield "deallocationRequested needs an allocation that nobody has reserved"


def _thawed(value: JsonObject) -> Document:
    thawed = thaw(value)
    assert isinstance(thawed, dict)
    return thawed
