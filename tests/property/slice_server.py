"""The ResourceSlice part of an API server: versions, preconditions, defaults, dropped fields, quantities of its own."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from typing import TypedDict, cast

from dra_core.publication import CreateSlice, DeleteSlice, SliceEffect, UpdateSlice
from dra_core.snapshot.json_value import JsonObject, thaw


class Metadata(TypedDict, total=False):
    name: str
    generateName: str
    uid: str
    resourceVersion: str
    labels: dict[str, str]
    ownerReferences: list[JsonObject]


class Pool(TypedDict):
    name: str
    generation: int
    resourceSliceCount: int


class Taint(TypedDict, total=False):
    timeAdded: str


class Capacity(TypedDict):
    value: str


class Device(TypedDict, total=False):
    name: str
    taints: list[Taint]
    capacity: dict[str, Capacity]


class Spec(TypedDict, total=False):
    driver: str
    nodeName: str
    pool: Pool
    devices: list[Device]
    sharedCounters: list[JsonObject]


class Slice(TypedDict):
    """The parts of a ResourceSlice that tests look at."""

    metadata: Metadata
    spec: Spec


class ConflictError(Exception):
    """409, or 404 on an update."""


class SliceServer:
    """Stores slices by name; counts writes that changed something."""

    def __init__(self, dropped_device_fields: Collection[str] = ()) -> None:
        self.slices: dict[str, Slice] = {}
        self.dropped = dropped_device_fields
        self.version = 0
        self.changes: list[str] = []

    def stored(self) -> list[Slice]:
        return copy.deepcopy(list(self.slices.values()))

    def found(self) -> list[JsonObject]:
        """The same as a list request answers it."""
        return cast(list[JsonObject], self.stored())

    def carry_out(self, effect: SliceEffect) -> JsonObject | None:
        """Carry out one effect; the stored object for a create or an update."""
        match effect:
            case DeleteSlice(name=name, uid=uid, resource_version=version):
                self._delete(name, uid, version)
                return None
            case UpdateSlice(object=value):
                return self._update(self._admitted(value))
            case CreateSlice(object=value):
                return self._create(self._admitted(value))

    def _delete(self, name: str, uid: str, version: str) -> None:
        there = self.slices.get(name)
        if there is None:
            return
        if (there["metadata"]["uid"], there["metadata"]["resourceVersion"]) != (uid, version):
            raise ConflictError(name)
        del self.slices[name]
        self.changes.append(f"delete {name}")

    def _update(self, value: Slice) -> JsonObject:
        name = value["metadata"]["name"]
        there = self.slices.get(name)
        if there is None or there["metadata"]["resourceVersion"] != value["metadata"]["resourceVersion"]:
            raise ConflictError(name)
        assert value["metadata"]["uid"] == there["metadata"]["uid"]
        assert value["spec"]["driver"] == there["spec"]["driver"]
        assert value["spec"].get("nodeName") == there["spec"].get("nodeName")
        assert value["spec"]["pool"]["name"] == there["spec"]["pool"]["name"]
        if value != there:
            value["metadata"]["resourceVersion"] = self._next()
            self.slices[name] = value
            self.changes.append(f"update {name}")
        return cast(JsonObject, copy.deepcopy(self.slices[name]))

    def _create(self, value: Slice) -> JsonObject:
        prefix = value["metadata"]["generateName"]
        assert prefix.endswith("-")
        assert len(prefix) <= 58
        version = self._next()
        value["metadata"] |= {"name": f"{prefix}{version:0>5}", "uid": f"uid-{version}", "resourceVersion": version}
        self.slices[value["metadata"]["name"]] = value
        self.changes.append(f"create {value['metadata']['name']}")
        return cast(JsonObject, copy.deepcopy(value))

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _admitted(self, value: JsonObject) -> Slice:
        """What is stored of what was sent."""
        stored = cast(Slice, thaw(value))
        spec = stored["spec"]
        assert spec["pool"]["resourceSliceCount"] > 0
        assert not (spec.get("devices") and spec.get("sharedCounters")) or self.allows_both
        for device in spec.get("devices", ()):
            if "taints" in self.dropped:
                device.pop("taints", None)
            for taint in device.get("taints", ()):
                taint.setdefault("timeAdded", f"2026-01-01T00:00:{self.version % 60:02}Z")
            for capacity in device.get("capacity", {}).values():
                if capacity["value"] == "1024Mi":
                    capacity["value"] = "1Gi"
        return stored

    allows_both = False


def complete(slices: Sequence[Slice], pool: str) -> list[str] | None:
    """The pool's devices as a scheduler sees them; None: no slice, or not all of the newest generation."""
    specs = [each["spec"] for each in sorted(slices, key=lambda each: each["metadata"]["name"])]
    specs = [spec for spec in specs if spec["pool"]["name"] == pool]
    newest = max((spec["pool"]["generation"] for spec in specs), default=0)
    current = [spec for spec in specs if spec["pool"]["generation"] == newest]
    if not current or len(current) != current[0]["pool"]["resourceSliceCount"]:
        return None
    assert len({spec["pool"]["resourceSliceCount"] for spec in current}) == 1
    return [
        f"{device['name']}/{device['capacity']['memory']['value']}/{len(device.get('taints', ()))}"
        for spec in current
        for device in spec.get("devices", ())
    ]
