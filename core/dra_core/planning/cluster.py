"""A snapshot made ready for questions: devices, what is in use and by whom, what nodes have left."""

from __future__ import annotations

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
from dra_core.planning.extended_resources import classes_by_resource, extended_claim
from dra_core.planning.pod_claims import ClaimIndex, PodClaims
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import DeviceRequestAllocationResult, ResourceClaim

NEWEST = max(DEFAULTS)


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

    def having(self, snapshot: ClusterSnapshot) -> Cluster:
        """The same cluster with another snapshot; what did not change is not worked out again."""
        return Cluster(snapshot, self._language, self.features, origin=self)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, by name."""
        found: Sequence[Node] = self.snapshot.nodes
        if not found:
            names = {item.spec.node_name for item in self.snapshot.slices if item.spec.node_name}
            found = [Node(metadata=ObjectMeta(name=name)) for name in names]
        return tuple(sorted(found, key=lambda node: natural(node.metadata.name)))

    @cached_property
    def inventory(self) -> Inventory:
        """All devices, with the taints of DeviceTaintRules where these are in force."""
        old = self._origin
        new = self.snapshot
        if old is not None and old.snapshot.slices is new.slices and old.snapshot.taint_rules is new.taint_rules:
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
        return ClaimIndex(self.snapshot.claims, self.snapshot.templates, self.snapshot.pod_groups)

    @cached_property
    def allocated(self) -> Allocated:
        """What is in use."""
        old = self._origin
        if old is not None and old.snapshot.claims is self.snapshot.claims:
            return old.allocated
        return Allocated().with_claims(self.snapshot.claims)

    @cached_property
    def holders(self) -> Mapping[DeviceId, tuple[Holder, ...]]:
        """Who holds which device, admin access included."""
        old = self._origin
        if old is not None and old.snapshot.claims is self.snapshot.claims:
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
        found: dict[str, list[Pod]] = {}
        for pod in self.snapshot.pods:
            if pod.spec.node_name and not pod.finished:
                found.setdefault(pod.spec.node_name, []).append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    @cached_property
    def used(self) -> Mapping[str, Mapping[str, int]]:
        """What the pods of each node request, in billionths by resource name."""
        old = self._origin
        if old is not None and old.snapshot.pods is self.snapshot.pods:
            return old.used
        found: dict[str, Mapping[str, int]] = {}
        for name, pods in self.pods_on.items():
            total: dict[str, int] = {}
            for pod in pods:
                for resource, amount in self.node_requests(pod).items():
                    total[resource] = total.get(resource, 0) + amount
            found[name] = total
        return found

    @cached_property
    def extended(self) -> Mapping[str, str]:
        """Extended resources that device classes stand for."""
        return classes_by_resource(self.snapshot.classes, self.nodes)

    def node_requests(self, pod: Pod) -> Mapping[str, int]:
        """What the pod asks of a node, without the extended resources that classes stand for."""
        return {name: amount for name, amount in requested(pod.spec).items() if name not in self.extended}

    def offers(self, node: Node) -> Mapping[str, int] | None:
        """What the node can give pods, in billionths by resource name; None if nothing is known about it."""
        allocatable = node.status.allocatable
        if not allocatable:
            return None
        return {PODS: nanos(DEFAULT_PODS), **{name: nanos(text) for name, text in allocatable.items()}}

    def claims_of(self, pod: Pod) -> PodClaims:
        """The pod's claims, with the one that stands for its extended resources."""
        found = self.claims.of_pod(pod)
        if pod.status.extended_resource_claim_status is not None:
            return found
        extended = extended_claim(pod, self.extended)
        return found if extended is None else PodClaims((*found.claims, extended), found.faults)

    def claim(self, namespace: str, name: str) -> ResourceClaim | None:
        """A claim by name."""
        return self.claims.claims.get((namespace, name))


def natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """A key that sorts node-2 before node-10."""
    parts: list[tuple[bool, int, str]] = []
    digits = ""
    for character in f"{name}\0":
        if character.isdecimal() and character.isascii():
            digits += character
            continue
        if digits:
            parts.append((False, int(digits[:18]), digits))
            digits = ""
        parts.append((True, 0, character))
    return tuple(parts)
