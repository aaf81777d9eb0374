"""Pods wait with their devices until these are ready to be bound (KEP-5007, the scheduler's PreBind).

A claim is allocated and reserved first. The driver or its controller then reports in ``status.devices``; the pod gets
its node when every binding condition of every device is True. A failure condition, or too long a wait, takes the claims
back, and other devices may be tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at

from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.world.objects import CLAIM, World, namespace_of, objects_at, uid_of, with_fields
from dra_sandbox.world.times import moment_of
from dra_sandbox.world.writes import Replace, Write

BINDING_TIMEOUT = timedelta(seconds=600)  # kube-scheduler DynamicResourcesArgs.bindingTimeout


class Ready(msgspec.Struct, frozen=True):
    """Nothing keeps the pod from its node."""


class Waiting(msgspec.Struct, frozen=True):
    """For what, and until when at the most."""

    message: str
    until: datetime


class Lost(msgspec.Struct, frozen=True):
    """Devices that will not be ready; their claims are to be taken back."""

    message: str
    claims: tuple[JsonObject, ...]


Readiness: TypeAlias = Ready | Waiting | Lost


def readiness(world: World, pod: JsonObject, now: datetime) -> Readiness:
    """How it stands with the devices of the claims that the pod has reserved."""
    waiting: list[Waiting] = []
    for claim in _reserved(world, pod):
        allocated = moment_of(text_at(claim, "status", "allocation", "allocationTimestamp")) or now
        for result in objects_at(claim, "status", "allocation", "devices", "results"):
            true = _true_conditions(claim, result)
            where = f"{text_at(result, 'driver')}/{text_at(result, 'pool')}/{text_at(result, 'device')}"
            failed = [name for name in _names(result, "bindingFailureConditions") if name in true]
            if failed:
                return Lost(f"device {where} reports {', '.join(failed)}", (claim,))
            missing = [name for name in _names(result, "bindingConditions") if name not in true]
            if missing and allocated + BINDING_TIMEOUT <= now:
                return Lost(f"device {where} did not report {', '.join(missing)} in time", (claim,))
            if missing:
                waiting.append(Waiting(f"device {where}: {', '.join(missing)}", allocated + BINDING_TIMEOUT))
    if not waiting:
        return Ready()
    message = f"waiting for binding conditions of {'; '.join(item.message for item in waiting)}"
    return Waiting(message, min(item.until for item in waiting))


def has_conditions(allocation: JsonObject) -> bool:
    """Whether a new allocation has to wait for anything."""
    return any(list_at(result, "bindingConditions") for result in objects_at(allocation, "devices", "results"))


def take_back(pod: JsonObject, lost: Lost) -> tuple[Write, ...]:
    """Deallocate the lost claims that no other pod uses."""
    return tuple(
        Replace(
            body=with_fields(claim, ("status",), {"allocation": None, "reservedFor": None, "devices": None}),
            subresource="status",
        )
        for claim in lost.claims
        if all(text_at(item, "uid") == uid_of(pod) for item in objects_at(claim, "status", "reservedFor"))
    )


def _reserved(world: World, pod: JsonObject) -> Iterator[JsonObject]:
    for name in dict.fromkeys(item for item in entries_of(pod).values() if item):
        claim = world.get(CLAIM, namespace_of(pod), name)
        consumers = objects_at(claim, "status", "reservedFor")
        if claim is not None and any(text_at(item, "uid") == uid_of(pod) for item in consumers):
            yield claim


def _names(result: JsonObject, field: str) -> tuple[str, ...]:
    return tuple(str(name) for name in list_at(result, field))


def _true_conditions(claim: JsonObject, result: JsonObject) -> frozenset[str]:
    """Types of the conditions that are True for this very device, or share of it."""
    keys = ("driver", "pool", "device", "shareID")
    return frozenset(
        text_at(condition, "type")
        for entry in objects_at(claim, "status", "devices")
        if all(at(entry, key) == at(result, key) for key in keys)
        for condition in objects_at(entry, "conditions")
        if condition.get("status") == "True"
    )
