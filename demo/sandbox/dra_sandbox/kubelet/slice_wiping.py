"""When a node's ResourceSlices are deleted: all at the kubelet's start, a driver's when it has been away for a while.

A plugin that is updated or restarted comes back in time and finds its slices untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from dra_core.snapshot.json_value import text_at

from dra_sandbox.world.objects import SLICE, World
from dra_sandbox.world.writes import Write, delete

PATIENCE = timedelta(seconds=30)  # kubelet: from the end of the last connection to the wiping

Absent: TypeAlias = Mapping[str, datetime]
"""Since when a driver that was registered here has had no connected instance."""


def absent_after(absent: Absent, known: frozenset[str], serving: frozenset[str], now: datetime) -> Absent:
    """After instances came, went, connected or disconnected.

    Args:
        absent: Before.
        known: Drivers that have been registered since the kubelet started.
        serving: Drivers with a connected instance.
        now: The time.
    """
    return {driver: absent.get(driver, now) for driver in (known | absent.keys()) - serving}


def due(absent: Absent, now: datetime, patience: timedelta = PATIENCE) -> frozenset[str]:
    """Drivers whose slices are to be deleted now."""
    return frozenset(driver for driver, since in absent.items() if now - since >= patience)


def next_due(absent: Absent, patience: timedelta = PATIENCE) -> datetime | None:
    """When that is for the next one."""
    return min((since + patience for since in absent.values()), default=None)


def wipe(world: World, node: str, drivers: Iterable[str] | None = None) -> tuple[Write, ...]:
    """Delete the node's slices of these drivers; without drivers: all of them."""
    wanted = None if drivers is None else frozenset(drivers)
    return tuple(
        delete(item)
        for item in world.all(SLICE)
        if text_at(item, "spec", "nodeName") == node and (wanted is None or text_at(item, "spec", "driver") in wanted)
    )
