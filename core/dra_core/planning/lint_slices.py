"""The API server's rules for ResourceSlices, and the scheduler's for their pools (Kubernetes 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dra_core.allocation.node_selector_faults import selector_faults
from dra_core.planning import lint_values as values
from dra_core.planning.lint_capacity import amount_faults, capacity_faults
from dra_core.planning.lint_values import wrong
from dra_core.publication.limits import limits_of
from dra_core.refusal import Refusal
from dra_core.snapshot import semantic_version
from dra_core.snapshot.device import Counter, Device, DeviceAttribute, NodeAllocatableResource
from dra_core.snapshot.node_selector import NodeSelector
from dra_core.snapshot.resource_slice import ResourceSlice, ResourceSliceSpec
from dra_core.snapshot.semantic_version import SemanticVersion

LIMITS = limits_of(37)
MOST_ATTRIBUTES = 32  # attributes and capacities of a device together
MOST_VALUES = 48  # attribute values of a device, items of lists included
MOST_TEXT = 64  # bytes of a text or version attribute
MOST_TAINTS = 16
MOST_CONDITIONS = 4
MOST_COUNTERS_DRAWN = 32  # of one set
MOST_GROUPS = 2
SKIPPED = ("NodePrepareResources", "NodeUnprepareResources", "*")
_LISTS = ("ints_value", "bools_value", "strings_value", "versions_value")
_PLACES = ("nodeName", "nodeSelector", "allNodes")


def slice_faults(item: ResourceSlice) -> Iterator[Refusal]:
    """One slice by itself."""
    spec = item.spec
    yield from values.subdomain(item.metadata.name, "metadata.name")
    yield from values.driver_name(spec.driver, "spec.driver")
    yield from values.pool_name(spec.pool.name, "spec.pool.name")
    if spec.pool.resource_slice_count < 1:
        yield wrong("spec.pool.resourceSliceCount", f"{spec.pool.resource_slice_count} is less than 1")
    if spec.pool.generation < 0:
        yield wrong("spec.pool.generation", f"{spec.pool.generation} is negative")
    yield from _place(spec.node_name, spec.node_selector, spec.all_nodes, "spec", spec.per_device_node_selection)
    special = any(device.taints or device.consumes_counters or _has_lists(device) for device in spec.devices)
    yield from values.too_many(spec.devices, LIMITS.special_devices if special else LIMITS.devices, "spec.devices")
    if spec.devices and spec.shared_counters:
        yield wrong("spec.sharedCounters", "a slice holds devices or counters, not both", "put them into two slices")
    yield from values.too_many(spec.shared_counters, LIMITS.counter_sets, "spec.sharedCounters")
    yield from values.twice([counters.name for counters in spec.shared_counters], "spec.sharedCounters")
    for i, counters in enumerate(spec.shared_counters):
        path = f"spec.sharedCounters[{i}]"
        yield from values.dns_label(counters.name, f"{path}.name")
        yield from _counters(counters.counters, LIMITS.counters_in_set, f"{path}.counters")
    yield from values.twice([device.name for device in spec.devices], "spec.devices")
    for i, device in enumerate(spec.devices):
        yield from _device(device, f"spec.devices[{i}]", bool(spec.per_device_node_selection))
    yield from _partition_type(spec)
    for i, operation in enumerate(spec.skip_node_operations):
        if operation not in SKIPPED:
            seen = f'"{operation}" is not one of {", ".join(SKIPPED)}'
            yield wrong(f"spec.skipNodeOperations[{i}]", seen, code="NotAllowed")
    if SKIPPED[0] in spec.skip_node_operations and not {*SKIPPED[1:]} & {*spec.skip_node_operations}:
        yield wrong("spec.skipNodeOperations", f"{SKIPPED[0]} is skipped and {SKIPPED[1]} is not", "skip both")


def _counters(counters: Mapping[str, Counter], most: int, path: str) -> Iterator[Refusal]:
    if not counters:
        yield wrong(path, "there are no counters", "name at least one", "Required")
    yield from values.too_many(counters, most, path)
    for name, counter in counters.items():
        yield from values.dns_label(name, f"{path}.{name}")
        yield from amount_faults(counter.value, f"{path}.{name}.value")


def _partition_type(spec: ResourceSliceSpec) -> Iterator[Refusal]:
    """Devices that draw from counters have the attribute that says which partition they are, as a text."""
    name = spec.partition_type_attribute
    if name is None:
        return
    path = "spec.partitionTypeAttribute"
    yield from values.qualified_name(name, path, domain_needed=True)
    drawing = [(i, device) for i, device in enumerate(spec.devices) if device.consumes_counters]
    if not drawing:
        yield wrong(path, "no device of the slice draws from counters", "leave it out")
    for i, device in drawing:
        found = device.attributes.get(name) or device.attributes.get(name.removeprefix(f"{spec.driver}/"))
        where = f"spec.devices[{i}].attributes.{name}"
        if found is None:
            yield wrong(where, "partitionTypeAttribute names it, and it is missing", code="Required")
        elif found.string_value is None:
            yield wrong(where, "partitionTypeAttribute names it, and it is not a text")


def _has_lists(device: Device) -> bool:
    return any(getattr(attribute, name) is not None for attribute in device.attributes.values() for name in _LISTS)


def _place(
    node_name: str | None,
    selector: NodeSelector | None,
    all_nodes: bool | None,
    path: str,
    per_device: bool | None = None,
) -> Iterator[Refusal]:
    for field, flag in (("allNodes", all_nodes), ("perDeviceNodeSelection", per_device)):
        if flag is False:
            yield wrong(f"{path}.{field}", "it is false", "leave it out, or set it to true")
    given = sum((node_name is not None, selector is not None, bool(all_nodes), bool(per_device)))
    if given != 1:
        fields = ", ".join((*_PLACES, *(("perDeviceNodeSelection",) if path == "spec" else ())))
        yield wrong(path, f"{given} of {fields} are set", "set exactly one of them")
    if node_name is not None:
        yield from values.subdomain(node_name, f"{path}.nodeName")
    if selector is not None:
        if path == "spec" and len(selector.node_selector_terms) != 1:
            count = len(selector.node_selector_terms)
            yield wrong(f"{path}.nodeSelector.nodeSelectorTerms", f"there are {count} terms, it must be one")
        for fault in selector_faults(selector):
            where, _, what = fault.partition(": ")
            yield wrong(f"{path}.nodeSelector.{where}", what)


def _device(device: Device, path: str, own_place: bool) -> Iterator[Refusal]:
    yield from values.dns_label(device.name, f"{path}.name")
    count = len(device.attributes) + len(device.capacity)
    if count > MOST_ATTRIBUTES:
        yield wrong(path, f"{count} attributes and capacities, {MOST_ATTRIBUTES} are allowed", code="TooMany")
    amount = sum(_values(attribute) for attribute in device.attributes.values())
    if amount > MOST_VALUES:
        yield wrong(f"{path}.attributes", f"{amount} values, {MOST_VALUES} are allowed", code="TooMany")
    for name, attribute in device.attributes.items():
        yield from values.qualified_name(name, f"{path}.attributes.{name}")
        yield from _attribute(attribute, f"{path}.attributes.{name}")
    for name, capacity in device.capacity.items():
        yield from values.qualified_name(name, f"{path}.capacity.{name}")
        yield from capacity_faults(capacity, f"{path}.capacity.{name}", bool(device.allow_multiple_allocations))
    yield from values.too_many(device.taints, MOST_TAINTS, f"{path}.taints")
    for i, taint in enumerate(device.taints):
        yield from values.taint(taint, f"{path}.taints[{i}]")
    given = (device.node_name, device.node_selector, device.all_nodes)
    if own_place:
        yield from _place(*given, path)
    elif any(item is not None for item in given):
        yield wrong(path, "only slices with perDeviceNodeSelection say per device where it is", "leave it out")
    yield from _conditions(device, path)
    yield from values.too_many(device.consumes_counters, LIMITS.sets_per_device, f"{path}.consumesCounters")
    yield from values.twice(
        [taken.counter_set for taken in device.consumes_counters], f"{path}.consumesCounters", ".counterSet"
    )
    for i, taken in enumerate(device.consumes_counters):
        where = f"{path}.consumesCounters[{i}]"
        yield from values.dns_label(taken.counter_set, f"{where}.counterSet")
        yield from _counters(taken.counters, MOST_COUNTERS_DRAWN, f"{where}.counters")
        yield from values.too_many(taken.compatibility_groups, MOST_GROUPS, f"{where}.compatibilityGroups")
    for name, share in device.node_allocatable_resources.items():
        yield from _share(share, f"{path}.nodeAllocatableResources.{name}", device)


def _share(share: NodeAllocatableResource, path: str, device: Device) -> Iterator[Refusal]:
    if share.mapping is None and share.overhead is None:
        yield wrong(path, "neither mapping nor overhead is set", "set at least one of them", "Required")
    key = share.mapping.capacity_key if share.mapping is not None else None
    if key is not None and key not in device.capacity:
        hint = f"there are {', '.join(device.capacity) or 'none'}"
        yield wrong(f"{path}.mapping.capacityKey", f'the device has no capacity "{key}"', hint, "UnknownCapacity")


def _values(attribute: DeviceAttribute) -> int:
    found = (getattr(attribute, name) for name in attribute.__struct_fields__)
    return sum(len(value) if isinstance(value, tuple) else 1 for value in found if value is not None)


def _attribute(attribute: DeviceAttribute, path: str) -> Iterator[Refusal]:
    given = [name for name in attribute.__struct_fields__ if getattr(attribute, name) is not None]
    if len(given) != 1:
        yield wrong(path, f"{len(given)} values are set", "give it exactly one value of one type")
    for name in _LISTS:
        if getattr(attribute, name) == ():
            yield wrong(path, "the list is empty", "give it at least one value")
    texts = (*_texts(attribute.string_value), *(attribute.strings_value or ()))
    versions = (*_texts(attribute.version_value), *(attribute.versions_value or ()))
    for text in (*texts, *versions):
        size = len(text.encode())
        if size > MOST_TEXT:
            yield wrong(path, f"{size} bytes, {MOST_TEXT} are allowed", code="TooLong")
    for text in versions:
        if not isinstance(semantic_version.parse(text), SemanticVersion):
            yield wrong(path, f'"{text}" is not a version', "write it as semver.org 2.0.0 says, e.g. 1.2.3")


def _texts(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _conditions(device: Device, path: str) -> Iterator[Refusal]:
    binding, failing = device.binding_conditions, device.binding_failure_conditions
    yield from values.too_many(binding, MOST_CONDITIONS, f"{path}.bindingConditions")
    yield from values.too_many(failing, MOST_CONDITIONS, f"{path}.bindingFailureConditions")
    for field, names in (("bindingConditions", binding), ("bindingFailureConditions", failing)):
        yield from values.twice(names, f"{path}.{field}", "")
        for i, name in enumerate(names):
            yield from values.label_key(name, f"{path}.{field}[{i}]")
    if bool(binding) != bool(failing):
        missing = "bindingFailureConditions" if binding else "bindingConditions"
        yield wrong(f"{path}.{missing}", "both lists of conditions are set together, or none", code="Required")
    for name in sorted(set(binding) & set(failing)):
        yield wrong(f"{path}.bindingFailureConditions", f"{name} is in both lists", code="Duplicate")


def pool_faults(slices: Sequence[ResourceSlice]) -> Iterator[tuple[ResourceSlice, Refusal]]:
    """What the slices of one pool's newest generation contradict each other in; the scheduler then uses none of it."""
    newest = max(item.spec.pool.generation for item in slices)
    same = [item for item in slices if item.spec.pool.generation == newest]
    counts = {item.spec.pool.resource_slice_count for item in same}
    if len(counts) > 1:
        texts = ", ".join(map(str, sorted(counts)))
        yield same[0], wrong("spec.pool.resourceSliceCount", f"the slices of the pool say different counts: {texts}")
    elif len(same) != max(counts):
        seen = f"{len(same)} of {max(counts)} slices of generation {newest} are there"
        yield same[0], wrong("spec.pool.resourceSliceCount", seen, "the scheduler waits for all", "PoolIncomplete")
    owners: dict[str, str] = {}
    sets: dict[str, set[str]] = {}
    for item in same:
        for device in item.spec.devices:
            first = owners.setdefault(device.name, item.metadata.name)
            if first != item.metadata.name:
                seen = f'device "{device.name}" is in slice {first} as well'
                yield item, wrong("spec.devices", seen, "names are unique in a pool", "Duplicate")
        for counters in item.spec.shared_counters:
            sets.setdefault(counters.name, set()).update(counters.counters)
    if len(same) == max(counts):
        for item in same:
            for i, device in enumerate(item.spec.devices):
                for k, taken in enumerate(device.consumes_counters):
                    path = f"spec.devices[{i}].consumesCounters[{k}]"
                    if taken.counter_set not in sets:
                        seen = f'the pool has no counter set "{taken.counter_set}"'
                        yield item, wrong(f"{path}.counterSet", seen, code="UnknownCounterSet")
                        continue
                    for name in sorted(set(taken.counters) - sets[taken.counter_set]):
                        seen = f'counter set "{taken.counter_set}" has no counter "{name}"'
                        yield item, wrong(f"{path}.counters.{name}", seen, code="UnknownCounter")
