"""How a pool is cut into slices.

Devices keep their order, so that publishing order is allocation order (Kubernetes 1.36+ goes through slices by name).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from returns.result import Failure, Result, Success

from dra_core.profiles.resources import DevicePool
from dra_core.publication.limits import SliceLimits
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.device import CounterSet, Device, DeviceAttribute


class SliceContent(msgspec.Struct, frozen=True):
    """What goes into one slice."""

    devices: tuple[Device, ...] = ()
    counter_sets: tuple[CounterSet, ...] = ()

    def with_more(self, other: SliceContent) -> SliceContent:
        """Both in one slice."""
        return SliceContent(self.devices + other.devices, self.counter_sets + other.counter_sets)


def cut(pool: DevicePool, limits: SliceLimits, taintable: bool) -> Result[tuple[SliceContent, ...], Refusals]:
    """The pool's slices, at least one: a pool without slices would count as withdrawn."""
    units = tuple(_units_apart(pool) if limits.counters_apart else _units_together(pool))
    too_large = tuple(unit for unit in units if not _fits(unit, limits, taintable))
    if too_large:
        return Failure(tuple(_too_large(pool, unit) for unit in too_large))
    return Success(tuple(_packed(units, limits, taintable)) or (SliceContent(),))


def _units_apart(pool: DevicePool) -> Iterator[SliceContent]:
    """Counter sets first, then devices; each can go into any slice of its kind."""
    yield from (SliceContent(counter_sets=(each,)) for each in pool.counter_sets)
    yield from (SliceContent(devices=(device,)) for device in pool.devices)


def _units_together(pool: DevicePool) -> Iterator[SliceContent]:
    """Devices with the counter sets that they draw from, and with all other devices that draw from these (1.34)."""
    groups: list[tuple[set[str], list[Device]]] = []
    for device in pool.devices:
        names = {each.counter_set for each in device.consumes_counters}
        joined = [group for group in groups if group[0] & names]
        first = joined[0] if joined else (set[str](), list[Device]())
        if not joined:
            groups.append(first)
        for other in joined[1:]:
            groups.remove(other)
            first[0].update(other[0])
            first[1].extend(other[1])
        first[0].update(names)
        first[1].append(device)
    drawn = {name for names, _ in groups for name in names}
    for names, devices in groups:
        yield SliceContent(tuple(devices), tuple(each for each in pool.counter_sets if each.name in names))
    yield from (SliceContent(counter_sets=(each,)) for each in pool.counter_sets if each.name not in drawn)


def _packed(units: Iterable[SliceContent], limits: SliceLimits, taintable: bool) -> Iterator[SliceContent]:
    """Units in order, as many in a slice as fit."""
    current: SliceContent | None = None
    for unit in units:
        if current is not None and _fits(current.with_more(unit), limits, taintable):
            current = current.with_more(unit)
            continue
        if current is not None:
            yield current
        current = unit
    if current is not None:
        yield current


def _fits(content: SliceContent, limits: SliceLimits, taintable: bool) -> bool:
    if limits.counters_apart and content.devices and content.counter_sets:
        return False
    special = taintable or any(_special(device, limits) for device in content.devices)
    drawn = sum(len(each.counters) for device in content.devices for each in device.consumes_counters)
    return (
        len(content.devices) <= (limits.special_devices if special else limits.devices)
        and len(content.counter_sets) <= limits.counter_sets
        and sum(len(each.counters) for each in content.counter_sets) <= limits.counters_in_slice
        and drawn <= limits.counters_drawn_in_slice
    )


def _special(device: Device, limits: SliceLimits) -> bool:
    if device.taints or device.consumes_counters:
        return True
    return limits.lists_are_special and any(_is_list(each) for each in device.attributes.values())


def _is_list(attribute: DeviceAttribute) -> bool:
    lists = (attribute.ints_value, attribute.bools_value, attribute.strings_value, attribute.versions_value)
    return any(each is not None for each in lists)


def _too_large(pool: DevicePool, unit: SliceContent) -> Refusal:
    return Refusal(
        code="DoesNotFitIntoSlice",
        fault=Fault.DRIVER,
        path=f"pools[{pool.name}]",
        seen=(
            f"{len(unit.devices)} devices and {len(unit.counter_sets)} counter sets must be in one slice, "
            f"which is more than this API server allows"
        ),
        hint="use fewer devices per counter set, or Kubernetes 1.35 or newer",
    )
