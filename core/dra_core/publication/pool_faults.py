"""What is wrong with a pool as a driver wants it published, found before anything is written.

The API server would refuse some of it, and accept some that makes the whole pool invalid for the scheduler (duplicate
devices, counters that do not exist).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dra_core.profiles.resources import DevicePool
from dra_core.publication.limits import SliceLimits
from dra_core.refusal import Fault, Refusal, Refusals, join
from dra_core.snapshot.device import Device


def faults_of_pool(pool: DevicePool, limits: SliceLimits) -> Refusals:
    """All reasons why the pool cannot be published; paths begin with ``pools[<name>]``."""
    faults = [
        *_repeated("DuplicateDevice", "devices", (device.name for device in pool.devices)),
        *_repeated("DuplicateCounterSet", "counterSets", (each.name for each in pool.counter_sets)),
    ]
    for each in pool.counter_sets:
        if len(each.counters) > limits.counters_in_set:
            seen = f"{len(each.counters)} counters, {limits.counters_in_set} are allowed"
            faults.append(_fault("TooManyCounters", f"counterSets[{each.name}]", seen, "use several sets"))
    counters = {each.name: frozenset(each.counters) for each in pool.counter_sets}
    for device in pool.devices:
        faults += _faults_of_consumption(device, counters, limits)
    return tuple(fault.below(f"pools[{pool.name}]") for fault in faults)


def _faults_of_consumption(
    device: Device, counters: dict[str, frozenset[str]], limits: SliceLimits
) -> Iterable[Refusal]:
    path = f"devices[{device.name}].consumesCounters"
    if len(device.consumes_counters) > limits.sets_per_device:
        seen = f"{len(device.consumes_counters)} counter sets, {limits.sets_per_device} are allowed"
        yield _fault("TooManyCounterSets", path, seen, "draw from fewer sets")
    if sum(len(each.counters) for each in device.consumes_counters) > limits.counters_per_device:
        yield _fault("TooManyCounters", path, f"more than {limits.counters_per_device} counters", "draw from fewer")
    for each in device.consumes_counters:
        if each.counter_set not in counters:
            yield _fault(
                "UnknownCounterSet", path, f'the pool has no counter set "{each.counter_set}"', "add it to the pool"
            )
            continue
        for name in sorted(set(each.counters) - counters[each.counter_set]):
            yield _fault(
                "UnknownCounter",
                join(path, each.counter_set),
                f'the counter set has no counter "{name}"',
                "add it to the set",
            )


def _repeated(code: str, path: str, names: Iterable[str]) -> Iterable[Refusal]:
    for name, count in Counter(names).items():
        if count > 1:
            yield _fault(code, f"{path}[{name}]", f"the name is used {count} times", "names are unique in a pool")


def _fault(code: str, path: str, seen: str, hint: str) -> Refusal:
    return Refusal(code=code, fault=Fault.DRIVER, path=path, seen=seen, hint=hint)
