"""Classic DRA (resource.k8s.io/v1alpha2 of Kubernetes 1.30): defaults and what must not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.device_names import driver_name_faults, duplicate_faults
from dra_sandbox.apiserver.metadata import subdomain_faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import being_deleted, objects_at, with_fields

RESERVED_FOR = 32  # v1alpha2 ResourceClaimReservedForMaxSize
NODES = 128  # v1alpha2 PodSchedulingNodeListMaxSize
HANDLES = 32  # v1alpha2 AllocationResultResourceHandlesMaxSize
HANDLE_LENGTH = 16 * 1024  # v1alpha2 ResourceHandleDataMaxSize
_MODES = ("Immediate", "WaitForFirstConsumer")
_SELECTOR_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")  # core/v1 NodeSelectorOperator


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
    """A PodSchedulingContext: names of nodes, none twice, not too many."""
    yield from _nodes_faults("spec.potentialNodes", list_at(value, "spec", "potentialNodes"))
    selected = text_at(value, "spec", "selectedNode")
    if selected:
        yield from subdomain_faults("spec.selectedNode", selected)
    claims = objects_at(value, "status", "resourceClaims")
    yield from duplicate_faults("status.resourceClaims", [text_at(claim, "name") for claim in claims], "name")
    for i, claim in enumerate(claims):
        yield from _nodes_faults(f"status.claims[{i}].unsuitableNodes", list_at(claim, "unsuitableNodes"))


def check_classic_class(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """A ResourceClass: its driver, its parameters, its nodes."""
    yield from driver_name_faults("driverName", text_at(value, "driverName"))
    yield from _reference_faults("parametersRef", object_at(value, "parametersRef"))
    yield from _selector_faults("suitableNodes", value.get("suitableNodes"))


def _nodes_faults(path: str, names: Sequence[Json]) -> Iterator[Refusal]:
    if len(names) > NODES:
        yield faults.too_long(path, NODES)
    yield from duplicate_faults(path, names)
    for i, name in enumerate(names[:NODES]):
        yield from subdomain_faults(f"{path}[{i}]", str(name))


def _reference_faults(path: str, reference: JsonObject) -> Iterator[Refusal]:
    if reference:
        for key in ("kind", "name"):
            if not text_at(reference, key):
                yield faults.required(f"{path}.{key}")


def _selector_faults(path: str, selector: Json) -> Iterator[Refusal]:
    """core/v1 NodeSelector: at least one term, and conditions that can be judged."""
    if selector is None:
        return
    terms = objects_at(selector, "nodeSelectorTerms")
    if not terms:
        yield faults.required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for i, term in enumerate(terms):
        for field in ("matchExpressions", "matchFields"):
            for j, requirement in enumerate(objects_at(term, field)):
                where = f"{path}.nodeSelectorTerms[{i}].{field}[{j}]"
                yield from _requirement_faults(where, requirement, of_fields=field == "matchFields")


def _requirement_faults(path: str, requirement: JsonObject, *, of_fields: bool) -> Iterator[Refusal]:
    operator, values = text_at(requirement, "operator"), list_at(requirement, "values")
    if of_fields and text_at(requirement, "key") != "metadata.name":
        yield faults.invalid(f"{path}.key", text_at(requirement, "key"), "not a valid field selector key")
    if operator in ("In", "NotIn"):
        if of_fields and len(values) != 1:
            yield faults.required(
                f"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            )
        elif not values:
            yield faults.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif of_fields or operator not in _SELECTOR_OPERATORS:
        yield faults.invalid(f"{path}.operator", operator, "not a valid selector operator")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield faults.forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield faults.required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")


def _spec_faults(path: str, spec: JsonObject, *, template: bool = False) -> Iterator[Refusal]:
    if not text_at(spec, "resourceClassName"):
        yield faults.required(f"{path}.resourceClassName")
    mode = text_at(spec, "allocationMode")
    if mode not in _MODES and not (template and not mode):
        yield faults.not_supported(f"{path}.allocationMode", mode, _MODES)
    yield from _reference_faults(f"{path}.parametersRef", object_at(spec, "parametersRef"))


def _status_faults(claim: JsonObject, status: JsonObject, before: JsonObject) -> Iterator[Refusal]:
    reserved, allocation = objects_at(status, "reservedFor"), status.get("allocation")
    if len(reserved) > RESERVED_FOR:
        yield faults.too_many("status.reservedFor", len(reserved), RESERVED_FOR)
    for i, consumer in enumerate(reserved):
        for key in ("resource", "name", "uid"):
            if not text_at(consumer, key):
                yield faults.required(f"status.reservedFor[{i}].{key}")
    yield from duplicate_faults("status.reservedFor", [text_at(consumer, "uid") for consumer in reserved])
    if reserved and allocation is None:
        yield faults.forbidden("status.reservedFor", "may not be specified when `allocated` is not set")
    added = [one for one in reserved if one not in objects_at(before, "reservedFor")]
    if added and (being_deleted(claim) or status.get("deallocationRequested") is True):
        yield faults.forbidden(
            "status.reservedFor",
            "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set",
        )
    shareable = isinstance(allocation, Mapping) and allocation.get("shareable") is True
    if len(reserved) > 1 and allocation is not None and not shareable:
        yield faults.forbidden("status.reservedFor", "may not be reserved more than once")
    if text_at(status, "driverName"):
        yield from driver_name_faults("status.driverName", text_at(status, "driverName"))
    if allocation is not None:
        yield from _selector_faults("status.allocation.availableOnNodes", at(allocation, "availableOnNodes"))
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
            if text_at(handle, "driverName"):
                yield from driver_name_faults(
                    f"status.allocation.resourceHandles[{i}].driverName", text_at(handle, "driverName")
                )
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
