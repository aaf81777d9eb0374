"""A patch of ``status.devices`` that leaves alone what others have reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

Key: TypeAlias = tuple[str, str, str, str]
"""Driver, pool, device, share."""


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known about an allocated device.

    Attributes:
        pool: The device's pool.
        device: Its name there.
        share_id: Which share of it.
        conditions: By type; the status ("True", "False" or "Unknown"), the reason in CamelCase and the message.
    """

    pool: str
    device: str
    share_id: str | None = None
    conditions: Mapping[str, tuple[str, str, str]] = {}


def report(driver_name: str, claim: JsonObject, reports: Sequence[DeviceReport], now: str) -> JsonObject | None:
    """The merge patch (RFC 7386) of the claim's status, over exactly the version that was read; None: all is said.

    A list is replaced as a whole by a merge patch, so that it repeats what is there, letter by letter: entries of other
    drivers, conditions of other types, fields of newer API servers. A condition that stays as it is keeps the time of
    its last transition.

    Args:
        driver_name: Whose devices these are.
        claim: As read.
        reports: At most one for each allocated device; reports on others are left out, for the API server refuses them.
        now: RFC 3339, for conditions that change.
    """
    allocated = {_key(result) for result in list_at(claim, "status", "allocation", "devices", "results")}
    before = [object_at(entry) for entry in list_at(claim, "status", "devices")]
    entries = {_key(entry): entry for entry in before}
    for each in reports:
        key = (driver_name, each.pool, each.device, each.share_id or "")
        if key in allocated:
            entries[key] = _updated(entries.get(key) or _entry(driver_name, each), each, now)
    after = list(entries.values())
    if after == before:
        return None
    return {
        "metadata": {"resourceVersion": text_at(claim, "metadata", "resourceVersion")},
        "status": {"devices": list[Json](after)},
    }


def _key(entry: Json) -> Key:
    return text_at(entry, "driver"), text_at(entry, "pool"), text_at(entry, "device"), text_at(entry, "shareID")


def _entry(driver_name: str, wanted: DeviceReport) -> JsonObject:
    share: JsonObject = {} if wanted.share_id is None else {"shareID": wanted.share_id}
    return {"driver": driver_name, "pool": wanted.pool, "device": wanted.device, **share}


def _updated(found: JsonObject, wanted: DeviceReport, now: str) -> JsonObject:
    conditions = {text_at(each, "type"): object_at(each) for each in list_at(found, "conditions")}
    for kind, (status, reason, message) in wanted.conditions.items():
        known = conditions.get(kind, {})
        said = {"status": status, "reason": reason, "message": message}
        if {field: text_at(known, field) for field in said} != said:
            since = text_at(known, "lastTransitionTime") if text_at(known, "status") == status else now
            conditions[kind] = {**known, "type": kind, **said, "lastTransitionTime": since}
    listed: JsonObject = {"conditions": list[Json](conditions.values())} if conditions else {}
    return {**found, **listed}
