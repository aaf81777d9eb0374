"""PodSchedulingContext of resource.k8s.io/v1alpha2 (1.30): where the scheduler and the drivers agree on a node.

The scheduler names nodes that come into question, each driver's controller says which of them do not do for its
claims, the scheduler selects one, the controllers allocate there.
"""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.api_record import ApiRecord, PartialApiRecord
from dra_core.snapshot.metadata import ObjectMeta

MOST_NODES = 128
"""PodSchedulingNodeListMaxSize, of ``potentialNodes`` and of ``unsuitableNodes``."""


class PodSchedulingContextSpec(ApiRecord, frozen=True, kw_only=True):
    """What the scheduler says."""

    selected_node: str = ""
    potential_nodes: tuple[str, ...] = ()


class ClaimSchedulingStatus(ApiRecord, frozen=True, kw_only=True):
    """Where one of the pod's claims cannot be allocated; ``name`` is the entry in the pod, not the claim."""

    name: str = ""
    unsuitable_nodes: tuple[str, ...] = ()


class PodSchedulingContextStatus(ApiRecord, frozen=True, kw_only=True):
    """What the drivers say, an entry for each claim."""

    resource_claims: tuple[ClaimSchedulingStatus, ...] = ()


class PodSchedulingContext(ApiRecord, frozen=True, kw_only=True):
    """Named like the pod, which owns it as its controller."""

    api_version: str = "resource.k8s.io/v1alpha2"
    kind: str = "PodSchedulingContext"
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSchedulingContextSpec = PodSchedulingContextSpec()
    status: PodSchedulingContextStatus = PodSchedulingContextStatus()


class ClaimSource(PartialApiRecord, frozen=True, kw_only=True):
    """Where a pod's claim comes from: it exists, or is made from a template."""

    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class ClassicPodClaim(PartialApiRecord, frozen=True, kw_only=True):
    """A claim of the pod, as pods of 1.30 write it."""

    name: str
    source: ClaimSource = ClaimSource()


class ClassicPodClaimStatus(PartialApiRecord, frozen=True, kw_only=True):
    """Which claim was made for an entry; no name: none is needed."""

    name: str
    resource_claim_name: str | None = None


class ClassicPodSpec(PartialApiRecord, frozen=True, kw_only=True):
    """The part of a pod that names its claims and its node."""

    node_name: str = ""
    resource_claims: tuple[ClassicPodClaim, ...] = ()


class ClassicPodStatus(PartialApiRecord, frozen=True, kw_only=True):
    """The part of a pod's status that names generated claims."""

    phase: str = ""
    resource_claim_statuses: tuple[ClassicPodClaimStatus, ...] = ()


class ClassicPod(PartialApiRecord, frozen=True, kw_only=True):
    """A Pod (core/v1) of Kubernetes 1.30, as far as its claims go."""

    api_version: str = "v1"
    kind: str = "Pod"
    metadata: ObjectMeta = ObjectMeta()
    spec: ClassicPodSpec = ClassicPodSpec()
    status: ClassicPodStatus = ClassicPodStatus()

    def claim_names(self) -> Mapping[str, str | None]:
        """The ResourceClaim behind each entry of the pod; None: not made yet, or not needed."""
        made = {status.name: status.resource_claim_name for status in self.status.resource_claim_statuses}
        return {
            entry.name: entry.source.resource_claim_name or made.get(entry.name) for entry in self.spec.resource_claims
        }
