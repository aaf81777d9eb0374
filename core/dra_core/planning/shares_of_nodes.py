"""What a pod's claims take of a node's own resources: those that have devices, and those that get them on the node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.allocation.search import Solution
from dra_core.planning.node_allocatable import PartsOfNodes, Taken, claim_status
from dra_core.planning.node_rules import NodeRefusal
from dra_core.planning.pod_claims import PodClaim, PodClaims
from dra_core.snapshot.pod import NodeAllocatableClaimStatus, Pod
from dra_core.snapshot.quantity import parse
from dra_core.snapshot.resource_claim import ResourceClaim


def statuses_on(
    parts: PartsOfNodes, pod: Pod, claims: PodClaims, solution: Solution
) -> tuple[NodeAllocatableClaimStatus, ...] | str:
    """For each claim that takes node resources what the scheduler notes in the pod's status; or an error in words.

    Args:
        parts: The devices that take node resources.
        pod: Whose claims.
        claims: Its claims.
        solution: What the open ones get.
    """
    found: list[NodeAllocatableClaimStatus] = []
    for entry, name, taken in (*_having(claims.allocated), *_getting(claims.open, solution)):
        status = claim_status(pod, entry, name, taken, parts)
        if isinstance(status, str):
            return status
        if status is not None:
            found.append(status)
    return tuple(sorted(found, key=lambda item: item.resource_claim_name))


def not_shared(parts: PartsOfNodes, pod: Pod, claims: Sequence[PodClaim]) -> NodeRefusal | None:
    """A claim with a device that is a part of the node's resources is for one pod alone."""
    for item in claims if parts else ():
        mapped = any(
            part.mapping is not None for taken in _taken(item.claim) for part in parts.get(taken.device, {}).values()
        )
        others = [user for user in item.claim.status.reserved_for if user.resource != "pods" or not _is(pod, user.uid)]
        if mapped and others and len(others) == len(item.claim.status.reserved_for):
            user = others[0].name
            seen = f"claim {item.claim.metadata.name} has devices that are node resources, and {user} uses it"
            return NodeRefusal("ClaimNotShared", seen)
    return None


def _is(pod: Pod, uid: str) -> bool:
    return bool(pod.metadata.uid) and pod.metadata.uid == uid


def _having(claims: Sequence[PodClaim]) -> Iterator[tuple[str, str, list[Taken]]]:
    for item in claims:
        yield item.entry, item.claim.metadata.name, _taken(item.claim)


def _taken(claim: ResourceClaim) -> list[Taken]:
    allocation = claim.status.allocation
    found: list[Taken] = []
    for item in allocation.devices.results if allocation is not None else ():
        consumed = {
            name: amount for name, text in item.consumed_capacity.items() if (amount := parse(text)) is not None
        }
        found.append(Taken((item.driver, item.pool, item.device), consumed or None))
    return found


def _getting(claims: Sequence[PodClaim], solution: Solution) -> Iterator[tuple[str, str, list[Taken]]]:
    for item, chosen in zip(claims, solution.chosen, strict=True):
        taken = [Taken(one.candidate.device.id, one.consumed or None) for one in chosen]
        yield item.entry, item.claim.metadata.name, taken
