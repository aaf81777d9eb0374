"""Objects read part by part, so that what comes again word for word is decoded once and held once.

The claims of a template and the pods of a workload have their specs in common; in a large cluster that is most of what
there is to read and to hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from dra_core.snapshot.defaults import with_defaults
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity
from dra_core.snapshot.resource_claim import ResourceClaimSpec, ResourceClaimTemplateSpec
from dra_core.snapshot.resource_slice import ResourceSliceSpec

Record = TypeVar("Record", bound=msgspec.Struct)

MOST_REMEMBERED = 10_000  # specs of a kind; further ones are decoded each time
NOTHING = msgspec.Raw(b"")


class TopLevel(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An object with its parts as JSON texts; objects that have other fields are not read so."""

    api_version: str = ""
    kind: str = ""
    metadata: msgspec.Raw = NOTHING
    spec: msgspec.Raw = NOTHING
    status: msgspec.Raw = NOTHING


class Parts:
    """Puts records together; one for all objects that are read at a time."""

    def __init__(self) -> None:
        self._decoders: dict[type[msgspec.Struct], dict[str, msgspec.json.Decoder[msgspec.Struct]]] = {}
        self._specs: dict[type[msgspec.Struct], dict[bytes, msgspec.Struct]] = {}
        self._attributes: dict[tuple[str, DeviceAttribute], tuple[str, DeviceAttribute]] = {}
        self._capacities: dict[tuple[tuple[str, DeviceCapacity], ...], Mapping[str, DeviceCapacity]] = {}

    def record(self, record_type: type[Record], texts: TopLevel) -> Record:
        """The record, its spec completed.

        Raises:
            msgspec.ValidationError: It is not one, or has what no part of it holds.
        """
        decoders = self._decoders.get(record_type)
        if decoders is None:
            fields = msgspec.structs.fields(record_type)
            decoders = {item.name: msgspec.json.Decoder(item.type) for item in fields if item.name in _PARTS}
            self._decoders[record_type] = decoders
        values: dict[str, object] = {}
        if texts.api_version:
            values["api_version"] = texts.api_version
        if texts.kind:
            values["kind"] = texts.kind
        for name, text in (("metadata", texts.metadata), ("spec", texts.spec), ("status", texts.status)):
            if text is NOTHING:
                continue
            if name not in decoders:
                raise msgspec.ValidationError(f"{record_type.__name__} has no {name}")
            values[name] = self._spec(record_type, text) if name == "spec" else decoders[name].decode(text)
        try:
            return record_type(**values)
        except TypeError as error:  # something required is missing
            raise msgspec.ValidationError(str(error)) from error

    def _spec(self, record_type: type[msgspec.Struct], text: msgspec.Raw) -> msgspec.Struct:
        known = self._specs.setdefault(record_type, {})
        words = bytes(text)
        found = known.get(words)
        if found is None:
            found = completed(self._decoders[record_type]["spec"].decode(words))
            if isinstance(found, ResourceSliceSpec):
                return msgspec.structs.replace(found, devices=tuple(map(self._device, found.devices)))
            if len(known) < MOST_REMEMBERED:
                known[words] = found
        return found

    def _device(self, device: Device) -> Device:
        """The device, with its parts shared with others."""
        known = self._attributes
        attributes: dict[str, DeviceAttribute] = {}
        for name, attribute in device.attributes.items():
            found = known.get((name, attribute))
            if found is None:
                found = (name, attribute)
                if len(known) < MOST_REMEMBERED:
                    known[found] = found
            attributes[found[0]] = found[1]
        capacity = self._capacities.setdefault(tuple(device.capacity.items()), device.capacity)
        return msgspec.structs.replace(device, attributes=attributes, capacity=capacity)


def completed(spec: msgspec.Struct) -> msgspec.Struct:
    """A spec with what the API server fills in; the same object if nothing was left out."""
    if isinstance(spec, ResourceClaimSpec):
        return with_defaults(spec)
    if isinstance(spec, ResourceClaimTemplateSpec):
        inner = with_defaults(spec.spec)
        return spec if inner is spec.spec else msgspec.structs.replace(spec, spec=inner)
    return spec


_PARTS = ("metadata", "spec", "status")
