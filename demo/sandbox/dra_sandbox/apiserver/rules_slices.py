"""ResourceSlice (resource.k8s.io/v1): limits, unions and immutability (pkg/apis/resource/validation, 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from dra_core.snapshot.semantic_version import parse as parse_version

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.device_names import (
    driver_name_faults,
    duplicate_faults,
    pool_name_faults,
    qualified_faults,
    required_label_faults,
    size_faults,
)
from dra_sandbox.apiserver.device_taints import dated, taint_faults
from dra_sandbox.apiserver.metadata import subdomain_faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules_capacity import capacity_faults
from dra_sandbox.apiserver.rules_claim_status import binding_faults
from dra_sandbox.world.objects import objects_at, with_fields

DEVICES = 128  # ResourceSliceMaxDevices
SPECIAL_DEVICES = 64  # ResourceSliceMaxDevicesWithAdvancedFeatures
COUNTER_SETS = 8  # ResourceSliceMaxCounterSets
COUNTERS_PER_SET = 32  # ResourceSliceMaxCountersPerCounterSet
CONSUMED_SETS = 2  # ResourceSliceMaxDeviceCounterConsumptionsPerDevice
CONSUMED_COUNTERS = 32  # ResourceSliceMaxCountersPerDeviceCounterConsumption
ATTRIBUTES_AND_CAPACITIES = 32  # ResourceSliceMaxAttributesAndCapacitiesPerDevice
ATTRIBUTE_VALUES = 48  # ResourceSliceMaxAttributeValuesPerDevice
VALUE_LENGTH = 64  # DeviceAttributeMaxValueLength
TAINTS = 16  # DeviceTaintsMaxLength
COMPATIBILITY_GROUPS = 2  # DeviceCounterConsumption.compatibilityGroups
_LISTS = ("bools", "ints", "strings", "versions")
_VALUES = ("bool", "int", "string", "version", *_LISTS)
_SKIPPABLE = ("*", "NodePrepareResources", "NodeUnprepareResources")
_SELECTIONS = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")


def prepared_slice(
    _resource: Resource, value: JsonObject, _old: JsonObject | None, circumstances: Circumstances
) -> JsonObject:
    """A slice whose taints all say since when."""
    devices = objects_at(value, "spec", "devices")
    if not any(device.get("taints") for device in devices):
        return value
    changed: list[Json] = [
        {**device, "taints": [dated(taint, circumstances) for taint in objects_at(device, "taints")]}
        if device.get("taints")
        else device
        for device in devices
    ]
    return with_fields(value, ("spec",), {"devices": changed})


def check_slice(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A slice."""
    spec, before = object_at(value, "spec"), object_at(old or {}, "spec")
    if old is not None and spec == before:
        return
    if old is not None:
        for path in (("driver",), ("pool", "name"), ("nodeName",)):
            if at(spec, *path) != at(before, *path):
                yield faults.invalid(f"spec.{'.'.join(path)}", at(spec, *path), "field is immutable")
    yield from driver_name_faults("spec.driver", text_at(spec, "driver"))
    yield from _pool_faults(object_at(spec, "pool"))
    yield from _selection_faults(spec)
    devices, sets = objects_at(spec, "devices"), objects_at(spec, "sharedCounters")
    if devices and sets:
        yield faults.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed")
    most = SPECIAL_DEVICES if any(_is_special(device) for device in devices) else DEVICES
    yield from size_faults("spec.devices", devices, most)
    per_device = spec.get("perDeviceNodeSelection") is True
    for i, device in enumerate(devices[:most]):
        yield from _device_faults(f"spec.devices[{i}]", device, per_device=per_device)
    yield from duplicate_faults("spec.devices", [text_at(device, "name") for device in devices])
    yield from _counter_set_faults(sets)
    yield from skip_faults("spec.skipNodeOperations", list_at(spec, "skipNodeOperations"))
    yield from _partition_type_faults(spec, devices)


def _pool_faults(pool: JsonObject) -> Iterator[Refusal]:
    yield from pool_name_faults("spec.pool.name", text_at(pool, "name"))
    count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
    if not isinstance(count, int) or count <= 0:
        yield faults.invalid("spec.pool.resourceSliceCount", count, "must be greater than zero")
    if not isinstance(generation, int) or generation < 0:
        yield faults.invalid("spec.pool.generation", generation, "must be greater than or equal to zero")


def _selection_faults(spec: JsonObject) -> Iterator[Refusal]:
    """Exactly one way to say on which nodes the devices are."""
    chosen = []
    for key in _SELECTIONS:
        value = spec.get(key)
        if value is None:
            continue
        if key in ("allNodes", "perDeviceNodeSelection") and value is not True:
            yield faults.invalid(f"spec.{key}", value, "must be either unset or set to true")
        elif key == "nodeName" and not value:
            yield faults.invalid("spec.nodeName", value, "must be either unset or set to a non-empty string")
        else:
            chosen.append(f"`{key}`")
    if spec.get("nodeName"):
        yield from subdomain_faults("spec.nodeName", text_at(spec, "nodeName"))
    if spec.get("nodeSelector") is not None:
        terms = list_at(spec, "nodeSelector", "nodeSelectorTerms")
        if len(terms) != 1:
            yield faults.invalid(
                "spec.nodeSelector.nodeSelectorTerms", terms, "must have exactly one node selector term"
            )
    one_of = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
    if not chosen:
        yield faults.required("spec", one_of)
    elif len(chosen) > 1:
        yield faults.invalid("spec", f"{{{', '.join(chosen)}}}", f"{one_of}, but multiple fields are set")


def _is_special(device: JsonObject) -> bool:
    return bool(
        device.get("taints")
        or device.get("consumesCounters")
        or any(
            key in attribute
            for attribute in object_at(device, "attributes").values()
            if isinstance(attribute, dict)
            for key in _LISTS
        )
    )


def _device_faults(path: str, device: JsonObject, *, per_device: bool) -> Iterator[Refusal]:
    yield from required_label_faults(f"{path}.name", text_at(device, "name"))
    attributes, capacity = object_at(device, "attributes"), object_at(device, "capacity")
    together = len(attributes) + len(capacity)
    if together > ATTRIBUTES_AND_CAPACITIES:
        yield faults.invalid(
            path,
            together,
            f"the total number of attributes and capacities must not exceed {ATTRIBUTES_AND_CAPACITIES}",
        )
    values = sum(sum(len(list_at(attribute, key)) for key in _LISTS) or 1 for attribute in attributes.values())
    if values > ATTRIBUTE_VALUES:
        yield faults.invalid(path, values, f"the total number of attribute values must not exceed {ATTRIBUTE_VALUES}")
    for name in attributes:
        yield from qualified_faults(f"{path}.attributes", name)
        yield from _attribute_faults(f"{path}.attributes[{name}]", object_at(attributes, name))
    for name in capacity:
        yield from qualified_faults(f"{path}.capacity", name)
        yield from capacity_faults(
            f"{path}.capacity[{name}]",
            object_at(capacity, name),
            multiple=device.get("allowMultipleAllocations") is True,
        )
    taints = objects_at(device, "taints")
    yield from size_faults(f"{path}.taints", taints, TAINTS)
    for i, taint in enumerate(taints[:TAINTS]):
        yield from taint_faults(f"{path}.taints[{i}]", taint)
    yield from _consumption_faults(f"{path}.consumesCounters", objects_at(device, "consumesCounters"))
    yield from _device_selection_faults(path, device, per_device=per_device)
    yield from binding_faults(path, device)


def _attribute_faults(path: str, attribute: JsonObject) -> Iterator[Refusal]:
    given = [key for key in _VALUES if attribute.get(key) is not None]
    for key in given:
        value = attribute[key]
        if key in _LISTS and not value:
            yield faults.invalid(f"{path}.{key}", value, "must not be empty if specified")
        inner = list_at(attribute, key) if key in _LISTS else [value]
        for i, item in enumerate(inner):
            if isinstance(item, str):
                where = f"{path}.{key}[{i}]" if key in _LISTS else f"{path}.{key}"
                yield from _text_faults(where, item, version=key.startswith("version"))
    if len(given) != 1:
        yield faults.invalid(path, attribute if given else "", "exactly one value must be specified")


def _text_faults(path: str, text: str, *, version: bool) -> Iterator[Refusal]:
    if version and isinstance(parse_version(text), str):
        yield faults.invalid(path, text, "must be a string compatible with semver.org spec 2.0.0")
    if len(text.encode()) > VALUE_LENGTH:
        yield faults.too_long(path, VALUE_LENGTH)


def _consumption_faults(path: str, consumptions: tuple[JsonObject, ...]) -> Iterator[Refusal]:
    yield from size_faults(path, consumptions, CONSUMED_SETS)
    for i, consumption in enumerate(consumptions[:CONSUMED_SETS]):
        yield from required_label_faults(f"{path}[{i}].counterSet", text_at(consumption, "counterSet"))
        yield from _counters_faults(f"{path}[{i}].counters", object_at(consumption, "counters"), CONSUMED_COUNTERS)
        groups = list_at(consumption, "compatibilityGroups")
        yield from size_faults(f"{path}[{i}].compatibilityGroups", groups, COMPATIBILITY_GROUPS)
    yield from duplicate_faults(path, [text_at(consumption, "counterSet") for consumption in consumptions])


def _counter_set_faults(sets: tuple[JsonObject, ...]) -> Iterator[Refusal]:
    path = "spec.sharedCounters"
    yield from size_faults(path, sets, COUNTER_SETS)
    for i, one in enumerate(sets[:COUNTER_SETS]):
        yield from required_label_faults(f"{path}[{i}].name", text_at(one, "name"))
        yield from _counters_faults(f"{path}[{i}].counters", object_at(one, "counters"), COUNTERS_PER_SET)
    yield from duplicate_faults(path, [text_at(one, "name") for one in sets])


def _counters_faults(path: str, counters: JsonObject, most: int) -> Iterator[Refusal]:
    if not counters:
        yield faults.required(path)
    if len(counters) > most:
        yield faults.too_many(path, len(counters), most)
        return
    for name in counters:
        yield from required_label_faults(path, name)


def _device_selection_faults(path: str, device: JsonObject, *, per_device: bool) -> Iterator[Refusal]:
    chosen = [f"`{key}`" for key in _SELECTIONS[:3] if device.get(key) is not None]
    if not per_device:
        if chosen:
            yield faults.invalid(
                path,
                None,
                "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true "
                "in the ResourceSlice spec",
            )
        return
    if device.get("allNodes") is False:
        yield faults.invalid(f"{path}.allNodes", False, "must be either unset or set to true")
    one_of = (
        "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to "
        "true in the ResourceSlice spec"
    )
    if not chosen:
        yield faults.required(path, one_of)
    elif len(chosen) > 1:
        yield faults.invalid(path, f"{{{', '.join(chosen)}}}", one_of)


def skip_faults(path: str, operations: Sequence[Json]) -> Iterator[Refusal]:
    """skipNodeOperations: prepare can only be left out together with unprepare."""
    for i, operation in enumerate(operations):
        if operation not in _SKIPPABLE:
            yield faults.not_supported(f"{path}[{i}]", operation, _SKIPPABLE)
    yield from duplicate_faults(path, operations)
    both = "*" in operations or "NodeUnprepareResources" in operations
    if "NodePrepareResources" in operations and not both:
        yield faults.invalid(
            path, operations, "NodePrepareResources cannot be skipped unless NodeUnprepareResources is also skipped"
        )


def _partition_type_faults(spec: JsonObject, devices: tuple[JsonObject, ...]) -> Iterator[Refusal]:
    """An attribute that names the type of a partition: a text on every device that consumes counters."""
    name = text_at(spec, "partitionTypeAttribute")
    if not name:
        return
    path = "spec.partitionTypeAttribute"
    if not any(device.get("consumesCounters") for device in devices):
        yield faults.invalid(path, name, "may only be set on a slice which declares devices that consume counters")
        return
    yield from qualified_faults(path, name, with_domain=True)
    bare = name.removeprefix(f"{text_at(spec, 'driver')}/")
    for i, device in enumerate(devices):
        attributes = object_at(device, "attributes")
        attribute = attributes.get(name) or attributes.get(bare)
        if not device.get("consumesCounters"):
            continue
        if attribute is None:
            yield faults.required(
                f"spec.devices[{i}].attributes[{name}]",
                "device consumes counters and `partitionTypeAttribute` names this attribute, so it must be set",
            )
        elif not isinstance(at(attribute, "string"), str):
            yield faults.invalid(
                f"spec.devices[{i}].attributes[{name}]",
                attribute,
                "must be a string value because `partitionTypeAttribute` names this attribute",
            )
