"""A what-if about a partitionable device: cut into the whole and so many equal parts."""

from __future__ import annotations

import msgspec

from dra_core.planning.amounts import nanos
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.displaced import released
from dra_core.planning.edits import Repartition, means_nothing
from dra_core.refusal import Refusal
from dra_core.snapshot.device import Counter, Device
from dra_core.snapshot.quantity import NANOS, canonical, parse
from dra_core.snapshot.resource_slice import ResourceSlice


def repartitioned(snapshot: ClusterSnapshot, edit: Repartition) -> ClusterSnapshot | Refusal:
    """The snapshot with the device cut anew; a refusal if there is none."""
    if edit.parts < 1:
        return means_nothing(f"{edit.parts} parts are none", "cut it into 1 or more")
    old: dict[str, list[Device]] = {}  # by driver: the pool's devices may be in several slices
    for part in snapshot.slices:
        if part.spec.pool.name == edit.pool:
            drawing = [device for device in part.spec.devices if _draws(device, edit.counter_set)]
            old.setdefault(part.spec.driver, []).extend(drawing)
    gone = {(driver, edit.pool, device.name) for driver, devices in old.items() for device in devices}
    slices: list[ResourceSlice] = []
    for part in snapshot.slices:
        kept = tuple(device for device in part.spec.devices if not _draws(device, edit.counter_set))
        if part.spec.pool.name != edit.pool or len(kept) == len(part.spec.devices):
            slices.append(part)
            continue
        devices = old.pop(part.spec.driver, [])  # the first of the slices holds the new ones
        whole = max(devices, key=lambda device: sum(_drawn(device, edit.counter_set)), default=None)
        new = () if whole is None else (whole, *_parts(whole, edit))
        spec = msgspec.structs.replace(part.spec, devices=(*kept, *new))
        slices.append(msgspec.structs.replace(part, spec=spec))
    if not gone:
        seen = f"no device of pool {edit.pool} draws from a counter set {edit.counter_set}"
        return means_nothing(seen, _sets_of(snapshot, edit.pool))
    return released(msgspec.structs.replace(snapshot, slices=tuple(slices)), frozenset(gone))


def _sets_of(snapshot: ClusterSnapshot, pool: str) -> str:
    """A hint at what may be cut."""
    names: dict[str, dict[str, None]] = {}
    for part in snapshot.slices:
        for device in part.spec.devices:
            for taken in device.consumes_counters:
                names.setdefault(part.spec.pool.name, {})[taken.counter_set] = None
    if pool in names:
        return f"it has the sets {', '.join(names[pool])}"
    if not names:
        return "no device in the snapshot is partitionable"
    first = next(iter(names))
    return (
        f"pools with partitionable devices are {', '.join(list(names)[:5])}; e.g. {first}/{next(iter(names[first]))}=4"
    )


def _draws(device: Device, counter_set: str) -> bool:
    return any(taken.counter_set == counter_set for taken in device.consumes_counters)


def _drawn(device: Device, counter_set: str) -> list[int]:
    """What the device draws from the set, in billionths."""
    return [
        nanos(counter.value)
        for taken in device.consumes_counters
        if taken.counter_set == counter_set
        for counter in taken.counters.values()
    ]


def _parts(whole: Device, edit: Repartition) -> list[Device]:
    """Equal parts of a device; what does not divide is left over."""
    consumes = tuple(
        msgspec.structs.replace(
            taken,
            counters={name: Counter(value=_share(item.value, edit.parts)) for name, item in taken.counters.items()},
        )
        for taken in whole.consumes_counters
    )
    capacity = {
        name: msgspec.structs.replace(item, value=_share(item.value, edit.parts))
        for name, item in whole.capacity.items()
    }
    return [
        msgspec.structs.replace(
            whole, name=f"{edit.counter_set}-part-{number}"[-63:], consumes_counters=consumes, capacity=capacity
        )
        for number in range(edit.parts)
    ]


def _share(text: str, parts: int) -> str:
    amount = parse(text)
    if amount is None:
        return text
    whole = amount.nanos // NANOS
    return canonical(whole // parts * NANOS if whole >= parts else amount.nanos // parts, amount.format)
