"""Device taints and tolerations: defaults and validation (resource.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.metadata import label_faults, qualified_name_faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import objects_at, with_fields
from dra_sandbox.world.times import stamp

EFFECTS = ("NoExecute", "NoSchedule", "None")
_OPERATORS = ("Equal", "Exists")


def toleration_faults(path: str, toleration: JsonObject) -> Iterator[Refusal]:
    """One toleration of a request or of an allocated device."""
    key, operator = text_at(toleration, "key"), text_at(toleration, "operator")
    if key:
        yield from qualified_name_faults(f"{path}.key", key)
    if operator not in _OPERATORS:
        yield faults.not_supported(f"{path}.operator", operator, _OPERATORS)
    elif operator == "Exists" and text_at(toleration, "value"):
        yield faults.invalid(f"{path}.value", text_at(toleration, "value"), "must be empty for operator `Exists`")
    elif operator == "Equal" and text_at(toleration, "value"):
        yield from label_faults(f"{path}.value", {"value": text_at(toleration, "value")})
    effect = text_at(toleration, "effect")
    if effect and effect not in EFFECTS:
        yield faults.not_supported(f"{path}.effect", effect, EFFECTS)


def taint_faults(path: str, taint: JsonObject) -> Iterator[Refusal]:
    """One taint of a device or a rule."""
    key, value, effect = text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")
    if key:
        yield from qualified_name_faults(f"{path}.key", key)
    else:
        yield faults.required(f"{path}.key")
    if value:
        yield from label_faults(f"{path}.value", {"value": value})
    if not effect:
        yield faults.required(f"{path}.effect")
    elif effect not in EFFECTS:
        yield faults.not_supported(f"{path}.effect", effect, EFFECTS)


def dated(taint: JsonObject, circumstances: Circumstances) -> JsonObject:
    """The taint with the time it was added, which is now unless it says otherwise."""
    return taint if taint.get("timeAdded") else {**taint, "timeAdded": stamp(circumstances.now)}


def prepared_rule(
    _resource: Resource, value: JsonObject, old: JsonObject | None, circumstances: Circumstances
) -> JsonObject:
    """A DeviceTaintRule: a changed effect counts from now."""
    if not object_at(value, "spec", "taint"):
        return value
    taint, before = dict(object_at(value, "spec", "taint")), object_at(old or {}, "spec", "taint")
    same_time = taint.get("timeAdded") == before.get("timeAdded")
    if old is not None and same_time and taint.get("effect") != before.get("effect"):
        taint.pop("timeAdded", None)
    return with_fields(value, ("spec",), {"taint": dated(taint, circumstances)})


def check_rule(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """The taint of a DeviceTaintRule, and the number of its conditions."""
    yield from taint_faults("spec.taint", object_at(value, "spec", "taint"))
    conditions = objects_at(value, "status", "conditions")
    if len(conditions) > 8:
        yield faults.too_many("status.conditions", len(conditions), 8)
