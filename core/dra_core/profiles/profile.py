"""The interface that a driver's author implements; drakit does the rest.

A profile is pure: it says which devices there are, what a claim's parameters mean, and what a container gets. What a
real driver does differently: it finds its devices on the machine in a shell, and hands them to its profile as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec
from returns.result import Result

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.profiles.resources import DevicePool
from dra_core.refusal import Refusals
from dra_core.snapshot.device import Device
from dra_core.snapshot.json_value import Json


class AssignedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as a claim got it.

    Attributes:
        device: The device as published.
        pool: Its pool.
        request: Base name of the claim's request, without the subrequest.
        share_id: Which share, of a device that allows several allocations.
        admin_access: The claim looks on and does not own the device: leave its settings alone.
        consumed_capacity: The share's part of each capacity (quantities).
    """

    device: Device
    pool: str
    request: str
    share_id: str | None = None
    admin_access: bool = False
    consumed_capacity: Mapping[str, str] = {}


Configure: TypeAlias = Callable[[AssignedDevice], Result[ContainerEdits, Refusals]]
"""A configuration that has been read, defaulted and validated: from a device to what its container gets."""


class Profile(Protocol):
    """A kind of device: what there is, how it can be configured, what a container sees of it."""

    @property
    def name(self) -> str:
        """Short name, e.g. ``gpu``: the CDI class, and the default driver name's first label."""
        ...

    @property
    def health_check_timeout_seconds(self) -> int:
        """After this time without news the kubelet takes a device's health as unknown (v1 DRAResourceHealth)."""
        ...

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """All pools of a node, healthy or not; the same for the same node name."""
        ...

    def environment_key(self, device: str) -> str:
        """What names the device in environment variables, e.g. ``GPU_DEVICE_3`` for ``gpu-3``."""
        ...

    def default_configuration(self) -> Configure:
        """What holds for a device that no configuration names."""
        ...

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        """Opaque parameters of a claim or class: decode strictly, fill in defaults, validate.

        All faults at once, with paths relative to the parameters, e.g. ``sharing.timeSlicingConfig.interval``. Never
        raises, whatever JSON comes.
        """
        ...
