"""Claims as the search wants them: one flat record per request or alternative, with what is wrong with it beforehand.

Nothing here looks at devices; a claim is read once and then tried on as many nodes as there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dra_core.allocation.features import Features, Variant
from dra_core.allocation.selectors import Failure, Questions
from dra_core.snapshot.device_class import DeviceClass, DeviceSelector
from dra_core.snapshot.quantity import Quantity, parse
from dra_core.snapshot.resource_claim import (
    DeviceConstraint,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
)

MOST_RESULTS = 32  # resource/v1 AllocationResultsMaxSize


class Condition(msgspec.Struct, frozen=True):
    """One selector: its expression, and how messages begin that blame it (``class x: selector #0``)."""

    expression: str
    blame: str
    of_class: bool
    failure: Failure | None


class Request(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request, or one alternative of a prioritised list.

    Attributes:
        name: Its own name; for an alternative the alternative's.
        full_name: As results name it: ``request`` or ``request/alternative``.
        parent: The list's name, "" outside of lists.
        error: Why it can be allocated nowhere; "" if nothing is known against it.
        all_devices: Mode All instead of ExactCount.
        count: How many devices; 0 with ``all_devices``.
        capacity: The amounts asked for; None if nothing is said about capacity.
        derived: Expression by name of derived attribute.
    """

    claim: int
    name: str
    full_name: str
    parent: str
    error: str = ""
    device_class: DeviceClass | None = None
    conditions: tuple[Condition, ...] = ()
    all_devices: bool = False
    count: int = 0
    admin: bool = False
    tolerations: tuple[DeviceToleration, ...] = ()
    capacity: Mapping[str, Quantity] | None = None
    derived: Mapping[str, str] = {}


class ReadClaim(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A claim: per request its alternatives (one for a plain request).

    ``errors[i]`` is what stops request i before its alternatives are looked at; ``constraint_error`` comes after all.
    """

    record: ResourceClaim
    label: str
    requests: tuple[tuple[Request, ...], ...]
    listed: tuple[bool, ...]
    errors: tuple[str, ...]
    constraints: tuple[DeviceConstraint, ...]
    constraint_error: str


def read_claims(
    claims: Sequence[ResourceClaim], classes: Mapping[str, DeviceClass], features: Features, questions: Questions
) -> tuple[ReadClaim, ...]:
    """Read claims that are to be allocated together."""
    return tuple(_read(claim, i, classes, features, questions) for i, claim in enumerate(claims))


def label_of(claim: ResourceClaim) -> str:
    """``namespace/name``, as messages name a claim."""
    metadata = claim.metadata
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name


def _read(
    claim: ResourceClaim, number: int, classes: Mapping[str, DeviceClass], features: Features, questions: Questions
) -> ReadClaim:
    label = label_of(claim)
    devices = claim.spec.devices
    requests: list[tuple[Request, ...]] = []
    for request in devices.requests:
        if request.first_available:
            items: tuple[ExactDeviceRequest | DeviceSubRequest, ...] = request.first_available
        else:
            items = (request.exactly or ExactDeviceRequest(device_class_name=""),)
        requests.append(tuple(_request(item, request, number, label, classes, features, questions) for item in items))
    return ReadClaim(
        record=claim,
        label=label,
        requests=tuple(requests),
        listed=tuple(bool(request.first_available) for request in devices.requests),
        errors=tuple(_gate_error(request, label, features) for request in devices.requests),
        constraints=devices.constraints,
        constraint_error=_constraint_error(devices.constraints, label, features),
    )


def _gate_error(request: DeviceRequest, label: str, features: Features) -> str:
    """What the request uses that is not enabled; the stable variant does not look at capacity."""
    if request.first_available and not features.prioritized_list:
        return f"claim {label}, request {request.name}: has subrequests, but the DRAPrioritizedList feature is disabled"
    if features.consumable_capacity or features.variant is Variant.STABLE:
        return ""
    disabled = "has capacity requests, but the DRAConsumableCapacity feature is disabled"
    if request.exactly is not None and request.exactly.capacity is not None:
        return f"claim {label}, request {request.name}: {disabled}"
    for item in request.first_available:
        if item.capacity is not None:
            return f"claim {label}, subrequest {item.name}: {disabled}"
    return ""


def _constraint_error(constraints: Sequence[DeviceConstraint], label: str, features: Features) -> str:
    for i, constraint in enumerate(constraints):
        if constraint.match_attribute is not None:
            continue
        if constraint.distinct_attribute is None or features.variant is Variant.STABLE:
            return f"claim {label}, constraint #{i}: empty constraint (unsupported constraint type?)"
    return ""


def _request(
    item: ExactDeviceRequest | DeviceSubRequest,
    request: DeviceRequest,
    number: int,
    label: str,
    classes: Mapping[str, DeviceClass],
    features: Features,
    questions: Questions,
) -> Request:
    name = item.name if isinstance(item, DeviceSubRequest) else request.name
    parent = request.name if isinstance(item, DeviceSubRequest) else ""
    admin = item.admin_access if isinstance(item, ExactDeviceRequest) else None
    device_class = classes.get(item.device_class_name)
    problem = _problem(item, admin, device_class, features)
    conditions: tuple[Condition, ...] = ()
    if device_class is not None:
        conditions = (
            *_conditions(device_class.spec.selectors, f"class {device_class.metadata.name}", True, questions),
            *_conditions(item.selectors, f"claim {label}", False, questions),
        )
    return Request(
        claim=number,
        name=name,
        full_name=f"{parent}/{name}" if parent else name,
        parent=parent,
        error=f"claim {label}, request {name}{problem}" if problem else "",
        device_class=device_class,
        conditions=conditions,
        all_devices=item.allocation_mode == "All",
        count=(item.count or 0) if item.allocation_mode == "ExactCount" else 0,
        admin=bool(admin),
        tolerations=item.tolerations,
        capacity=_amounts(item),
        derived={attribute.name: attribute.expression for attribute in item.derived_attributes},
    )


def _problem(
    item: ExactDeviceRequest | DeviceSubRequest,
    admin: bool | None,
    device_class: DeviceClass | None,
    features: Features,
) -> str:
    """What is wrong with the request, as its message goes on, in the order in which the scheduler looks."""
    if item.derived_attributes and not features.derived_attributes:
        return ": cannot handle request with derived attributes, the feature is disabled"
    for i, selector in enumerate(item.selectors):
        if selector.cel is None:
            return f", selector #{i}: CEL expression empty (unsupported selector type?)"
    if admin is not None and not features.admin_access:
        return ": admin access is requested, but the feature is disabled"
    if not item.device_class_name:
        return ": missing device class name (unsupported request type?)"
    if device_class is None:
        named = item.device_class_name
        return f': could not retrieve device class {named}: deviceclass.resource.k8s.io "{named}" not found'
    return "" if item.allocation_mode in ("ExactCount", "All") else f": unsupported count mode {item.allocation_mode}"


def _conditions(
    selectors: Sequence[DeviceSelector], blame: str, of_class: bool, questions: Questions
) -> list[Condition]:
    found: list[Condition] = []
    for i, selector in enumerate(selectors):
        expression = selector.cel.expression if selector.cel is not None else ""
        found.append(Condition(expression, f"{blame}: selector #{i}", of_class, questions.selector(expression)))
    return found


def _amounts(item: ExactDeviceRequest | DeviceSubRequest) -> Mapping[str, Quantity] | None:
    if item.capacity is None:
        return None
    parsed = {name: parse(text) for name, text in item.capacity.requests.items()}
    return {name: amount or Quantity(0) for name, amount in parsed.items()}
