"""What-ifs about devices: tainted, untainted, gone."""

from __future__ import annotations

import msgspec

from dra_core.allocation.taints import tolerates, with_rules
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.displaced import released
from dra_core.planning.edits import Devices, FailDevices, TaintDevices, UntaintDevices, means_nothing
from dra_core.planning.pod_claims import close_name
from dra_core.planning.words import in_a_line
from dra_core.refusal import Refusal
from dra_core.snapshot.device import Device, DeviceTaint
from dra_core.snapshot.resource_slice import ResourceSlice


def with_devices(
    snapshot: ClusterSnapshot, edit: TaintDevices | UntaintDevices | FailDevices
) -> ClusterSnapshot | Refusal:
    """The snapshot with the devices changed; a refusal if there are none, or nothing to take away."""
    wanted = edit.devices
    found = [
        (part.spec.driver, part.spec.pool.name, device.name)
        for part in snapshot.slices
        for device in part.spec.devices
        if wanted.holds(part.spec.driver, part.spec.pool.name, device.name)
    ]
    if not found:
        return means_nothing(f"there is no device {wanted.text}", _instead_of(wanted, snapshot))
    if isinstance(edit, UntaintDevices):
        snapshot = _with_rules_written_out(snapshot, edit.key)
        after = msgspec.structs.replace(snapshot, slices=tuple(_part(part, edit) for part in snapshot.slices))
        if after.slices == snapshot.slices:
            return means_nothing(f"no device {wanted.text} has a taint {edit.key}", _taints_there(wanted, snapshot))
        return after
    after = msgspec.structs.replace(snapshot, slices=tuple(_part(part, edit) for part in snapshot.slices))
    if isinstance(edit, TaintDevices):
        return _evicted(after, edit)
    return released(after, frozenset(found))


def _with_rules_written_out(snapshot: ClusterSnapshot, key: str) -> ClusterSnapshot:
    """The same taints, where rules lay those of the key over devices written to each of them: some may lose it."""
    rules = [rule for rule in snapshot.taint_rules if rule.spec.taint.key == key]
    if not rules:
        return snapshot
    return msgspec.structs.replace(
        snapshot,
        slices=with_rules(snapshot.slices, rules),
        taint_rules=tuple(rule for rule in snapshot.taint_rules if rule.spec.taint.key != key),
    )


def _evicted(snapshot: ClusterSnapshot, edit: TaintDevices) -> ClusterSnapshot:
    """NoExecute ends pods whose claims hold such a device and do not tolerate it."""
    if edit.effect != "NoExecute":
        return snapshot
    taint = DeviceTaint(key=edit.key, value=edit.value, effect=edit.effect)
    hit = frozenset(
        (item.driver, item.pool, item.device)
        for claim in snapshot.claims
        if claim.status.allocation is not None
        for item in claim.status.allocation.devices.results
        if edit.devices.holds(item.driver, item.pool, item.device)
        and not any(tolerates(toleration, taint) for toleration in item.tolerations)
    )
    return released(snapshot, hit)


def _instead_of(wanted: Devices, snapshot: ClusterSnapshot) -> str:
    """A hint at the devices, or the pools, that there are."""
    here = [
        device.name
        for part in snapshot.slices
        if wanted.holds(part.spec.driver, part.spec.pool.name, wanted.device)
        for device in part.spec.devices
    ]
    if here:
        return f"pool {wanted.pool} has {in_a_line(here)}"
    pools = sorted({part.spec.pool.name for part in snapshot.slices})
    close = close_name(wanted.pool, pools)
    if close:
        return f'did you mean pool "{close}"?'
    return f"there are pools {in_a_line(pools)}; * is any" if pools else "the snapshot has no devices"


def _taints_there(wanted: Devices, snapshot: ClusterSnapshot) -> str:
    keys = dict.fromkeys(
        taint.key
        for part in with_rules(snapshot.slices, snapshot.taint_rules)
        for device in part.spec.devices
        if wanted.holds(part.spec.driver, part.spec.pool.name, device.name)
        for taint in device.taints
    )
    return f"there is {in_a_line(list(keys))}" if keys else "there are no taints"


def _part(part: ResourceSlice, edit: TaintDevices | UntaintDevices | FailDevices) -> ResourceSlice:
    driver, pool = part.spec.driver, part.spec.pool.name
    devices: list[Device] = []
    for device in part.spec.devices:
        if not edit.devices.holds(driver, pool, device.name):
            devices.append(device)
        elif isinstance(edit, TaintDevices):
            taint = DeviceTaint(key=edit.key, value=edit.value, effect=edit.effect)
            devices.append(msgspec.structs.replace(device, taints=(*device.taints, taint)))
        elif isinstance(edit, UntaintDevices):
            kept = tuple(taint for taint in device.taints if taint.key != edit.key)
            devices.append(msgspec.structs.replace(device, taints=kept))
    if len(devices) == len(part.spec.devices) and all(a is b for a, b in zip(devices, part.spec.devices, strict=True)):
        return part
    return msgspec.structs.replace(part, spec=msgspec.structs.replace(part.spec, devices=tuple(devices)))
