"""Device health as the kubelet is told it (v1 and v1alpha1 DRAResourceHealth)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from dra_core.profiles.resources import DevicePool

MESSAGE_BYTES = 1024
"""The kubelet cuts longer messages (gate ResourceHealthStatusMessage)."""


class Health(enum.Enum):
    """Values as in the protocol."""

    UNKNOWN = 0
    HEALTHY = 1
    UNHEALTHY = 2


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A device's health; ``message`` says why in at most 1024 bytes of UTF-8."""

    pool: str
    device: str
    health: Health
    message: str = ""


def health_of(pools: Iterable[DevicePool], unhealthy: Mapping[str, str]) -> tuple[DeviceHealth, ...]:
    """The health of every device, in publishing order; ``unhealthy`` gives the reason by device name."""
    return tuple(
        DeviceHealth(
            pool=pool.name,
            device=device.name,
            health=Health.UNHEALTHY if device.name in unhealthy else Health.HEALTHY,
            message=_cut(unhealthy.get(device.name, "")),
        )
        for pool in pools
        for device in pool.devices
    )


def _cut(message: str) -> str:
    """No longer than the kubelet takes, and no character cut in two."""
    return message.encode()[:MESSAGE_BYTES].decode(errors="ignore")
