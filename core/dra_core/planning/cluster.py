"""A snapshot made ready for questions: devices, what is in use and by whom, what nodes have left."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from dra_core.allocation.allocated import Allocated, DeviceId
from dra_core.allocation.features import DEFAULTS, Features
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.selectors import Language, Questions
from dra_core.allocation.taints import with_rules
from dra_core.planning.amounts import DEFAULT_PODS, PODS, nanos, requested
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.extended_resources import advertised, classes_by_resource, extended_claim
from dra_core.planning.neighbours import guards
from dra_core.planning.node_allocatable import PartsOfNodes, demand, parts_of_nodes
from dra_core.planning.pod_claims import ClaimIndex, PodClaims, Reference
from dra_core.planning.preferences import has_terms
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import LabelSelector, Pod
from dra_core.snapshot.resource_claim import DeviceRequestAllocationResult, ResourceClaim
from dra_core.snapshot.workload import Deployment, ReplicaSet, StatefulSet

NEWEST = max(DEFAULTS)
NONE_ADVERTISED: frozenset[str] = frozenset()


class Holder(msgspec.Struct, frozen=True):
    """Who holds a device or a share of it.

    Attributes:
        claim: ``namespace/name`` of the claim.
        pods: Names of the pods (or groups) that it is reserved for.
        result: What exactly was given.
    """

    claim: str
    pods: tuple[str, ...]
    result: DeviceRequestAllocationResult

    @property
    def text(self) -> str:
        """``namespace/claim (pod p)``."""
        if not self.pods:
            return f"{self.claim} (used by no pod)"
        more = f" and {len(self.pods) - 2} more" if len(self.pods) > 2 else ""
        return f"{self.claim} (pod {', '.join(self.pods[:2])}{more})"


class Cluster:
    """A snapshot, and what follows from it; nothing in it ever changes, so that everything is worked out once.

    Attributes:
        snapshot: The objects.
        features: The rules in force.
        questions: What CEL answered so far; shared with clusters derived from this one.
        assumed_nodes: The snapshot has no Nodes; they are made up from the slices' node names, without resources.
    """

    def __init__(
        self,
        snapshot: ClusterSnapshot,
        language: Language,
        features: Features | None = None,
        *,
        origin: Cluster | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.features = DEFAULTS[NEWEST] if features is None else features
        self.questions: Questions = Questions(language) if origin is None else origin.questions
        self.assumed_nodes = not snapshot.nodes
        self._language = language
        self._origin = origin

    def _same(self, *parts: str) -> Cluster | None:
        """The cluster that this one was made from, if these parts of its snapshot are still the same."""
        old = self._origin
        if old is None or any(getattr(old.snapshot, part) is not getattr(self.snapshot, part) for part in parts):
            return None
        return old

    def having(self, snapshot: ClusterSnapshot) -> Cluster:
        """The same cluster with another snapshot; what did not change is not worked out again."""
        return Cluster(snapshot, self._language, self.features, origin=self)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, by name."""
        old = self._same("nodes") if self.snapshot.nodes else self._same("nodes", "slices")
        if old is not None:
            return old.nodes
        found: Sequence[Node] = self.snapshot.nodes
        if not found:
            names = {item.spec.node_name for item in self.snapshot.slices if item.spec.node_name}
            found = [Node(metadata=ObjectMeta(name=name)) for name in names]
        return tuple(sorted(found, key=lambda node: natural(node.metadata.name)))

    @cached_property
    def inventory(self) -> Inventory:
        """All devices, with the taints of DeviceTaintRules where these are in force."""
        old, new = self._same("slices", "taint_rules"), self.snapshot
        if old is not None:
            return old.inventory
        rules = new.taint_rules if self.features.device_taints else ()
        return Inventory(with_rules(new.slices, rules), self.features)

    @cached_property
    def classes(self) -> Mapping[str, DeviceClass]:
        """DeviceClasses by name."""
        return {item.metadata.name: item for item in self.snapshot.classes}

    @cached_property
    def claims(self) -> ClaimIndex:
        """Claims and templates."""
        old = self._same("claims", "templates", "pod_groups")
        if old is not None:
            return old.claims
        return ClaimIndex(self.snapshot.claims, self.snapshot.templates, self.snapshot.pod_groups)

    @cached_property
    def allocated(self) -> Allocated:
        """What is in use."""
        old = self._origin
        if old is not None and _hold_the_same(old.snapshot.claims, self.snapshot.claims):
            return old.allocated
        return Allocated().with_claims(self.snapshot.claims)

    @cached_property
    def holders(self) -> Mapping[DeviceId, tuple[Holder, ...]]:
        """Who holds which device, admin access included."""
        old = self._same("claims")
        if old is not None:
            return old.holders
        found: dict[DeviceId, tuple[Holder, ...]] = {}
        for claim in self.snapshot.claims:
            allocation = claim.status.allocation
            if allocation is None:
                continue
            pods = tuple(consumer.name for consumer in claim.status.reserved_for)
            name = f"{claim.metadata.namespace}/{claim.metadata.name}"
            for result in allocation.devices.results:
                device = (result.driver, result.pool, result.device)
                found[device] = (*found.get(device, ()), Holder(name, pods, result))
        return found

    @cached_property
    def holder_names(self) -> Mapping[DeviceId, str]:
        """The same in words, without those who only have admin access."""
        return {
            device: ", ".join(dict.fromkeys(holder.text for holder in holders if not holder.result.admin_access))
            for device, holders in self.holders.items()
        }

    @cached_property
    def pods_on(self) -> Mapping[str, tuple[Pod, ...]]:
        """Running pods by node."""
        old = self._same("pods")
        if old is not None:
            return old.pods_on
        found: dict[str, list[Pod]] = {}
        for pod in self.snapshot.pods:
            if pod.spec.node_name and not pod.finished:
                found.setdefault(pod.spec.node_name, []).append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    @cached_property
    def used(self) -> Mapping[str, Mapping[str, int]]:
        """What the pods of each node request, in billionths by resource name."""
        old = self._same("pods", "nodes")
        if old is not None and old.extended == self.extended:
            return old.used
        nodes = {node.metadata.name: node for node in self.nodes}
        found: dict[str, Mapping[str, int]] = {}
        for name, pods in self.pods_on.items():
            given = self.advertised(nodes[name]) if name in nodes else NONE_ADVERTISED
            total: dict[str, int] = {}
            for pod in pods:
                for resource, amount in self.node_requests(pod, given).items():
                    total[resource] = total.get(resource, 0) + amount
            found[name] = total
        return found

    @cached_property
    def extended(self) -> Mapping[str, str]:
        """Extended resources that device classes stand for."""
        return classes_by_resource(self.snapshot.classes)

    @cached_property
    def parts_of_nodes(self) -> PartsOfNodes:
        """Devices that take node resources."""
        old = self._origin
        known = old is not None and old.inventory is self.inventory
        return old.parts_of_nodes if old is not None and known else parts_of_nodes(self.inventory)

    @cached_property
    def namespace_labels(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of namespaces, by name."""
        return {item.metadata.name: item.metadata.labels for item in self.snapshot.namespaces}

    @cached_property
    def placed_pods(self) -> tuple[tuple[Node, Pod], ...]:
        """Running pods with their nodes."""
        old = self._same("nodes", "slices", "pods")
        if old is not None:
            return old.placed_pods
        return tuple((node, pod) for node in self.nodes for pod in self.pods_on.get(node.metadata.name, ()))

    @cached_property
    def guarded(self) -> bool:
        """Whether any running pod keeps others away from where it is."""
        old = self._same("nodes", "slices", "pods")
        if old is not None:
            return old.guarded
        return any(guards(pod) for _, pod in self.placed_pods)

    @cached_property
    def sibling_selectors(self) -> Mapping[Reference, LabelSelector]:
        """What selects the pods of each ReplicaSet and StatefulSet, and of Deployments, which make ReplicaSets."""
        found: dict[Reference, LabelSelector] = {}
        for item in self.snapshot.workloads:
            if isinstance(item, Deployment | ReplicaSet | StatefulSet) and item.spec.selector is not None:
                found[Reference(item.kind, item.metadata.namespace, item.metadata.name)] = item.spec.selector
        return found

    @cached_property
    def minded(self) -> bool:
        """Whether the affinity of any running pod makes some nodes better than others."""
        return any(has_terms(pod) for _, pod in self.placed_pods)

    @cached_property
    def priorities(self) -> list[int]:
        """Of the running pods, the lowest first."""
        return sorted(pod.spec.priority or 0 for _, pod in self.placed_pods)

    def advertised(self, node: Node) -> frozenset[str]:
        """The resources, of those that classes stand for, that the node gives through a device plugin."""
        return advertised(node, self.extended)

    def node_requests(self, pod: Pod, given: frozenset[str] = NONE_ADVERTISED) -> Mapping[str, int]:
        """What the pod asks of a node, without the extended resources that it gets through claims there.

        Args:
            pod: Who asks.
            given: What the node gives through device plugins (``advertised``).
        """
        extended = self.extended
        amounts = requested(pod.spec, devices=demand(pod.status.node_allocatable_resource_claim_statuses))
        return {name: amount for name, amount in amounts.items() if name in given or name not in extended}

    @cached_property
    def _offers(self) -> dict[str, tuple[Mapping[str, str], Mapping[str, int]]]:
        """What nodes offer, with what it was worked out from: it is asked for again and again."""
        return {} if self._origin is None else self._origin._offers

    def offers(self, node: Node) -> Mapping[str, int] | None:
        """What the node can give pods, in billionths by resource name; None if nothing is known about it."""
        allocatable = node.status.allocatable
        if not allocatable:
            return None
        known = self._offers.get(node.metadata.name)
        if known is not None and known[0] is allocatable:
            return known[1]
        offered = {PODS: nanos(DEFAULT_PODS), **{name: nanos(text) for name, text in allocatable.items()}}
        self._offers[node.metadata.name] = allocatable, offered
        return offered

    def claims_of(self, pod: Pod, given: frozenset[str] = NONE_ADVERTISED) -> PodClaims:
        """The pod's claims, with the one that stands for its extended resources.

        Args:
            pod: Whose claims.
            given: What its node gives through device plugins (``advertised``), so that it needs no claim.
        """
        found = self.claims.of_pod(pod)
        if pod.status.extended_resource_claim_status is not None:
            return found
        classes = self.extended
        if given:
            classes = {name: device_class for name, device_class in classes.items() if name not in given}
        extended = extended_claim(pod, classes)
        return found if extended is None else PodClaims((*found.claims, extended), found.faults)

    def claim(self, namespace: str, name: str) -> ResourceClaim | None:
        """A claim by name."""
        return self.claims.claims.get((namespace, name))


def _hold_the_same(before: Sequence[ResourceClaim], after: Sequence[ResourceClaim]) -> bool:
    """Whether claims that were changed hold the devices that they held."""
    return before is after or (
        len(before) == len(after)
        and all(
            old is new or old.status.allocation is new.status.allocation for old, new in zip(before, after, strict=True)
        )
    )


_DIGITS = re.compile("([0-9]+)")


def natural(name: str) -> tuple[str | tuple[int, str], ...]:
    """A key that sorts node-2 before node-10."""
    parts = _DIGITS.split(f"{name}\0")  # texts and digits in turn
    return tuple([(int(part[:18]), part) if place % 2 else part for place, part in enumerate(parts)])
