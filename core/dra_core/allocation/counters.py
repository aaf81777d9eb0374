"""Counters that devices of a pool share (KEP-4815), and which partitions go together (compatibility groups)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from dra_core.allocation.allocated import Allocated
from dra_core.allocation.features import Features, Variant
from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.allocation.pools import Pool

CounterName: TypeAlias = tuple[str, str]
"""Counter set and counter."""


class Groups(msgspec.Struct, frozen=True):
    """What the devices on a counter set have in common.

    Attributes:
        members: Whether there is any device yet.
        common: The groups that all of them are in; empty if they declare none (or nothing is left in common).
        none_declared: No device declared groups; only such devices may join.
    """

    members: bool = False
    none_declared: bool = False
    common: frozenset[str] = frozenset()

    def admits(self, groups: frozenset[str]) -> bool:
        """Whether a device with these groups may join."""
        if not self.members:
            return True
        if not groups:
            return self.none_declared
        return not self.none_declared and bool(self.common & groups)

    def joined(self, groups: frozenset[str]) -> Groups:
        """With a device more."""
        if not self.members:
            return Groups(True, not groups, groups)
        if self.none_declared or not groups:
            return self
        return Groups(True, False, self.common & groups)


class PoolCounters:
    """What is left of a pool's counters in this run; giving back in reverse order restores it."""

    def __init__(self, pool: Pool, allocated: Allocated, features: Features) -> None:
        self._left: dict[CounterName, int] = {
            (name, counter): amount
            for name, counters in pool.counter_sets.items()
            for counter, amount in counters.items()
        }
        self._groups: dict[str, Groups] = {}
        whole_only = features.variant is Variant.STABLE
        whole = allocated.devices.get(pool.id, frozenset())
        for part in (*pool.slices, *pool.elsewhere):
            for device in part.devices:
                if not device.consumes:
                    continue
                name = device.record.name
                if name in whole or (not whole_only and allocated.holds(pool.id, name)):
                    self._charge(device, 1)
                    for taken in device.consumes:
                        before = self._groups.get(taken.counter_set, Groups())
                        self._groups[taken.counter_set] = before.joined(taken.groups)

    def incompatible(self, device: InventoryDevice) -> str:
        """The counter set whose devices the device must not join; "" if it may."""
        groups = self._groups
        seen: dict[str, Groups] = {}
        for taken in device.consumes:
            before = seen.get(taken.counter_set) or groups.get(taken.counter_set, Groups())
            if not before.admits(taken.groups):
                return taken.counter_set
            seen[taken.counter_set] = before.joined(taken.groups)
        return ""

    def join(self, device: InventoryDevice) -> Mapping[str, Groups | None]:
        """Count the device in; the answer undoes it."""
        before: dict[str, Groups | None] = {}
        for taken in device.consumes:
            held = self._groups.get(taken.counter_set)
            before.setdefault(taken.counter_set, held)
            self._groups[taken.counter_set] = (held or Groups()).joined(taken.groups)
        return before

    def leave(self, before: Mapping[str, Groups | None]) -> None:
        """Undo ``join``."""
        for name, groups in before.items():
            if groups is None:
                del self._groups[name]
            else:
                self._groups[name] = groups

    def short(self, device: InventoryDevice) -> CounterName | None:
        """A counter that would be overdrawn with the device; also one of the pool that is overdrawn already.

        The scheduler compares all counters of the pool: one that is overdrawn stops every device that draws from any.
        """
        self._charge(device, 1)
        short = next((name for name, left in self._left.items() if left < 0), None)
        self._charge(device, -1)
        return short

    def left(self, name: CounterName) -> int:
        """What is left of a counter, in billionths."""
        return self._left.get(name, 0)

    def take(self, device: InventoryDevice) -> None:
        """Charge what the device takes."""
        self._charge(device, 1)

    def give_back(self, device: InventoryDevice) -> None:
        """Undo ``take``."""
        self._charge(device, -1)

    def _charge(self, device: InventoryDevice, times: int) -> None:
        left = self._left
        for taken in device.consumes:
            for counter, amount in taken.counters:
                name = (taken.counter_set, counter)
                if name in left:
                    left[name] -= amount * times
