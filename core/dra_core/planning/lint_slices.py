"""The API server's rules for ResourceSlices, and the scheduler's for their pools (Kubernetes 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dra_core.allocation.node_selector_faults import selector_faults
from dra_core.planning import lint_values as values
from dra_core.planning.lint_values import wrong
from dra_core.publication.limits import limits_of
from dra_core.refusal import Refusal
from dra_core.snapshot import semantic_version
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity
from dra_core.snapshot.node_selector import NodeSelector
from dra_core.snapshot.quantity import Quantity
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.semantic_version import SemanticVersion

LIMITS = limits_of(37)
MOST_ATTRIBUTES = 32  # attributes and capacities of a device together
MOST_VALUES = 48  # attribute values of a device, items of lists included
MOST_TEXT = 64  # characters of a text or version attribute
MOST_TAINTS = 16
MOST_CONDITIONS = 4
MOST_VALID_VALUES = 10
_LISTS = ("ints_value", "bools_value", "strings_value", "versions_value")
_PLACES = ("nodeName", "nodeSelector", "allNodes")


def slice_faults(item: ResourceSlice) -> Iterator[Refusal]:
    """One slice by itself."""
    spec = item.spec
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
        yield from values.too_many(counters.counters, LIMITS.counters_in_set, f"{path}.counters")
        for name, counter in counters.counters.items():
            yield from values.dns_label(name, f"{path}.counters.{name}")
            yield from _amount(counter.value, f"{path}.counters.{name}.value")
    yield from values.twice([device.name for device in spec.devices], "spec.devices")
    for i, device in enumerate(spec.devices):
        yield from _device(device, f"spec.devices[{i}]", bool(spec.per_device_node_selection))


def _has_lists(device: Device) -> bool:
    return any(getattr(attribute, name) is not None for attribute in device.attributes.values() for name in _LISTS)


def _place(
    node_name: str | None,
    selector: NodeSelector | None,
    all_nodes: bool | None,
    path: str,
    per_device: bool | None = None,
) -> Iterator[Refusal]:
    given = sum((node_name is not None, selector is not None, bool(all_nodes), bool(per_device)))
    if given != 1:
        fields = ", ".join((*_PLACES, *(("perDeviceNodeSelection",) if path == "spec" else ())))
        yield wrong(path, f"{given} of {fields} are set", "set exactly one of them")
    if node_name is not None:
        yield from values.subdomain(node_name, f"{path}.nodeName")
    if selector is not None:
        if len(selector.node_selector_terms) != 1:
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
        yield from _capacity(capacity, f"{path}.capacity.{name}", bool(device.allow_multiple_allocations))
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
        for name, counter in taken.counters.items():
            yield from _amount(counter.value, f"{path}.consumesCounters[{i}].counters.{name}.value")


def _values(attribute: DeviceAttribute) -> int:
    found = (getattr(attribute, name) for name in attribute.__struct_fields__)
    return sum(len(value) if isinstance(value, tuple) else 1 for value in found if value is not None)


def _attribute(attribute: DeviceAttribute, path: str) -> Iterator[Refusal]:
    given = [name for name in attribute.__struct_fields__ if getattr(attribute, name) is not None]
    if len(given) != 1:
        yield wrong(path, f"{len(given)} values are set", "give it exactly one value of one type")
    texts = (*_texts(attribute.string_value), *(attribute.strings_value or ()))
    versions = (*_texts(attribute.version_value), *(attribute.versions_value or ()))
    for text in (*texts, *versions):
        if len(text) > MOST_TEXT:
            yield wrong(path, f"{len(text)} characters, {MOST_TEXT} are allowed", code="TooLong")
    for text in versions:
        if not isinstance(semantic_version.parse(text), SemanticVersion):
            yield wrong(path, f'"{text}" is not a version', "write it as semver.org 2.0.0 says, e.g. 1.2.3")


def _texts(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _amount(text: str, path: str) -> Iterator[Refusal]:
    amount = values.quantity(text, path)
    if isinstance(amount, Refusal):
        yield amount


def _capacity(capacity: DeviceCapacity, path: str, multiple: bool) -> Iterator[Refusal]:
    yield from _amount(capacity.value, f"{path}.value")
    policy, where = capacity.request_policy, f"{path}.requestPolicy"
    if policy is None:
        return
    if not multiple:
        yield wrong(where, "a policy is for devices with allowMultipleAllocations", "leave it out")
    if policy.default is None:
        yield wrong(f"{where}.default", "the default is missing", code="Required")
    if policy.valid_values and policy.valid_range is not None:
        yield wrong(where, "validValues and validRange are both set", "set one of them")
    yield from values.too_many(policy.valid_values, MOST_VALID_VALUES, f"{where}.validValues")
    yield from _ascending(policy.valid_values, f"{where}.validValues")
    if policy.default is not None:
        yield from _amount(policy.default, f"{where}.default")
    bounds = policy.valid_range
    if bounds is None:
        return
    if bounds.min is None:
        yield wrong(f"{where}.validRange.min", "the minimum is missing", code="Required")
    amounts: dict[str, Quantity] = {}
    for name, text in (("min", bounds.min), ("max", bounds.max), ("step", bounds.step), ("default", policy.default)):
        amount = values.quantity(text, f"{where}.validRange.{name}") if text is not None else None
        if isinstance(amount, Refusal):
            if name != "default":
                yield amount
        elif amount is not None:
            amounts[name] = amount
    yield from _range(amounts, f"{where}.validRange")


def _range(amounts: Mapping[str, Quantity], path: str) -> Iterator[Refusal]:
    least, most, step = amounts.get("min"), amounts.get("max"), amounts.get("step")
    if least is None:
        return
    if most is not None and most.nanos < least.nanos:
        yield wrong(f"{path}.max", f"{most} is less than the minimum {least}")
    if step is not None and step.nanos <= 0:
        yield wrong(f"{path}.step", f"{step} is not positive")
        return
    default = amounts.get("default")
    for name, amount in (("default", default), ("max", most)):
        if amount is None:
            continue
        if name == "default" and (amount.nanos < least.nanos or (most is not None and amount.nanos > most.nanos)):
            yield wrong(f"{path}", f"the default {amount} is not in the range")
        elif step is not None and (amount.nanos - least.nanos) % step.nanos:
            yield wrong(f"{path}.{name}", f"{amount} is not the minimum and a number of steps of {step}")


def _ascending(texts: Sequence[str], path: str) -> Iterator[Refusal]:
    before: Quantity | None = None
    for i, text in enumerate(texts):
        amount = values.quantity(text, f"{path}[{i}]")
        if isinstance(amount, Refusal):
            yield amount
            continue
        if before is not None and amount.nanos <= before.nanos:
            yield wrong(f"{path}[{i}]", f"{text} is not more than what comes before", "sort the values, each once")
        before = amount


def _conditions(device: Device, path: str) -> Iterator[Refusal]:
    binding, failing = device.binding_conditions, device.binding_failure_conditions
    yield from values.too_many(binding, MOST_CONDITIONS, f"{path}.bindingConditions")
    yield from values.too_many(failing, MOST_CONDITIONS, f"{path}.bindingFailureConditions")
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
