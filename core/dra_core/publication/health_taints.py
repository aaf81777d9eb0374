"""Health as device taints: unhealthy devices get no new pods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dra_core.profiles.health import DeviceHealth, Health
from dra_core.profiles.resources import DevicePool
from dra_core.snapshot.device import DeviceTaint


def with_health_taints(
    driver_name: str, pools: Sequence[DevicePool], health: Iterable[DeviceHealth], effect: str = "NoSchedule"
) -> tuple[DevicePool, ...]:
    """The pools with a taint ``<driver>/unhealthy=true`` on every unhealthy device; order of devices unchanged."""
    unhealthy = {(each.pool, each.device) for each in health if each.health is Health.UNHEALTHY}
    taint = DeviceTaint(key=f"{driver_name}/unhealthy", value="true", effect=effect)
    return tuple(
        msgspec.structs.replace(
            pool,
            devices=tuple(
                msgspec.structs.replace(device, taints=(*device.taints, taint))
                if (pool.name, device.name) in unhealthy and taint not in device.taints
                else device
                for device in pool.devices
            ),
        )
        for pool in pools
    )
