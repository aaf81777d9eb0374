"""ResourceClaim, ResourceClaimTemplate and DeviceClass (resource.k8s.io/v1): defaults, limits and immutability.

Source of the limits: k8s.io/api/resource/v1 types.go and pkg/apis/resource/validation of 1.37.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from dra_core.cel.environment import EXPRESSION_LENGTH, Environment
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at, thaw

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.device_names import (
    driver_name_faults,
    duplicate_faults,
    qualified_faults,
    request_name_faults,
    size_faults,
)
from dra_sandbox.apiserver.device_taints import toleration_faults
from dra_sandbox.apiserver.metadata import label_faults, subdomain_faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import objects_at, texts

REQUESTS = 32  # DeviceRequestsMaxSize
CONSTRAINTS = 32  # DeviceConstraintsMaxSize
CONFIGS = 32  # DeviceConfigMaxSize
SELECTORS = 32  # DeviceSelectorsMaxSize
ALTERNATIVES = 8  # FirstAvailableDeviceRequestMaxSize
TOLERATIONS = 16  # DeviceTolerationsMaxLength
PARAMETERS_LENGTH = 10 * 1024  # OpaqueParametersMaxLength
_MODES = ("All", "ExactCount")
_EXTENDED_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NOT_A_REFERENCE = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)


def prepared_claim(
    _resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A claim with defaults; device status goes with the allocation that it belongs to."""
    value = {**value, "spec": with_defaults(object_at(value, "spec"))}
    status = object_at(value, "status")
    if old is None or not status:
        return value
    if at(old, "status", "allocation") is not None and status.get("allocation") is None:
        status = {key: item for key, item in status.items() if key != "devices"}
    return {**value, "status": status}


def prepared_template(
    _resource: Resource, value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A template with the defaults of its claim."""
    spec = object_at(value, "spec")
    return {**value, "spec": {**spec, "spec": with_defaults(object_at(spec, "spec"))}}


def with_defaults(spec: JsonObject) -> JsonObject:
    """AllocationMode ExactCount, count 1, toleration operator Equal (pkg/apis/resource/v1/defaults.go)."""
    devices = object_at(spec, "devices")
    if "requests" not in devices:
        return {**spec, "devices": devices}
    requests: list[Json] = []
    for request in objects_at(devices, "requests"):
        changed: dict[str, Json] = dict(request)
        if isinstance(request.get("exactly"), Mapping):
            changed["exactly"] = _request_defaults(object_at(request, "exactly"))
        if request.get("firstAvailable"):
            changed["firstAvailable"] = [_request_defaults(one) for one in objects_at(request, "firstAvailable")]
        requests.append(changed)
    return {**spec, "devices": {**devices, "requests": requests}}


def _request_defaults(request: JsonObject) -> JsonObject:
    value: dict[str, Json] = dict(request)
    value["allocationMode"] = value.get("allocationMode") or "ExactCount"
    if value["allocationMode"] == "ExactCount" and not value.get("count"):
        value["count"] = 1
    if value.get("tolerations"):
        value["tolerations"] = [
            {"operator": "Equal", **toleration} for toleration in objects_at(request, "tolerations")
        ]
    return value


def check_claim(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A claim's specification, which never changes."""
    if old is None:
        yield from _spec_faults("spec.devices", object_at(value, "spec", "devices"))
    elif value.get("spec") != old.get("spec"):
        yield faults.invalid("spec", value.get("spec"), "field is immutable")


def check_template(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A template, which never changes."""
    if old is not None:
        if value.get("spec") != old.get("spec"):
            yield faults.invalid("spec", value.get("spec"), "field is immutable")
        return
    yield from label_faults("spec.metadata.labels", texts(object_at(value, "spec", "metadata", "labels")))
    yield from _spec_faults("spec.spec.devices", object_at(value, "spec", "spec", "devices"))


def check_class(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A class: selectors and configuration. Expressions that were accepted before are not checked again."""
    spec, before = object_at(value, "spec"), object_at(old or {}, "spec")
    stored = old is not None and spec.get("selectors") == before.get("selectors")
    yield from selector_faults("spec.selectors", objects_at(spec, "selectors"), stored=stored)
    configs = objects_at(spec, "config")
    yield from size_faults("spec.config", configs, CONFIGS)
    for i, config in enumerate(configs):
        yield from _opaque_faults(f"spec.config[{i}].opaque", config.get("opaque"))
    name = spec.get("extendedResourceName")
    if isinstance(name, str) and not _EXTENDED_NAME.fullmatch(name):
        yield faults.invalid("spec.extendedResourceName", name, "must be a valid extended resource name")


def request_names(devices: JsonObject) -> Mapping[str, frozenset[str]]:
    """Names of the requests of a claim, each with those of its alternatives."""
    return {
        text_at(request, "name"): frozenset(text_at(one, "name") for one in objects_at(request, "firstAvailable"))
        for request in objects_at(devices, "requests")
    }


def reference_faults(path: str, name: str, known: Mapping[str, frozenset[str]]) -> Iterator[Refusal]:
    """``request`` or ``request/subrequest``."""
    main, slash, inner = name.partition("/")
    if "/" in inner:
        yield faults.invalid(path, name, _NOT_A_REFERENCE)
        return
    yield from request_name_faults(path, main)
    if slash:
        yield from request_name_faults(path, inner)
    if main not in known or (slash and inner not in known[main]):
        yield faults.invalid(path, name, _NOT_A_REFERENCE)


def _spec_faults(path: str, devices: JsonObject) -> Iterator[Refusal]:
    requests = objects_at(devices, "requests")
    constraints, configs = objects_at(devices, "constraints"), objects_at(devices, "config")
    known = request_names(devices)
    yield from size_faults(f"{path}.requests", requests, REQUESTS)
    for i, request in enumerate(requests[:REQUESTS]):
        yield from _request_faults(f"{path}.requests[{i}]", request)
    yield from duplicate_faults(f"{path}.requests", [text_at(request, "name") for request in requests])
    yield from size_faults(f"{path}.constraints", constraints, CONSTRAINTS)
    for i, constraint in enumerate(constraints[:CONSTRAINTS]):
        yield from _constraint_faults(f"{path}.constraints[{i}]", constraint, known)
    yield from size_faults(f"{path}.config", configs, CONFIGS)
    for i, config in enumerate(configs[:CONFIGS]):
        yield from references_faults(f"{path}.config[{i}].requests", list_at(config, "requests"), known)
        yield from _opaque_faults(f"{path}.config[{i}].opaque", config.get("opaque"))


def references_faults(path: str, names: Sequence[Json], known: Mapping[str, frozenset[str]]) -> Iterator[Refusal]:
    """A list of references to requests."""
    yield from size_faults(path, names, REQUESTS)
    for i, name in enumerate(names):
        yield from reference_faults(f"{path}[{i}]", str(name), known)
    yield from duplicate_faults(path, names)


def _request_faults(path: str, request: JsonObject) -> Iterator[Refusal]:
    yield from request_name_faults(f"{path}.name", text_at(request, "name"))
    exactly, alternatives = request.get("exactly"), objects_at(request, "firstAvailable")
    if exactly is None and not alternatives:
        yield faults.required(path, "exactly one of `exactly` or `firstAvailable` is required")
    elif exactly is not None and alternatives:
        yield faults.invalid(
            path, None, "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"
        )
    elif isinstance(exactly, Mapping):
        yield from _exact_faults(f"{path}.exactly", exactly)
    else:
        yield from size_faults(f"{path}.firstAvailable", alternatives, ALTERNATIVES)
        for i, one in enumerate(alternatives[:ALTERNATIVES]):
            yield from request_name_faults(f"{path}.firstAvailable[{i}].name", text_at(one, "name"))
            yield from _exact_faults(f"{path}.firstAvailable[{i}]", one)
        yield from duplicate_faults(f"{path}.firstAvailable", [text_at(one, "name") for one in alternatives])


def _exact_faults(path: str, request: JsonObject) -> Iterator[Refusal]:
    name = text_at(request, "deviceClassName")
    if name:
        yield from subdomain_faults(f"{path}.deviceClassName", name)
    else:
        yield faults.required(f"{path}.deviceClassName")
    yield from selector_faults(f"{path}.selectors", objects_at(request, "selectors"))
    mode, count = text_at(request, "allocationMode"), at(request, "count")
    if mode not in _MODES:
        yield faults.not_supported(f"{path}.allocationMode", mode, _MODES)
    elif mode == "All" and count:
        yield faults.invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == "ExactCount" and (not isinstance(count, int) or count <= 0):
        yield faults.invalid(f"{path}.count", count, "must be greater than zero")
    tolerations = objects_at(request, "tolerations")
    yield from size_faults(f"{path}.tolerations", tolerations, TOLERATIONS)
    for i, toleration in enumerate(tolerations):
        yield from toleration_faults(f"{path}.tolerations[{i}]", toleration)
    for key in object_at(request, "capacity", "requests"):
        yield from qualified_faults(f"{path}.capacity.requests", key)


def selector_faults(path: str, selectors: Sequence[JsonObject], *, stored: bool = False) -> Iterator[Refusal]:
    """CEL expressions: their number, length and whether they are expressions over a device at all."""
    yield from size_faults(path, selectors, SELECTORS)
    for i, selector in enumerate(selectors[:SELECTORS]):
        if not isinstance(selector.get("cel"), Mapping):
            yield faults.required(f"{path}[{i}].cel")
        elif not stored:
            yield from _expression_faults(f"{path}[{i}].cel.expression", text_at(selector, "cel", "expression"))


def _expression_faults(path: str, expression: str) -> Iterator[Refusal]:
    from dra_core.cel.parser import Rejected, parse  # a large library behind it; most starts never need it

    if len(expression.encode()) > EXPRESSION_LENGTH:
        yield faults.too_long(path, EXPRESSION_LENGTH)
        return
    if not expression.strip():
        yield faults.required(path)
        return
    checked = parse(expression, Environment(stored=False))
    if isinstance(checked, Rejected):
        if not checked.missing:
            yield faults.invalid(path, expression, f"compilation failed: {checked.text}")
    elif checked.output not in ("bool", "dyn"):
        yield faults.invalid(path, expression, f"must evaluate to bool or the unknown type, not {checked.output}")


def _constraint_faults(path: str, constraint: JsonObject, known: Mapping[str, frozenset[str]]) -> Iterator[Refusal]:
    yield from references_faults(f"{path}.requests", list_at(constraint, "requests"), known)
    wanted = [key for key in ("matchAttribute", "distinctAttribute") if constraint.get(key) is not None]
    if len(wanted) != 1:
        more = ", but multiple fields are set" if wanted else ""
        yield faults.required(path, f'exactly one of "matchAttribute" or "distinctAttribute" is required{more}')
    for key in wanted:
        yield from qualified_faults(f"{path}.{key}", text_at(constraint, key), with_domain=True)


def _opaque_faults(path: str, opaque: Json) -> Iterator[Refusal]:
    if not isinstance(opaque, Mapping):
        yield faults.required(path)
        return
    yield from driver_name_faults(f"{path}.driver", text_at(opaque, "driver"))
    yield from raw_object_faults(f"{path}.parameters", opaque.get("parameters"), PARAMETERS_LENGTH)


def raw_object_faults(path: str, value: Json, most: int) -> Iterator[Refusal]:
    """A JSON object of limited length that the API server does not look into."""
    if value is None:
        yield faults.required(path)
    elif len(msgspec.json.encode(thaw(value))) > most:
        yield faults.too_long(path, most)
    elif not isinstance(value, Mapping):
        yield faults.invalid(path, "<value omitted>", "must be a valid JSON object")
