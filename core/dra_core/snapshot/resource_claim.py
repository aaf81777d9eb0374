"""ResourceClaim and ResourceClaimTemplate (resource.k8s.io/v1): what a workload asks for, and what it got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from dra_core.snapshot.api_record import ApiRecord, Int64, PartialApiRecord
from dra_core.snapshot.device_class import DeviceSelector, OpaqueDeviceConfiguration
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector
from dra_core.snapshot.quantity import Amount


class DeviceToleration(ApiRecord, frozen=True, kw_only=True):
    """Accepts devices with a matching taint."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    toleration_seconds: Int64 | None = None


class CapacityRequirements(ApiRecord, frozen=True, kw_only=True):
    """How much of each capacity of a device is asked for (quantities by qualified name)."""

    requests: Mapping[str, Amount] = {}


class DerivedAttribute(ApiRecord, frozen=True, kw_only=True):
    """An attribute computed by CEL for constraints of this claim (1.37, gate DRADerivedAttributes)."""

    name: str
    expression: str


class ExactDeviceRequest(ApiRecord, frozen=True, kw_only=True):
    """Devices of one class. The API server's defaults are allocationMode ExactCount and count 1."""

    device_class_name: str
    selectors: tuple[DeviceSelector, ...] = ()
    allocation_mode: str = ""
    count: Int64 | None = None
    admin_access: bool | None = None
    tolerations: tuple[DeviceToleration, ...] = ()
    capacity: CapacityRequirements | None = None
    derived_attributes: tuple[DerivedAttribute, ...] = ()


class DeviceSubRequest(ApiRecord, frozen=True, kw_only=True):
    """One alternative of a prioritised list; admin access is not available here."""

    name: str
    device_class_name: str
    selectors: tuple[DeviceSelector, ...] = ()
    allocation_mode: str = ""
    count: Int64 | None = None
    tolerations: tuple[DeviceToleration, ...] = ()
    capacity: CapacityRequirements | None = None
    derived_attributes: tuple[DerivedAttribute, ...] = ()


class DeviceRequest(ApiRecord, frozen=True, kw_only=True):
    """Either ``exactly`` or ``first_available``."""

    name: str
    exactly: ExactDeviceRequest | None = None
    first_available: tuple[DeviceSubRequest, ...] = ()


class DeviceConstraint(ApiRecord, frozen=True, kw_only=True):
    """A condition over all devices of the named requests (none named: all requests)."""

    requests: tuple[str, ...] = ()
    match_attribute: str | None = None
    distinct_attribute: str | None = None


class DeviceClaimConfiguration(ApiRecord, frozen=True, kw_only=True):
    """Configuration for the devices of the named requests (none named: all)."""

    requests: tuple[str, ...] = ()
    opaque: OpaqueDeviceConfiguration | None = None


class DeviceClaim(ApiRecord, frozen=True, kw_only=True):
    """Requests, the constraints between them, and their configuration."""

    requests: tuple[DeviceRequest, ...] = ()
    constraints: tuple[DeviceConstraint, ...] = ()
    config: tuple[DeviceClaimConfiguration, ...] = ()


class ResourceClaimSpec(ApiRecord, frozen=True, kw_only=True):
    """What is asked for; immutable."""

    devices: DeviceClaim = DeviceClaim()


class DeviceRequestAllocationResult(ApiRecord, frozen=True, kw_only=True):
    """One allocated device. ``request`` is ``name`` or ``name/subrequest``."""

    request: str
    driver: str
    pool: str
    device: str
    admin_access: bool | None = None
    tolerations: tuple[DeviceToleration, ...] = ()
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    share_id: str | None = msgspec.field(name="shareID", default=None)
    consumed_capacity: Mapping[str, Amount] = {}
    skip_node_operations: tuple[str, ...] = ()


class DeviceAllocationConfiguration(ApiRecord, frozen=True, kw_only=True):
    """Configuration as it reaches the driver: whose it was, and for which requests (none named: all)."""

    source: Literal["FromClass", "FromClaim"]
    requests: tuple[str, ...] = ()
    opaque: OpaqueDeviceConfiguration | None = None


class DeviceAllocationResult(ApiRecord, frozen=True, kw_only=True):
    """The devices of a claim, in the order of its requests."""

    results: tuple[DeviceRequestAllocationResult, ...] = ()
    config: tuple[DeviceAllocationConfiguration, ...] = ()


class AllocationResult(ApiRecord, frozen=True, kw_only=True):
    """What a claim got, and on which nodes it can be used (no selector: on all)."""

    devices: DeviceAllocationResult = DeviceAllocationResult()
    node_selector: NodeSelector | None = None
    allocation_timestamp: str | None = None


class ResourceClaimConsumerReference(ApiRecord, frozen=True, kw_only=True):
    """A pod or pod group that may use the claim."""

    api_group: str = ""
    resource: str
    name: str
    uid: str


class Condition(PartialApiRecord, frozen=True, kw_only=True):
    """A condition (meta/v1)."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None
    observed_generation: int | None = None


class NetworkDeviceData(ApiRecord, frozen=True, kw_only=True):
    """What a network driver tells about an interface."""

    interface_name: str = ""
    ips: tuple[str, ...] = ()
    hardware_address: str = ""


class AllocatedDeviceStatus(ApiRecord, frozen=True, kw_only=True):
    """What the driver reports about one allocated device."""

    driver: str
    pool: str
    device: str
    share_id: str | None = msgspec.field(name="shareID", default=None)
    conditions: tuple[Condition, ...] = ()
    data: JsonObject | None = None
    network_data: NetworkDeviceData | None = None


class ResourceClaimStatus(ApiRecord, frozen=True, kw_only=True):
    """What was allocated, to whom it is reserved, how its devices are."""

    allocation: AllocationResult | None = None
    reserved_for: tuple[ResourceClaimConsumerReference, ...] = ()
    devices: tuple[AllocatedDeviceStatus, ...] = ()


class ResourceClaim(ApiRecord, frozen=True, kw_only=True):
    """A claim on devices."""

    api_version: str = "resource.k8s.io/v1"
    kind: str = "ResourceClaim"
    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceClaimSpec = ResourceClaimSpec()
    status: ResourceClaimStatus = ResourceClaimStatus()


class ResourceClaimTemplateSpec(ApiRecord, frozen=True, kw_only=True):
    """Labels, annotations and spec of the claims made from the template."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceClaimSpec = ResourceClaimSpec()


class ResourceClaimTemplate(ApiRecord, frozen=True, kw_only=True):
    """What a pod's own claims are made from; immutable."""

    api_version: str = "resource.k8s.io/v1"
    kind: str = "ResourceClaimTemplate"
    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceClaimTemplateSpec
