"""Devices as the search wants them: amounts parsed, what is equal shared, blocking taints picked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from dra_core.allocation.allocated import DeviceId, PoolId
from dra_core.cel.device_variable import attribute_fault
from dra_core.snapshot.device import Device, DeviceCapacity, DeviceCounterConsumption, DeviceTaint
from dra_core.snapshot.quantity import Quantity, parse
from dra_core.snapshot.resource_slice import ResourceSlice

BLOCKING_EFFECTS = ("NoSchedule", "NoExecute")  # others, and None, keep nobody away (resource/v1 DeviceTaintEffect)
ZERO = Quantity(0)


class Range(msgspec.Struct, frozen=True):
    """Amounts that may be asked for: from ``least`` in steps to ``most``."""

    least: Quantity | None
    most: Quantity | None
    step: Quantity | None


class Policy(msgspec.Struct, frozen=True):
    """A request policy with its amounts parsed."""

    default: Quantity | None
    valid_values: tuple[Quantity, ...]
    valid_range: Range | None


class Capacity(msgspec.Struct, frozen=True):
    """One capacity of a device."""

    value: Quantity
    policy: Policy | None


class Consumption(msgspec.Struct, frozen=True):
    """What a device takes from a counter set, in billionths, and with whom it may share the set."""

    counter_set: str
    counters: tuple[tuple[str, int], ...]
    groups: frozenset[str]


class InventorySlice(msgspec.Struct, frozen=True, eq=False):
    """A slice and what of it decides about its devices together."""

    record: ResourceSlice
    pool: PoolId
    devices: tuple[InventoryDevice, ...]
    uses_groups: bool


class InventoryDevice(msgspec.Struct, frozen=True, eq=False):
    """A device.

    Attributes:
        record: As published.
        id: Driver, pool, name.
        pool: Driver, pool.
        position: Where it stands in its slice.
        capacity: Parsed; equal ones are one object.
        consumes: What it takes from counter sets.
        blocking: Taints that keep claims away that do not tolerate them.
        multiple: Whether several claims may share it.
        fault: Why no expression can be evaluated on it; "" if its attributes are in order.
        roomy: Whether its capacity is enough for a request that says nothing about capacity, while nobody consumes any.
    """

    record: Device
    id: DeviceId
    pool: PoolId
    position: int
    capacity: Mapping[str, Capacity]
    consumes: tuple[Consumption, ...]
    blocking: tuple[DeviceTaint, ...]
    multiple: bool
    fault: str = ""
    roomy: bool = False


CapacityKey: TypeAlias = tuple[tuple[str, DeviceCapacity], ...]


class Interning:
    """Gives equal parts of devices one object, while an inventory is built; notes amounts that are none.

    ``roomy`` says of a device's capacity what the field of the same name says. ``sharing`` is off for the stable
    variant of the scheduler's allocator, to whose expressions no device may be allocated several times.
    """

    def __init__(self, roomy: Callable[[Mapping[str, Capacity]], bool], sharing: bool) -> None:
        self._roomy = roomy
        self._sharing = sharing
        self._roominess: dict[int, bool] = {}  # by id of an interned capacity
        self._quantities: dict[str, Quantity] = {}
        self._capacities: dict[CapacityKey, Mapping[str, Capacity]] = {}
        self._consumptions: dict[
            tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]], ...], tuple[Consumption, ...]
        ]
        self._consumptions = {}
        self.not_quantities: list[str] = []

    def slice(self, record: ResourceSlice) -> InventorySlice:
        """The slice with its devices."""
        spec = record.spec
        pool = (spec.driver, spec.pool.name)
        return InventorySlice(
            record,
            pool,
            tuple(self._device(pool, device, position) for position, device in enumerate(spec.devices)),
            any(taken.compatibility_groups for device in spec.devices for taken in device.consumes_counters),
        )

    def quantity(self, text: str) -> Quantity:
        """The amount; 0 for what is none, which is noted."""
        found = self._quantities.get(text)
        if found is None:
            parsed = parse(text)
            if parsed is None:
                self.not_quantities.append(text)
            found = self._quantities[text] = parsed or ZERO
        return found

    def _device(self, pool: PoolId, record: Device, position: int) -> InventoryDevice:
        capacity = self._capacity(record.capacity) if record.capacity else _NOTHING
        if record.allow_multiple_allocations and not self._sharing:
            record = msgspec.structs.replace(record, allow_multiple_allocations=None)
        return InventoryDevice(
            record,
            (pool[0], pool[1], record.name),
            pool,
            position,
            capacity,
            self._consumed(record.consumes_counters) if record.consumes_counters else (),
            tuple(taint for taint in record.taints if taint.effect in BLOCKING_EFFECTS) if record.taints else (),
            bool(record.allow_multiple_allocations),
            attribute_fault(record.attributes) if record.attributes else "",
            not capacity or self._is_roomy(capacity),
        )

    def _is_roomy(self, capacity: Mapping[str, Capacity]) -> bool:
        found = self._roominess.get(id(capacity))
        if found is None:
            found = self._roominess[id(capacity)] = self._roomy(capacity)
        return found

    def _capacity(self, capacity: Mapping[str, DeviceCapacity]) -> Mapping[str, Capacity]:
        key = tuple(capacity.items())
        found = self._capacities.get(key)
        if found is None:
            found = {name: Capacity(self.quantity(item.value), self._policy(item)) for name, item in key}
            self._capacities[key] = found
        return found

    def _policy(self, capacity: DeviceCapacity) -> Policy | None:
        policy = capacity.request_policy
        if policy is None:
            return None
        bounds = policy.valid_range
        return Policy(
            self._optional(policy.default),
            tuple(map(self.quantity, policy.valid_values)),
            Range(self._optional(bounds.min), self._optional(bounds.max), self._optional(bounds.step))
            if bounds is not None
            else None,
        )

    def _optional(self, text: str | None) -> Quantity | None:
        return None if text is None else self.quantity(text)

    def _consumed(self, consumed: tuple[DeviceCounterConsumption, ...]) -> tuple[Consumption, ...]:
        key = tuple(
            (
                item.counter_set,
                tuple((name, counter.value) for name, counter in item.counters.items()),
                item.compatibility_groups,
            )
            for item in consumed
        )
        found = self._consumptions.get(key)
        if found is None:
            found = tuple(
                Consumption(
                    counter_set, tuple((name, self.quantity(text).nanos) for name, text in counters), frozenset(groups)
                )
                for counter_set, counters, groups in key
            )
            self._consumptions[key] = found
        return found


_NOTHING: Mapping[str, Capacity] = {}
