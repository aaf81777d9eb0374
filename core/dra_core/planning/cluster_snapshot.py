"""A cluster at one moment: every object that decides where pods go and which devices they get."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimTemplate
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.workload import Namespace, PodGroup, PriorityClass, RuntimeClass, Workload


class ClusterSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The objects, each kind in the order in which it was read; no two of a kind have the same namespace and name."""

    nodes: tuple[Node, ...] = ()
    slices: tuple[ResourceSlice, ...] = ()
    classes: tuple[DeviceClass, ...] = ()
    claims: tuple[ResourceClaim, ...] = ()
    templates: tuple[ResourceClaimTemplate, ...] = ()
    taint_rules: tuple[DeviceTaintRule, ...] = ()
    pods: tuple[Pod, ...] = ()
    workloads: tuple[Workload, ...] = ()
    pod_groups: tuple[PodGroup, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    runtime_classes: tuple[RuntimeClass, ...] = ()
    priority_classes: tuple[PriorityClass, ...] = ()

    @property
    def known_nodes(self) -> tuple[Node, ...]:
        """The nodes; if there are none, those that slices name, without resources."""
        if self.nodes:
            return self.nodes
        names = dict.fromkeys(item.spec.node_name for item in self.slices if item.spec.node_name)
        return tuple(Node(metadata=ObjectMeta(name=name)) for name in names)

    @property
    def describes_a_cluster(self) -> bool:
        """Whether there is anything to place pods on; files with workloads alone have to be joined with a cluster."""
        return bool(self.nodes or self.slices)

    def joined(self, other: ClusterSnapshot) -> ClusterSnapshot:
        """Both together; where both hold an object of the same name, the other's counts."""
        return ClusterSnapshot(
            nodes=_joined(self.nodes, other.nodes),
            slices=_joined(self.slices, other.slices),
            classes=_joined(self.classes, other.classes),
            claims=_joined(self.claims, other.claims),
            templates=_joined(self.templates, other.templates),
            taint_rules=_joined(self.taint_rules, other.taint_rules),
            pods=_joined(self.pods, other.pods),
            workloads=_joined(self.workloads, other.workloads),
            pod_groups=_joined(self.pod_groups, other.pod_groups),
            namespaces=_joined(self.namespaces, other.namespaces),
            runtime_classes=_joined(self.runtime_classes, other.runtime_classes),
            priority_classes=_joined(self.priority_classes, other.priority_classes),
        )


class _Named(Protocol):
    """What all records of objects have."""

    @property
    def kind(self) -> str: ...

    @property
    def metadata(self) -> ObjectMeta: ...


_Object = TypeVar("_Object", bound=_Named)


def _joined(first: tuple[_Object, ...], second: tuple[_Object, ...]) -> tuple[_Object, ...]:
    if not second:
        return first
    return tuple({name_of(item): item for item in (*first, *second)}.values())


def name_of(item: _Named) -> tuple[str, str, str]:
    """Kind, namespace ("" for none) and name: what no two objects of a cluster share."""
    return item.kind, item.metadata.namespace, item.metadata.name
