"""Classic DRA (resource.k8s.io/v1alpha2 of Kubernetes 1.30): defaults and what must not change."""

from __future__ import annotations

from collections.abc import Iterator

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import being_deleted, objects_at, with_fields

RESERVED_FOR = 32  # v1alpha2 ResourceClaimReservedForMaxSize
NODES = 128  # v1alpha2 PodSchedulingNodeListMaxSize
HANDLES = 32  # v1alpha2 AllocationResultResourceHandlesMaxSize
HANDLE_LENGTH = 16 * 1024  # v1alpha2 ResourceHandleDataMaxSize
_MODES = ("Immediate", "WaitForFirstConsumer")


def prepared_classic_claim(
    _resource: Resource, value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A claim that waits for its first consumer unless it says otherwise."""
    if text_at(value, "spec", "allocationMode"):
        return value
    return with_fields(value, ("spec",), {"allocationMode": "WaitForFirstConsumer"})


def check_classic_claim(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A claim's specification, which never changes, and its status."""
    spec, status = object_at(value, "spec"), object_at(value, "status")
    if old is None:
        yield from _spec_faults("spec", spec)
        return
    if spec != object_at(old, "spec"):
        yield faults.invalid("spec", spec, "field is immutable")
    if status != object_at(old, "status"):
        yield from _status_faults(value, status, object_at(old, "status"))


def check_classic_template(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A template, which never changes."""
    if old is None:
        yield from _spec_faults("spec.spec", object_at(value, "spec", "spec"), template=True)
    elif value.get("spec") != old.get("spec"):
        yield faults.invalid("spec", value.get("spec"), "field is immutable")


def check_scheduling(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """A PodSchedulingContext: the length of its lists."""
    nodes = object_at(value, "spec").get("potentialNodes")
    if isinstance(nodes, list | tuple) and len(nodes) > NODES:
        yield faults.too_long("spec.potentialNodes", NODES)
    for i, claim in enumerate(objects_at(value, "status", "resourceClaims")):
        unsuitable = claim.get("unsuitableNodes")
        if isinstance(unsuitable, list | tuple) and len(unsuitable) > NODES:
            yield faults.too_long(f"status.claims[{i}].unsuitableNodes", NODES)


def _spec_faults(path: str, spec: JsonObject, *, template: bool = False) -> Iterator[Refusal]:
    if not text_at(spec, "resourceClassName"):
        yield faults.required(f"{path}.resourceClassName")
    mode = text_at(spec, "allocationMode")
    if mode not in _MODES and not (template and not mode):
        yield faults.not_supported(f"{path}.allocationMode", mode, _MODES)
    reference = object_at(spec, "parametersRef")
    if reference:
        for key in ("kind", "name"):
            if not text_at(reference, key):
                yield faults.required(f"{path}.parametersRef.{key}")


def _status_faults(claim: JsonObject, status: JsonObject, before: JsonObject) -> Iterator[Refusal]:
    reserved, allocation = objects_at(status, "reservedFor"), status.get("allocation")
    if len(reserved) > RESERVED_FOR:
        yield faults.too_many("status.reservedFor", len(reserved), RESERVED_FOR)
    if reserved and allocation is None:
        yield faults.forbidden("status.reservedFor", "may not be specified when `allocated` is not set")
    added = [one for one in reserved if one not in objects_at(before, "reservedFor")]
    if added and (being_deleted(claim) or status.get("deallocationRequested") is True):
        yield faults.forbidden(
            "status.reservedFor",
            "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set",
        )
    shareable = isinstance(allocation, dict) and allocation.get("shareable") is True
    if len(reserved) > 1 and allocation is not None and not shareable:
        yield faults.forbidden("status.reservedFor", "may not be reserved more than once")
    if allocation is not None:
        if not text_at(status, "driverName"):
            yield faults.required("status.driverName", "must be specified when `allocation` is set")
        if before.get("allocation") is not None:
            for field in ("allocation", "driverName"):
                if status.get(field) != before.get(field):
                    yield faults.invalid(f"status.{field}", status.get(field), "field is immutable")
        handles = objects_at(allocation, "resourceHandles")
        if len(handles) > HANDLES:
            yield faults.too_long("status.allocation.resourceHandles", HANDLES)
        for i, handle in enumerate(handles):
            if len(text_at(handle, "data")) > HANDLE_LENGTH:
                yield faults.too_long(f"status.allocation.resourceHandles[{i}].data", HANDLE_LENGTH)
    if status.get("deallocationRequested") is True and allocation is None:
        yield faults.forbidden(
            "status.deallocationRequested", "deallocation cannot be requested for claims which don't have an allocation"
        )
    asked_now = status.get("deallocationRequested") is True and before.get("deallocationRequested") is not True
    if asked_now and reserved:
        yield faults.forbidden(
            "status.deallocationRequested", "deallocation cannot be requested while `reservedFor` is set"
        )
    cleared = before.get("deallocationRequested") is True and status.get("deallocationRequested") is not True
    if cleared and before.get("allocation") is not None and allocation is not None:
        yield faults.forbidden("status.deallocationRequested", "may not be cleared when `allocation` is set")
