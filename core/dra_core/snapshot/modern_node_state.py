"""What a NodeAllocationState holds on clusters of resource.k8s.io/v1, beside what ``classic_node_state`` has.

There the scheduler allocates from ResourceSlices, and the state is a mirror for people: the driver's controller writes
which devices are published and which claims have them, the kubelet plugin which claims are prepared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from dra_core.snapshot.api_record import ApiRecord


class MirroredDevice(ApiRecord, frozen=True, kw_only=True):
    """A published device. Attributes and amounts are texts, for people; health left out is Healthy.

    Attributes:
        name: In its pool.
        pool: Of the driver.
        attributes: By name, as the slice writes it.
        capacity: Quantities by name.
        health: Whether a taint keeps claims away.
        taints: As people write them: ``key=value:effect``.
    """

    name: str
    pool: str
    attributes: Mapping[str, str] = {}
    capacity: Mapping[str, str] = {}
    health: Literal["Unhealthy"] | None = None
    taints: tuple[str, ...] = ()


class MirroredAllocatable(ApiRecord, frozen=True, kw_only=True):
    """An item of ``allocatableDevices``."""

    device: MirroredDevice


class MirroredResult(ApiRecord, frozen=True, kw_only=True):
    """A device that a claim has, as the claim's allocation says it."""

    device: str
    pool: str
    request: str
    admin_access: bool | None = None
    share_id: str | None = msgspec.field(name="shareID", default=None)
    consumed_capacity: Mapping[str, str] = {}


class MirroredConsumer(ApiRecord, frozen=True, kw_only=True):
    """Which claim, and who has it reserved: pods by name, others as ``<resource>/<name>``."""

    namespace: str
    name: str
    pods: tuple[str, ...] = ()


class MirroredClaim(ApiRecord, frozen=True, kw_only=True):
    """An entry of ``allocatedClaims``, by the claim's UID."""

    claim: MirroredConsumer
    devices: tuple[MirroredResult, ...]


class Counts(ApiRecord, frozen=True, kw_only=True):
    """Devices, counted for printer columns, which cannot count; each once, however many claims have a share of it."""

    devices: int
    allocated: int
    prepared: int
    unhealthy: int
