"""Taints of devices: which keep a request away, and those that DeviceTaintRules lay over slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.snapshot.device import Device, DeviceTaint
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.resource_claim import DeviceToleration
from dra_core.snapshot.resource_slice import ResourceSlice


def tolerates(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    """resource/v1 DeviceToleration: an empty effect or key matches all; operator Equal (default) or Exists."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator:
        case "" | "Equal":
            return toleration.value == taint.value
        case "Exists":
            return True
        case _:
            return False


def preventing(device: InventoryDevice, tolerations: Iterable[DeviceToleration]) -> DeviceTaint | None:
    """The first taint that keeps a request with these tolerations away."""
    for taint in device.blocking:
        if not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None


def with_rules(slices: Iterable[ResourceSlice], rules: Sequence[DeviceTaintRule]) -> tuple[ResourceSlice, ...]:
    """The slices as the scheduler sees them: taints of matching rules added to those that drivers published.

    An empty selector means every device; the rules' taints follow in the order of the rules' names (the scheduler's
    tracker of resource slices, behind DRADeviceTaintRules).
    """
    ordered = sorted(rules, key=lambda rule: rule.metadata.name)
    return tuple(_tainted(item, ordered) for item in slices)


def _tainted(item: ResourceSlice, rules: Sequence[DeviceTaintRule]) -> ResourceSlice:
    spec = item.spec
    concerned = [rule for rule in rules if _concerns(rule, spec.driver, spec.pool.name)]
    if not concerned:
        return item
    devices = tuple(_tainted_device(device, concerned) for device in spec.devices)
    return msgspec.structs.replace(item, spec=msgspec.structs.replace(spec, devices=devices))


def _concerns(rule: DeviceTaintRule, driver: str, pool: str) -> bool:
    selector = rule.spec.device_selector
    return selector is None or (selector.driver in (None, driver) and selector.pool in (None, pool))


def _tainted_device(device: Device, rules: Sequence[DeviceTaintRule]) -> Device:
    added = tuple(
        rule.spec.taint
        for rule in rules
        if rule.spec.device_selector is None or rule.spec.device_selector.device in (None, device.name)
    )
    return msgspec.structs.replace(device, taints=device.taints + added) if added else device
