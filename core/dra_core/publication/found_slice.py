"""A slice as found on the API server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from returns.result import Success

from dra_core.publication.effects import DeleteSlice
from dra_core.publication.slice_names import index_of
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.device import Device, DeviceTaint
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import JsonObject, text_at
from dra_core.snapshot.resource_slice import ResourceSlice

make_ready(ResourceSlice)


class FoundSlice(msgspec.Struct, frozen=True):
    """A slice; ``record`` is None if it cannot be understood, which makes it one to be replaced."""

    object: JsonObject
    record: ResourceSlice | None

    @property
    def name(self) -> str:
        """Its name."""
        return text_at(self.object, "metadata", "name")

    @property
    def pool_name(self) -> str:
        """Its pool's name."""
        return text_at(self.object, "spec", "pool", "name")

    @property
    def index(self) -> int | None:
        """Its place in the pool, if its name tells."""
        return index_of(self.name) if self.record else None

    @property
    def generation(self) -> int:
        """Its pool's generation when it was written."""
        return self.record.spec.pool.generation if self.record else 0

    @property
    def deletion(self) -> DeleteSlice:
        """Deletes exactly what was found."""
        return DeleteSlice(
            name=self.name,
            uid=text_at(self.object, "metadata", "uid"),
            resource_version=text_at(self.object, "metadata", "resourceVersion"),
        )


def found_slices(driver_name: str, objects: Iterable[JsonObject]) -> tuple[FoundSlice, ...]:
    """The driver's slices, in the order of their names."""
    own = (each for each in objects if text_at(each, "spec", "driver") == driver_name)
    return tuple(sorted(map(_read, own), key=lambda each: each.name))


def with_known_times(devices: Iterable[Device], found: Iterable[FoundSlice]) -> Iterator[Device]:
    """Taints that are there already keep the time at which they were added (evictions count from it)."""
    known = {
        (device.name, taint.key, taint.value, taint.effect): taint.time_added
        for each in found
        if each.record
        for device in each.record.spec.devices
        for taint in device.taints
    }

    def timed(device: Device, taint: DeviceTaint) -> DeviceTaint:
        if taint.time_added is not None:
            return taint
        since = known.get((device.name, taint.key, taint.value, taint.effect))
        return msgspec.structs.replace(taint, time_added=since)

    for device in devices:
        taints = tuple(timed(device, taint) for taint in device.taints)
        yield msgspec.structs.replace(device, taints=taints) if taints else device


def _read(value: JsonObject) -> FoundSlice:
    decoded = decode_reporting(ResourceSlice, value)
    return FoundSlice(value, decoded.unwrap().record if isinstance(decoded, Success) else None)
