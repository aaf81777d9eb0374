"""Health as device taints: unhealthy devices get no new pods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dra_core.profiles.health import DeviceHealth
from dra_core.profiles.resources import DevicePool


def with_health_taints(
    driver_name: str, pools: Sequence[DevicePool], health: Iterable[DeviceHealth], effect: str = "NoSchedule"
) -> tuple[DevicePool, ...]:
    """The pools with a taint ``<driver>/unhealthy=true`` on every unhealthy device; order of devices unchanged."""
    raise NotImplementedError
