"""The API server's rules for claims, templates, classes and taint rules (resource.k8s.io, Kubernetes 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.allocation.selectors import Questions
from dra_core.planning import lint_values as values
from dra_core.planning.lint_values import MOST_IN_LIST, wrong
from dra_core.refusal import Refusal
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.resource_claim import (
    CapacityRequirements,
    DeviceClaim,
    DeviceConstraint,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
    ResourceClaimTemplate,
)

MOST_ALTERNATIVES = 8
MOST_TOLERATIONS = 16
MOST_DEVICES = 32  # AllocationResultsMaxSize
MOST_CONSUMERS = 256
MOST_DERIVED = 32  # attributes


def class_faults(item: DeviceClass, questions: Questions) -> Iterator[Refusal]:
    """A DeviceClass."""
    yield from values.subdomain(item.metadata.name, "metadata.name")
    yield from values.selectors(item.spec.selectors, "spec", questions)
    yield from values.too_many(item.spec.config, MOST_IN_LIST, "spec.config")
    for i, configuration in enumerate(item.spec.config):
        yield from values.opaque(configuration.opaque, f"spec.config[{i}]")
    name = item.spec.extended_resource_name
    if name is not None:
        domain, slash, _ = name.partition("/")
        if not slash or domain.endswith("kubernetes.io") or name.startswith("requests."):
            hint = "write it as domain/name, the domain being yours"
            yield wrong("spec.extendedResourceName", f'"{name}" is not the name of an extended resource', hint)
        else:
            yield from values.label_key(name, "spec.extendedResourceName")


def rule_faults(item: DeviceTaintRule) -> Iterator[Refusal]:
    """A DeviceTaintRule."""
    yield from values.subdomain(item.metadata.name, "metadata.name")
    yield from values.taint(item.spec.taint, "spec.taint")
    selector = item.spec.device_selector
    if selector is not None:
        if selector.driver is not None:
            yield from values.driver_name(selector.driver, "spec.deviceSelector.driver")
        if selector.pool is not None:
            yield from values.pool_name(selector.pool, "spec.deviceSelector.pool")
        if selector.device is not None:
            yield from values.dns_label(selector.device, "spec.deviceSelector.device")


def template_faults(item: ResourceClaimTemplate, questions: Questions) -> Iterator[Refusal]:
    """A ResourceClaimTemplate."""
    yield from values.subdomain(item.metadata.name, "metadata.name")
    yield from spec_faults(item.spec.spec, "spec.spec", questions)


def claim_faults(item: ResourceClaim, questions: Questions) -> Iterator[Refusal]:
    """A ResourceClaim with its status."""
    yield from values.subdomain(item.metadata.name, "metadata.name")
    yield from spec_faults(item.spec, "spec", questions)
    status = item.status
    yield from values.too_many(status.reserved_for, MOST_CONSUMERS, "status.reservedFor")
    if status.reserved_for and status.allocation is None:
        yield wrong("status.reservedFor", "a claim without an allocation cannot be reserved")
    yield from values.twice([consumer.uid for consumer in status.reserved_for], "status.reservedFor", ".uid")
    results = status.allocation.devices.results if status.allocation is not None else ()
    allocated = {(result.driver, result.pool, result.device, result.share_id) for result in results}
    for i, device in enumerate(status.devices):
        if (device.driver, device.pool, device.device, device.share_id) not in allocated:
            seen = f"{device.driver}/{device.pool}/{device.device} is not allocated to the claim"
            yield wrong(f"status.devices[{i}]", seen)
    known = request_names(item.spec.devices)
    yield from values.too_many(results, MOST_DEVICES, "status.allocation.devices.results")
    for i, result in enumerate(results):
        if result.request not in known:
            path = f"status.allocation.devices.results[{i}].request"
            yield wrong(path, f'the claim has no request "{result.request}"', code="UnknownRequest")


def request_names(devices: DeviceClaim) -> set[str]:
    """Names that results may have: plain requests, and alternatives as ``list/alternative``."""
    names: set[str] = set()
    for request in devices.requests:
        if request.first_available:
            names |= {f"{request.name}/{item.name}" for item in request.first_available}
        else:
            names.add(request.name)
    return names


def spec_faults(spec: ResourceClaimSpec, path: str, questions: Questions) -> Iterator[Refusal]:
    """The spec of a claim."""
    devices, where = spec.devices, f"{path}.devices"
    yield from values.too_many(devices.requests, MOST_IN_LIST, f"{where}.requests")
    yield from values.too_many(devices.constraints, MOST_IN_LIST, f"{where}.constraints")
    yield from values.too_many(devices.config, MOST_IN_LIST, f"{where}.config")
    yield from values.twice([request.name for request in devices.requests], f"{where}.requests")
    least = 0
    for i, request in enumerate(devices.requests):
        yield from _request(request, f"{where}.requests[{i}]", questions)
        least += min(
            (_count(item) for item in (request.exactly, *request.first_available) if item is not None), default=0
        )
    if least > MOST_DEVICES:
        yield wrong(f"{where}.requests", f"{least} devices are asked for, {MOST_DEVICES} are the most for a claim")
    known = {request.name for request in devices.requests} | request_names(devices)
    for i, constraint in enumerate(devices.constraints):
        yield from _constraint(constraint, f"{where}.constraints[{i}]", known)
    yield from _unused(devices, where)
    for i, configuration in enumerate(devices.config):
        yield from _known_requests(configuration.requests, f"{where}.config[{i}].requests", known)
        yield from values.opaque(configuration.opaque, f"{where}.config[{i}]")


def _unused(devices: DeviceClaim, path: str) -> Iterator[Refusal]:
    """Derived attributes are for constraints; each has one that names it and concerns its request."""
    asked = {
        (name, constraint.match_attribute or constraint.distinct_attribute)
        for constraint in devices.constraints
        for name in constraint.requests or ("",)
    }
    for i, request in enumerate(devices.requests):
        items: list[tuple[str, str, ExactDeviceRequest | DeviceSubRequest]] = [
            (f"firstAvailable[{k}]", f"{request.name}/{item.name}", item)
            for k, item in enumerate(request.first_available)
        ]
        if request.exactly is not None:
            items.append(("exactly", request.name, request.exactly))
        for place, name, item in items:
            for k, derived in enumerate(item.derived_attributes):
                if not {("", derived.name), (request.name, derived.name), (name, derived.name)} & asked:
                    where = f"{path}.requests[{i}].{place}.derivedAttributes[{k}].name"
                    yield wrong(where, f"no constraint on the request uses {derived.name}", "leave it out")


def _count(item: ExactDeviceRequest | DeviceSubRequest) -> int:
    return item.count or 0 if item.allocation_mode == "ExactCount" else 1


def _request(request: DeviceRequest, path: str, questions: Questions) -> Iterator[Refusal]:
    yield from values.dns_label(request.name, f"{path}.name")
    if (request.exactly is None) == (not request.first_available):
        seen = "neither exactly nor firstAvailable is set" if request.exactly is None else "both are set"
        yield wrong(path, seen, "set one of exactly and firstAvailable")
    if request.exactly is not None:
        yield from _item(request.exactly, f"{path}.exactly", questions)
    yield from values.too_many(request.first_available, MOST_ALTERNATIVES, f"{path}.firstAvailable")
    yield from values.twice([item.name for item in request.first_available], f"{path}.firstAvailable")
    for i, item in enumerate(request.first_available):
        yield from values.dns_label(item.name, f"{path}.firstAvailable[{i}].name")
        yield from _item(item, f"{path}.firstAvailable[{i}]", questions)


def _item(item: ExactDeviceRequest | DeviceSubRequest, path: str, questions: Questions) -> Iterator[Refusal]:
    yield from values.subdomain(item.device_class_name, f"{path}.deviceClassName")
    yield from values.selectors(item.selectors, path, questions)
    if item.allocation_mode not in ("ExactCount", "All"):
        yield wrong(
            f"{path}.allocationMode", f'"{item.allocation_mode}" is not one of ExactCount, All', code="NotAllowed"
        )
    elif item.allocation_mode == "ExactCount" and (item.count or 0) < 1:
        yield wrong(f"{path}.count", f"{item.count} is less than 1", "ask for at least one device")
    elif item.allocation_mode == "All" and item.count:
        yield wrong(f"{path}.count", "a count means nothing when all devices are asked for", "leave it out")
    yield from values.too_many(item.tolerations, MOST_TOLERATIONS, f"{path}.tolerations")
    for i, toleration in enumerate(item.tolerations):
        yield from _toleration(toleration, f"{path}.tolerations[{i}]")
    if item.capacity is not None:
        yield from _capacity(item.capacity, f"{path}.capacity.requests")
    yield from values.too_many(item.derived_attributes, MOST_DERIVED, f"{path}.derivedAttributes")
    yield from values.twice([derived.name for derived in item.derived_attributes], f"{path}.derivedAttributes")
    for i, derived in enumerate(item.derived_attributes):
        where = f"{path}.derivedAttributes[{i}]"
        yield from values.qualified_name(derived.name, f"{where}.name", domain_needed=True)
        failure = questions.compiles(derived.expression)
        if failure is not None:
            seen = f"the expression does not compile: {failure.text}"
            yield wrong(f"{where}.expression", seen, code="ExpressionNotCompiling")


def _capacity(capacity: CapacityRequirements, path: str) -> Iterator[Refusal]:
    for name, text in capacity.requests.items():
        yield from values.qualified_name(name, f"{path}.{name}")
        amount = values.quantity(text, f"{path}.{name}")
        if isinstance(amount, Refusal):
            yield amount
        elif amount.nanos < 0:
            yield wrong(f"{path}.{name}", f"{text} is negative")


def _toleration(item: DeviceToleration, path: str) -> Iterator[Refusal]:
    if item.key:
        yield from values.label_key(item.key, f"{path}.key")
    match item.operator:
        case "Exists":
            if item.value:
                yield wrong(f"{path}.value", "a value means nothing with the operator Exists", "leave it out")
        case "Equal":
            yield from values.label_value(item.value, f"{path}.value")
        case _:
            yield wrong(f"{path}.operator", f'"{item.operator}" is not one of Equal, Exists', code="NotAllowed")
    if item.effect not in ("", *values.EFFECTS):
        yield wrong(f"{path}.effect", f'"{item.effect}" is not one of {", ".join(values.EFFECTS)}', code="NotAllowed")


def _constraint(item: DeviceConstraint, path: str, known: set[str]) -> Iterator[Refusal]:
    yield from _known_requests(item.requests, f"{path}.requests", known)
    given = [name for name in ("match_attribute", "distinct_attribute") if getattr(item, name) is not None]
    if len(given) != 1:
        yield wrong(path, f"{'none' if not given else 'both'} is set", "set one of matchAttribute, distinctAttribute")
    if item.match_attribute is not None:
        yield from values.qualified_name(item.match_attribute, f"{path}.matchAttribute", domain_needed=True)
    if item.distinct_attribute is not None:
        yield from values.qualified_name(item.distinct_attribute, f"{path}.distinctAttribute", domain_needed=True)


def _known_requests(names: Sequence[str], path: str, known: set[str]) -> Iterator[Refusal]:
    yield from values.too_many(names, MOST_IN_LIST, path)
    for i, name in enumerate(names):
        if name not in known:
            hint = f"there are {', '.join(sorted(known)) or 'none'}"
            yield wrong(f"{path}[{i}]", f'the claim has no request "{name}"', hint, "UnknownRequest")
    yield from values.twice(names, path, "")
