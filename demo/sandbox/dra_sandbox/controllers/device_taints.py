"""Evicts pods from devices with a NoExecute taint (the device-taint-eviction controller, KEP-5055).

A taint comes from the device's entry in a ResourceSlice or from a DeviceTaintRule. A toleration in the allocation
result may hold it off: for ever, or for tolerationSeconds from the time when the taint was added.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

from dra_sandbox.world.node_rules import tolerates
from dra_sandbox.world.objects import (
    CLAIM,
    POD,
    SLICE,
    TAINT_RULE,
    World,
    being_deleted,
    condition_status,
    objects_at,
    pod_finished,
    uid_of,
)
from dra_sandbox.world.times import moment_of, stamp
from dra_sandbox.world.writes import Emit, Write, delete, patch

COMPONENT = "device-taint-eviction"
IN_PROGRESS = "EvictionInProgress"  # resource/v1 DeviceTaintConditionEvictionInProgress


class Evictions(msgspec.Struct, frozen=True):
    """What to write now, and when to look again."""

    writes: tuple[Write, ...] = ()
    again_at: datetime | None = None


class Tainted(msgspec.Struct, frozen=True):
    """A taint on a device, and the rule that it comes from, if any."""

    taint: JsonObject
    rule: JsonObject | None = None


def evictions(world: World, now: datetime) -> Evictions:
    """Decide about every pod that holds a claim on a tainted device."""
    pods = {uid_of(pod): pod for pod in world.all(POD)}
    due: dict[str, tuple[datetime, Tainted]] = {}
    for claim in world.all(CLAIM):
        moments = [
            (moment, tainted)
            for result in objects_at(claim, "status", "allocation", "devices", "results")
            for tainted in _taints_of(world, result)
            for moment in _eviction_moment(result, tainted.taint, now)
        ]
        if not moments:
            continue
        first = min(moments, key=lambda item: item[0])
        for consumer in objects_at(claim, "status", "reservedFor"):
            uid = text_at(consumer, "uid")
            if text_at(consumer, "resource") == "pods" and (uid not in due or first[0] < due[uid][0]):
                due[uid] = first
    writes: list[Write] = []
    evicting: set[str] = set()
    later = [moment for uid, (moment, _) in due.items() if uid in pods and moment > now]
    for uid, (moment, tainted) in due.items():
        pod = pods.get(uid)
        if pod is None or pod_finished(pod) or moment > now:
            continue
        if tainted.rule is not None:
            evicting.add(uid_of(tainted.rule))
        if not being_deleted(pod):
            writes += [_event(pod, tainted.taint), delete(pod)]
    writes += _rule_conditions(world, evicting, now)
    return Evictions(tuple(writes), min(later, default=None))


def _taints_of(world: World, result: JsonObject) -> Iterator[Tainted]:
    driver, pool, device = text_at(result, "driver"), text_at(result, "pool"), text_at(result, "device")
    slices = [
        item
        for item in world.all(SLICE)
        if text_at(item, "spec", "driver") == driver and text_at(item, "spec", "pool", "name") == pool
    ]
    for item in slices:
        for entry in objects_at(item, "spec", "devices"):
            if text_at(entry, "name") == device:
                yield from (Tainted(taint) for taint in objects_at(entry, "taints"))
    for rule in world.all(TAINT_RULE):
        selector = object_at(rule, "spec", "deviceSelector")
        if all(
            selector.get(key) in (None, value)
            for key, value in (("driver", driver), ("pool", pool), ("device", device))
        ):
            yield Tainted(object_at(rule, "spec", "taint"), rule)


def _eviction_moment(result: JsonObject, taint: JsonObject, now: datetime) -> Iterator[datetime]:
    if text_at(taint, "effect") != "NoExecute":
        return
    accepting = [item for item in objects_at(result, "tolerations") if _accepts(item, taint)]
    if not accepting:
        yield now
        return
    seconds = [found for item in accepting if isinstance(found := at(item, "tolerationSeconds"), int)]
    if seconds:
        added = moment_of(text_at(taint, "timeAdded")) or now
        yield added + timedelta(seconds=max(0, min(seconds)))


def _accepts(toleration: JsonObject, taint: JsonObject) -> bool:
    """Device tolerations: unlike a node's, an empty key with Equal compares the value."""
    if not text_at(toleration, "key") and text_at(toleration, "operator") in ("", "Equal"):
        return text_at(toleration, "value") == text_at(taint, "value")
    return tolerates(toleration, taint)


def _event(pod: JsonObject, taint: JsonObject) -> Emit:
    mark = f"{text_at(taint, 'key')}={text_at(taint, 'value')}:NoExecute"
    return Emit(
        about=pod,
        severity="Normal",
        reason="DeviceTaintManagerEviction",
        message=f"Marking for deletion: a device of the pod has the taint {mark}, which its claim does not tolerate",
        component=COMPONENT,
    )


def _rule_conditions(world: World, evicting: set[str], now: datetime) -> tuple[Write, ...]:
    """Each rule says whether it is evicting at the moment; a rule that never did says nothing."""
    writes: list[Write] = []
    for rule in world.all(TAINT_RULE):
        status = "True" if uid_of(rule) in evicting else "False"
        known = condition_status(rule, IN_PROGRESS)
        if known == status or (not known and status == "False"):
            continue
        condition: JsonObject = {
            "type": IN_PROGRESS,
            "status": status,
            "reason": "PodsPendingEviction" if status == "True" else "NotRunning",
            "message": "pods that use the devices are being deleted" if status == "True" else "no pod is left to evict",
            "lastTransitionTime": stamp(now),
            "observedGeneration": at(rule, "metadata", "generation"),
        }
        writes.append(patch(rule, {"status": {"conditions": [condition]}}, "status"))
    return tuple(writes)
