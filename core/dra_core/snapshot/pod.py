"""Pod (core/v1): the part that decides where it goes and which claims it has. Other fields are left out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.snapshot.api_record import PartialApiRecord
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorTerm
from dra_core.snapshot.quantity import Amount
from dra_core.snapshot.resource_claim import Condition


class ContainerClaim(PartialApiRecord, frozen=True, kw_only=True):
    """A claim of the pod that the container uses; ``request`` narrows it to one request."""

    name: str
    request: str = ""


class ResourceRequirements(PartialApiRecord, frozen=True, kw_only=True):
    """What a container asks of a node, as quantities, and which of the pod's claims it uses."""

    requests: Mapping[str, Amount] = {}
    limits: Mapping[str, Amount] = {}
    claims: tuple[ContainerClaim, ...] = ()


class ContainerPort(PartialApiRecord, frozen=True, kw_only=True):
    """A port; one with ``host_port`` is taken on the node. No protocol means TCP, no address every one."""

    container_port: int = 0
    host_port: int = 0
    host_ip: str = msgspec.field(name="hostIP", default="")
    protocol: str = ""


class Container(PartialApiRecord, frozen=True, kw_only=True):
    """A container, or an init container; one that restarts always is a sidecar and counts as running."""

    name: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str | None = None
    ports: tuple[ContainerPort, ...] = ()

    @property
    def runs_on(self) -> bool:
        """Whether an init container is a sidecar."""
        return self.restart_policy == "Always"


class Toleration(PartialApiRecord, frozen=True, kw_only=True):
    """Accepts nodes with a matching taint."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class PreferredSchedulingTerm(PartialApiRecord, frozen=True, kw_only=True):
    """Nodes that are liked; ``weight`` is 1 to 100."""

    weight: int = 1
    preference: NodeSelectorTerm = NodeSelectorTerm()


class NodeAffinity(PartialApiRecord, frozen=True, kw_only=True):
    """Which nodes are required, and which are liked."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = ()


class LabelSelectorRequirement(PartialApiRecord, frozen=True, kw_only=True):
    """One condition on a label (meta/v1)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(PartialApiRecord, frozen=True, kw_only=True):
    """Conditions on labels that must all hold (meta/v1)."""

    match_labels: Mapping[str, str] = {}
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class PodAffinityTerm(PartialApiRecord, frozen=True, kw_only=True):
    """Near (or away from) the selected pods, where near means the same value of a node label.

    Without ``namespaces`` and ``namespace_selector`` the pod's own namespace is meant.
    """

    topology_key: str
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


class WeightedPodAffinityTerm(PartialApiRecord, frozen=True, kw_only=True):
    """Pods that it is liked to be near, or away from."""

    weight: int = 1
    pod_affinity_term: PodAffinityTerm


class PodAffinity(PartialApiRecord, frozen=True, kw_only=True):
    """Pod affinity or anti-affinity: what is required, and what is liked."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()


class Affinity(PartialApiRecord, frozen=True, kw_only=True):
    """Where a pod wants to be."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TopologySpreadConstraint(PartialApiRecord, frozen=True, kw_only=True):
    """How unevenly the selected pods may be spread over the values of a node label."""

    max_skew: int = 1
    topology_key: str = ""
    when_unsatisfiable: str = "DoNotSchedule"
    label_selector: LabelSelector | None = None
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: tuple[str, ...] = ()


class ClaimedVolume(PartialApiRecord, frozen=True, kw_only=True):
    """A PersistentVolumeClaim as a volume."""

    claim_name: str = ""


class EphemeralVolume(PartialApiRecord, frozen=True, kw_only=True):
    """A volume made for the pod."""


class Volume(PartialApiRecord, frozen=True, kw_only=True):
    """A volume, as far as it may keep the pod away from nodes."""

    name: str = ""
    persistent_volume_claim: ClaimedVolume | None = None
    ephemeral: EphemeralVolume | None = None


class PodResourceClaim(PartialApiRecord, frozen=True, kw_only=True):
    """A claim of the pod: an existing one by name, or one of its own made from a template."""

    name: str
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class SchedulingGate(PartialApiRecord, frozen=True, kw_only=True):
    """Keeps the scheduler away until somebody removes it."""

    name: str


class SchedulingGroup(PartialApiRecord, frozen=True, kw_only=True):
    """The PodGroup that the pod belongs to (scheduling.k8s.io)."""

    pod_group_name: str | None = None


class PodSpec(PartialApiRecord, frozen=True, kw_only=True):
    """What a pod wants."""

    node_name: str = ""
    node_selector: Mapping[str, str] = {}
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] = ()
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    resources: ResourceRequirements | None = None
    overhead: Mapping[str, Amount] = {}
    host_network: bool = False
    runtime_class_name: str | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    volumes: tuple[Volume, ...] = ()
    resource_claims: tuple[PodResourceClaim, ...] = ()
    scheduling_gates: tuple[SchedulingGate, ...] = ()
    scheduling_group: SchedulingGroup | None = None
    priority: int | None = None
    priority_class_name: str = ""
    preemption_policy: str | None = None
    scheduler_name: str = ""


class PodResourceClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """Which claim was made for an entry of the pod; no name: none was needed."""

    name: str
    resource_claim_name: str | None = None


class PodExtendedResourceClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """The claim that the scheduler made for extended resources of the pod."""

    resource_claim_name: str = ""


class MappedNodeResource(PartialApiRecord, frozen=True, kw_only=True):
    """How much of a node resource a claim's devices are."""

    name: str
    quantity: Amount | None = None


class NodeResourceOverhead(PartialApiRecord, frozen=True, kw_only=True):
    """What a claim's devices cost of a node resource on top."""

    name: str
    per_pod: Amount | None = None
    per_container: Amount | None = None


class NodeAllocatableClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """What a claim takes of the node's resources (gate DRANodeAllocatableResources, the shape of 1.37)."""

    resource_claim_name: str = ""
    containers: tuple[str, ...] = ()
    mapping: tuple[MappedNodeResource, ...] = ()
    overhead: tuple[NodeResourceOverhead, ...] = ()


class PodStatus(PartialApiRecord, frozen=True, kw_only=True):
    """How far a pod has come."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = ()
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    node_allocatable_resource_claim_statuses: tuple[NodeAllocatableClaimStatus, ...] = ()


class Pod(PartialApiRecord, frozen=True, kw_only=True):
    """A pod as planning sees it."""

    api_version: str = "v1"
    kind: str = "Pod"
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def finished(self) -> bool:
        """Whether no container of it will run any more (core/v1 PodPhase)."""
        return self.status.phase in ("Succeeded", "Failed")
