"""Columns of resource.k8s.io, as a real server has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at

from dra_sandbox.apiserver.column import AGE, NAME, Column, column, text_column
from dra_sandbox.world.objects import being_deleted


def claim_state(claim: JsonObject) -> str:
    """``pending``, ``allocated``, ``allocated,reserved``, with ``deleted`` in front of it."""
    states = ["deleted"] if being_deleted(claim) else []
    if at(claim, "status", "allocation") is None:
        return ",".join(states) if states else "pending"
    states.append("allocated")
    if at(claim, "status", "deallocationRequested") is True:
        return ",".join([*states, "deallocation-requested"])
    return ",".join([*states, "reserved"] if list_at(claim, "status", "reservedFor") else states)


def _taint(rule: JsonObject) -> str:
    key, value = text_at(rule, "spec", "taint", "key"), text_at(rule, "spec", "taint", "value")
    return f"{key}{f'={value}' if value else ''}:{text_at(rule, 'spec', 'taint', 'effect')}"


_STATE = column("State", claim_state)

MODERN: Mapping[str, Sequence[Column]] = {
    "resource.k8s.io/resourceclaims": (NAME, _STATE, AGE),
    "resource.k8s.io/resourceslices": (
        NAME,
        text_column("Node", "spec", "nodeName", absent="<unset>"),
        text_column("Driver", "spec", "driver"),
        text_column("Pool", "spec", "pool", "name"),
        AGE,
    ),
    "resource.k8s.io/devicetaintrules": (
        NAME,
        text_column("Driver", "spec", "deviceSelector", "driver", absent="*"),
        text_column("Pool", "spec", "deviceSelector", "pool", absent="*"),
        text_column("Device", "spec", "deviceSelector", "device", absent="*"),
        column("Taint", _taint),
        AGE,
    ),
}
CLASSIC: Mapping[str, Sequence[Column]] = {
    "resourceclasses": (NAME, text_column("DriverName", "driverName"), AGE),
    "resourceclaims": (
        NAME,
        text_column("ResourceClassName", "spec", "resourceClassName"),
        text_column("AllocationMode", "spec", "allocationMode"),
        _STATE,
        AGE,
    ),
    "resourceclaimtemplates": (
        NAME,
        text_column("ResourceClassName", "spec", "spec", "resourceClassName"),
        text_column("AllocationMode", "spec", "spec", "allocationMode"),
        AGE,
    ),
    "podschedulingcontexts": (NAME, text_column("SelectedNode", "spec", "selectedNode"), AGE),
}
