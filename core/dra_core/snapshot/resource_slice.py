"""ResourceSlice (resource.k8s.io/v1): some or all devices of one pool, published by a driver."""

from __future__ import annotations

from dra_core.snapshot.api_record import ApiRecord, Int64
from dra_core.snapshot.device import CounterSet, Device
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector


class ResourcePool(ApiRecord, frozen=True, kw_only=True):
    """Which pool a slice belongs to.

    The pool is complete when ``resource_slice_count`` slices of its newest generation exist.
    """

    name: str
    generation: Int64 = 0
    resource_slice_count: Int64


class ResourceSliceSpec(ApiRecord, frozen=True, kw_only=True):
    """Exactly one of node_name, node_selector, all_nodes, per_device_node_selection says where devices can be used."""

    driver: str
    pool: ResourcePool
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    all_nodes: bool | None = None
    per_device_node_selection: bool | None = None
    devices: tuple[Device, ...] = ()
    shared_counters: tuple[CounterSet, ...] = ()
    partition_type_attribute: str | None = None
    skip_node_operations: tuple[str, ...] = ()


class ResourceSlice(ApiRecord, frozen=True, kw_only=True):
    """A slice of a pool."""

    api_version: str = "resource.k8s.io/v1"
    kind: str = "ResourceSlice"
    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceSliceSpec
