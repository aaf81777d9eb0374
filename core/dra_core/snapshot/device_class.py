"""DeviceClass (resource.k8s.io/v1) and the parts that classes and claims share."""

from __future__ import annotations

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.json_value import Json
from dra_core.snapshot.metadata import ObjectMeta


class CelSelector(ApiRecord, frozen=True, kw_only=True):
    """A CEL expression over ``device`` that must be true."""

    expression: str


class DeviceSelector(ApiRecord, frozen=True, kw_only=True):
    """A condition on devices; CEL is the only kind there is."""

    cel: CelSelector | None = None


class OpaqueDeviceConfiguration(ApiRecord, frozen=True, kw_only=True):
    """Parameters that only the named driver understands."""

    driver: str
    parameters: Json


class DeviceClassConfiguration(ApiRecord, frozen=True, kw_only=True):
    """Configuration that every claim of the class carries."""

    opaque: OpaqueDeviceConfiguration | None = None


class DeviceClassSpec(ApiRecord, frozen=True, kw_only=True):
    """What devices of the class have in common."""

    selectors: tuple[DeviceSelector, ...] = ()
    config: tuple[DeviceClassConfiguration, ...] = ()
    extended_resource_name: str | None = None


class DeviceClass(ApiRecord, frozen=True, kw_only=True):
    """A named choice of devices, made by an administrator."""

    api_version: str = "resource.k8s.io/v1"
    kind: str = "DeviceClass"
    metadata: ObjectMeta = ObjectMeta()
    spec: DeviceClassSpec = DeviceClassSpec()
