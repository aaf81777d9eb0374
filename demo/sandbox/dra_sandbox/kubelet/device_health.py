"""The health of devices as drivers report it, and how a pod's status shows it (KEP-4680).

What was not refreshed in time, or whose driver has gone, is Unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, text_at

from dra_sandbox.kubelet.prepared_claims import Held, PreparedDevice, devices_of_container

State: TypeAlias = Literal["Healthy", "Unhealthy", "Unknown"]
Place: TypeAlias = tuple[str, str, str]
"""Driver, pool, device."""

WORSE: tuple[str, ...] = ("Unhealthy", "Unknown", "Healthy")
PATIENCE = timedelta(seconds=30)  # kubelet: how long a report is good if it does not say
LONGEST_MESSAGE = 1024  # bytes, kubelet
MOST_DEVICES = 16384  # kubelet


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """One device in one message of a driver."""

    pool: str
    device: str
    state: State
    message: str = ""
    seconds: int = 0


class Known(msgspec.Struct, frozen=True):
    """What is known of a device, and for how long."""

    state: State
    message: str
    until: datetime


Health: TypeAlias = Mapping[Place, Known]


def after_report(health: Health, driver: str, reported: tuple[Reported, ...], now: datetime) -> Health:
    """With one message of a driver; devices that it does not name are known as long as they were."""
    news = {
        (driver, item.pool, item.device): Known(
            item.state, _cut(item.message), now + (timedelta(seconds=item.seconds) if item.seconds > 0 else PATIENCE)
        )
        for item in reported[:MOST_DEVICES]
    }
    return {**health, **news}


def after_end(health: Health, driver: str) -> Health:
    """When a driver's stream has ended."""
    return {place: known for place, known in health.items() if place[0] != driver}


def state_of(health: Health, place: Place, now: datetime) -> tuple[State, str]:
    """A device's state and message."""
    known = health.get(place)
    return (known.state, known.message) if known is not None and known.until > now else ("Unknown", "")


def next_expiry(health: Health, now: datetime) -> datetime | None:
    """When something becomes Unknown if nobody says anything."""
    return min((known.until for known in health.values() if known.until > now), default=None)


def container_health(
    held: Held, pod: JsonObject, container: JsonObject, health: Health, watched: frozenset[str], now: datetime
) -> tuple[JsonObject, ...]:
    """status.containerStatuses[].allocatedResourcesStatus, for the drivers that report health.

    An id stands there once; where devices share theirs, the worst of them is shown.
    """
    resources: dict[str, dict[str, JsonObject]] = {}
    for entry, request, driver, device in devices_of_container(held, pod, container):
        if driver not in watched:
            continue
        state, message = state_of(health, (driver, device.pool, device.device), now)
        name = f"claim:{entry}/{request}" if request else f"claim:{entry}"
        shown: dict[str, Json] = {"resourceID": resource_id(driver, device), "health": state}
        if message:
            shown["message"] = message
        known = resources.setdefault(name, {}).get(resource_id(driver, device))
        if known is None or WORSE.index(state) < WORSE.index(text_at(known, "health")):
            resources[name][resource_id(driver, device)] = shown
    return tuple({"name": name, "resources": list(items.values())} for name, items in sorted(resources.items()))


def resource_id(driver: str, device: PreparedDevice) -> str:
    """The first CDI id, or the device's place if it has none."""
    return next(iter(device.cdi_ids), f"{driver}/{device.pool}/{device.device}")


def _cut(message: str) -> str:
    return message.encode()[:LONGEST_MESSAGE].decode(errors="ignore")
