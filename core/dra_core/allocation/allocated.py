"""What is in use already: the devices, shares and amounts that allocated claims hold (schedulerapi.AllocatedState)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from dra_core.snapshot.quantity import parse
from dra_core.snapshot.resource_claim import ResourceClaim

PoolId: TypeAlias = tuple[str, str]
"""Driver and pool name."""

DeviceId: TypeAlias = tuple[str, str, str]
"""Driver, pool name, device name."""


class Allocated(msgspec.Struct, frozen=True, kw_only=True):
    """Devices in use.

    Attributes:
        devices: Per pool the names of devices that are taken as a whole.
        shared: Per pool the names of devices of which somebody holds a share.
        consumed: Per device the capacity that all shares consume together, in billionths by capacity name.
    """

    devices: Mapping[PoolId, frozenset[str]] = {}
    shared: Mapping[PoolId, frozenset[str]] = {}
    consumed: Mapping[DeviceId, Mapping[str, int]] = {}

    def holds(self, pool: PoolId, device: str) -> bool:
        """Whether anybody holds the device or a share of it (IsDeviceAllocated)."""
        return (
            device in self.devices.get(pool, ())
            or device in self.shared.get(pool, ())
            or (pool[0], pool[1], device) in self.consumed
        )

    def having(
        self,
        devices: Iterable[DeviceId] = (),
        shared: Iterable[DeviceId] = (),
        consumed: Iterable[tuple[DeviceId, Mapping[str, int]]] = (),
    ) -> Allocated:
        """The same with more in use; amounts of one device add up."""
        amounts = {device: dict(held) for device, held in self.consumed.items()}
        for device, added in consumed:
            held = amounts.setdefault(device, {})
            for name, nanos in added.items():
                held[name] = held.get(name, 0) + nanos
        return Allocated(devices=_with(self.devices, devices), shared=_with(self.shared, shared), consumed=amounts)

    def with_claims(self, claims: Iterable[ResourceClaim]) -> Allocated:
        """The same with what the claims were given; admin access takes nothing from others."""
        devices: list[DeviceId] = []
        shared: list[DeviceId] = []
        consumed: list[tuple[DeviceId, Mapping[str, int]]] = []
        for claim in claims:
            if claim.status.allocation is None:
                continue
            for result in claim.status.allocation.devices.results:
                device = (result.driver, result.pool, result.device)
                if result.admin_access:
                    continue
                if result.share_id is None:
                    devices.append(device)
                    continue
                shared.append(device)
                if result.consumed_capacity:
                    amounts = {name: parse(text) for name, text in result.consumed_capacity.items()}
                    consumed.append((device, {name: amount.nanos for name, amount in amounts.items() if amount}))
        return self.having(devices, shared, consumed)


def _with(held: Mapping[PoolId, frozenset[str]], added: Iterable[DeviceId]) -> dict[PoolId, frozenset[str]]:
    collected: dict[PoolId, set[str]] = {}
    for driver, pool, device in added:
        collected.setdefault((driver, pool), set()).add(device)
    return {**held, **{pool: held.get(pool, frozenset()) | names for pool, names in collected.items()}}
