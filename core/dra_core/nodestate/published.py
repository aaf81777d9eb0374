"""ResourceSlices and claims of resource.k8s.io/v1 as a NodeAllocationState mirrors them.

Reading never fails: what is not there is left out, and fields that are newer than this library are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from dra_core.snapshot.modern_node_state import MirroredClaim, MirroredConsumer, MirroredDevice, MirroredResult
from dra_core.snapshot.versions import to_v1

_KEEPS_CLAIMS_AWAY = ("NoSchedule", "NoExecute")


class PublishedDevice(msgspec.Struct, frozen=True):
    """A device, and the node that it belongs to."""

    node_name: str
    device: MirroredDevice


class PublishedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """A ResourceSlice of the driver.

    Attributes:
        name: Of the slice.
        pool: That it is a part of.
        generation: Of the pool; only slices of the newest one count.
        slice_count: Of how many slices the pool is made up.
        node_name: Where all of its devices are; "" where each device says that, or they belong to no single node.
        devices: Those that belong to a single node.
    """

    name: str
    pool: str
    generation: int
    slice_count: int
    node_name: str
    devices: tuple[PublishedDevice, ...]

    @property
    def node_names(self) -> frozenset[str]:
        """The nodes that the slice says something about."""
        own = {self.node_name} if self.node_name else set[str]()
        return frozenset(own | {each.node_name for each in self.devices})


class AllocatedOnNode(msgspec.Struct, frozen=True):
    """A claim with devices of the driver, and the only node on which it can be used."""

    uid: str
    node_name: str
    claim: MirroredClaim


def published_slice(driver_name: str, value: JsonObject) -> PublishedSlice | None:
    """A slice, of any served version; None: another driver's."""
    written = to_v1(value)
    if text_at(written, "spec", "driver") != driver_name:
        return None
    pool = text_at(written, "spec", "pool", "name")
    node_name = text_at(written, "spec", "nodeName")
    devices = (
        PublishedDevice(node_name or text_at(device, "nodeName"), _device(pool, device))
        for device in list_at(written, "spec", "devices")
    )
    return PublishedSlice(
        name=text_at(written, "metadata", "name"),
        pool=pool,
        generation=_number(at(written, "spec", "pool", "generation")),
        slice_count=_number(at(written, "spec", "pool", "resourceSliceCount")),
        node_name=node_name,
        devices=tuple(each for each in devices if each.node_name),
    )


def allocated_on_node(driver_name: str, value: JsonObject) -> AllocatedOnNode | None:
    """A claim, of any served version; None: it has no devices of the driver, or can be used on more than one node.

    A claim with a device that belongs to one node can be used there alone, and its allocation says so.
    """
    allocation = object_at(to_v1(value), "status", "allocation")
    node_name = _only_node(list_at(allocation, "nodeSelector", "nodeSelectorTerms"))
    results = tuple(
        _result(result)
        for result in list_at(allocation, "devices", "results")
        if text_at(result, "driver") == driver_name
    )
    if not node_name or not results:
        return None
    consumer = MirroredConsumer(
        namespace=text_at(value, "metadata", "namespace"),
        name=text_at(value, "metadata", "name"),
        pods=tuple(sorted(_reserved_by(each) for each in list_at(value, "status", "reservedFor"))),
    )
    return AllocatedOnNode(text_at(value, "metadata", "uid"), node_name, MirroredClaim(claim=consumer, devices=results))


def _device(pool: str, device: Json) -> MirroredDevice:
    taints = list_at(device, "taints")
    away = any(text_at(taint, "effect") in _KEEPS_CLAIMS_AWAY for taint in taints)
    return MirroredDevice(
        name=text_at(device, "name"),
        pool=pool,
        attributes={name: _text(value) for name, value in object_at(device, "attributes").items()},
        capacity={name: text_at(value, "value") for name, value in object_at(device, "capacity").items()},
        health="Unhealthy" if away else None,
        taints=tuple(_taint(taint) for taint in taints),
    )


def _result(result: Json) -> MirroredResult:
    return MirroredResult(
        device=text_at(result, "device"),
        pool=text_at(result, "pool"),
        request=text_at(result, "request"),
        admin_access=True if at(result, "adminAccess") is True else None,
        share_id=text_at(result, "shareID") or None,
        consumed_capacity={name: str(amount) for name, amount in object_at(result, "consumedCapacity").items()},
    )


def _only_node(terms: Json) -> str:
    """The node that the selector names, if it selects by name and names one."""
    names = {
        text
        for term in (terms if isinstance(terms, list | tuple) else ())
        for field in list_at(term, "matchFields")
        if text_at(field, "key") == "metadata.name" and text_at(field, "operator") == "In"
        for text in list_at(field, "values")
        if isinstance(text, str)
    }
    return names.pop() if len(names) == 1 else ""


def _reserved_by(consumer: Json) -> str:
    resource, name = text_at(consumer, "resource"), text_at(consumer, "name")
    return name if resource == "pods" else f"{resource}/{name}"


def _text(attribute: Json) -> str:
    """The value of an attribute, whose key says its type."""
    values = tuple(attribute.values()) if isinstance(attribute, Mapping) else ()
    return ", ".join(_plain(item) for value in values for item in (value if isinstance(value, list) else [value]))


def _plain(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _taint(taint: Json) -> str:
    key, value = text_at(taint, "key"), text_at(taint, "value")
    return f"{key}{f'={value}' if value else ''}:{text_at(taint, 'effect')}"


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0
