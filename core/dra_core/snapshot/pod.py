"""Pod (core/v1): the part that decides where it goes and which claims it has. Other fields are left out."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.api_record import PartialApiRecord
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorTerm
from dra_core.snapshot.resource_claim import Condition


class ContainerClaim(PartialApiRecord, frozen=True, kw_only=True):
    """A claim of the pod that the container uses; ``request`` narrows it to one request."""

    name: str
    request: str = ""


class ResourceRequirements(PartialApiRecord, frozen=True, kw_only=True):
    """What a container asks of a node, as quantities, and which of the pod's claims it uses."""

    requests: Mapping[str, str] = {}
    limits: Mapping[str, str] = {}
    claims: tuple[ContainerClaim, ...] = ()


class Container(PartialApiRecord, frozen=True, kw_only=True):
    """A container, or an init container; one that restarts always is a sidecar and counts as running."""

    name: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str | None = None


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
    """Near (or away from) the selected pods, where near means the same value of a node label."""

    topology_key: str
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()


class PodAffinity(PartialApiRecord, frozen=True, kw_only=True):
    """Required terms of pod affinity or anti-affinity; preferred ones only rank nodes and are left out."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()


class Affinity(PartialApiRecord, frozen=True, kw_only=True):
    """Where a pod wants to be."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


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
    overhead: Mapping[str, str] = {}
    resource_claims: tuple[PodResourceClaim, ...] = ()
    scheduling_gates: tuple[SchedulingGate, ...] = ()
    scheduling_group: SchedulingGroup | None = None
    priority: int | None = None
    scheduler_name: str = ""


class PodResourceClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """Which claim was made for an entry of the pod; no name: none was needed."""

    name: str
    resource_claim_name: str | None = None


class PodExtendedResourceClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """The claim that the scheduler made for extended resources of the pod."""

    resource_claim_name: str = ""


class PodStatus(PartialApiRecord, frozen=True, kw_only=True):
    """How far a pod has come."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = ()
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None


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
