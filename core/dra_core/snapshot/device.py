"""Device, as a ResourceSlice of resource.k8s.io/v1 lists it (Kubernetes 1.34–1.37)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.snapshot.api_record import ApiRecord, Int64
from dra_core.snapshot.node_selector import NodeSelector
from dra_core.snapshot.quantity import Amount


class DeviceAttribute(ApiRecord, frozen=True, kw_only=True):
    """A value of exactly one type. The list types need the gate DRAListTypeAttributes (1.36+)."""

    int_value: Int64 | None = msgspec.field(name="int", default=None)
    bool_value: bool | None = msgspec.field(name="bool", default=None)
    string_value: str | None = msgspec.field(name="string", default=None)
    version_value: str | None = msgspec.field(name="version", default=None)
    ints_value: tuple[Int64, ...] | None = msgspec.field(name="ints", default=None)
    bools_value: tuple[bool, ...] | None = msgspec.field(name="bools", default=None)
    strings_value: tuple[str, ...] | None = msgspec.field(name="strings", default=None)
    versions_value: tuple[str, ...] | None = msgspec.field(name="versions", default=None)


class CapacityRequestPolicyRange(ApiRecord, frozen=True, kw_only=True):
    """Amounts from ``min`` to ``max`` in steps of ``step`` (quantities)."""

    min: Amount | None = None
    max: Amount | None = None
    step: Amount | None = None


class CapacityRequestPolicy(ApiRecord, frozen=True, kw_only=True):
    """Which amounts of a shared device's capacity may be asked for."""

    default: Amount | None = None
    valid_values: tuple[Amount, ...] = ()
    valid_range: CapacityRequestPolicyRange | None = None


class DeviceCapacity(ApiRecord, frozen=True, kw_only=True):
    """An amount, as a Kubernetes quantity."""

    value: Amount
    request_policy: CapacityRequestPolicy | None = None


class Counter(ApiRecord, frozen=True, kw_only=True):
    """An amount of something that several devices share."""

    value: Amount


class CounterSet(ApiRecord, frozen=True, kw_only=True):
    """A named set of counters that the pool's devices draw from."""

    name: str
    counters: Mapping[str, Counter] = {}


class DeviceCounterConsumption(ApiRecord, frozen=True, kw_only=True):
    """What a device takes from a counter set while it is allocated."""

    counter_set: str
    counters: Mapping[str, Counter] = {}
    compatibility_groups: tuple[str, ...] = ()


class DeviceTaint(ApiRecord, frozen=True, kw_only=True):
    """Keeps claims without a matching toleration away from the device."""

    key: str
    value: str = ""
    effect: str
    time_added: str | None = None


class NodeAllocatableMapping(ApiRecord, frozen=True, kw_only=True):
    """How much of a node resource an allocated device stands for (1.37)."""

    capacity_key: str | None = None
    capacity_multiplier: Amount | None = None
    device_multiplier: Amount | None = None


class NodeAllocatableOverhead(ApiRecord, frozen=True, kw_only=True):
    """What using the device costs on top (1.37)."""

    per_pod: Amount | None = None
    per_container: Amount | None = None


class NodeAllocatableResource(ApiRecord, frozen=True, kw_only=True):
    """A device's share of a node resource such as cpu (gate DRANodeAllocatableResources, the shape of 1.37)."""

    mapping: NodeAllocatableMapping | None = None
    overhead: NodeAllocatableOverhead | None = None


class NodeAllocatableResourceMapping(ApiRecord, frozen=True, kw_only=True):
    """The same in the shape of 1.36."""

    capacity_key: str | None = None
    allocation_multiplier: Amount | None = None


class Device(ApiRecord, frozen=True, kw_only=True):
    """One device of a pool. Attribute and capacity names are ``domain/id`` or, in the driver's own domain, ``id``."""

    name: str
    attributes: Mapping[str, DeviceAttribute] = {}
    capacity: Mapping[str, DeviceCapacity] = {}
    consumes_counters: tuple[DeviceCounterConsumption, ...] = ()
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    all_nodes: bool | None = None
    taints: tuple[DeviceTaint, ...] = ()
    binds_to_node: bool | None = None
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    allow_multiple_allocations: bool | None = None
    node_allocatable_resources: Mapping[str, NodeAllocatableResource] = {}
    node_allocatable_resource_mappings: Mapping[str, NodeAllocatableResourceMapping] = {}
