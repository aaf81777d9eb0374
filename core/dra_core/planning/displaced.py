"""Pods that lose their node or their devices in a what-if: they wait again, and their own claims are open again."""

from __future__ import annotations

import msgspec

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimStatus


def waiting_again(snapshot: ClusterSnapshot, places: set[tuple[str, str]]) -> ClusterSnapshot:
    """The pods without their node; claims that nobody else uses are open again."""
    uids = {
        pod.metadata.uid
        for pod in snapshot.pods
        if (pod.metadata.namespace, pod.metadata.name) in places and pod.metadata.uid
    }
    pods = tuple(
        msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, node_name=""))
        if (pod.metadata.namespace, pod.metadata.name) in places
        else pod
        for pod in snapshot.pods
    )
    claims = tuple(_left(claim, places, uids) for claim in snapshot.claims)
    return msgspec.structs.replace(snapshot, pods=pods, claims=claims)


def _left(claim: ResourceClaim, places: set[tuple[str, str]], uids: set[str]) -> ResourceClaim:
    consumers = claim.status.reserved_for
    kept = tuple(
        item
        for item in consumers
        if item.resource != "pods" or (item.uid not in uids and (claim.metadata.namespace, item.name) not in places)
    )
    if len(kept) == len(consumers):
        return claim
    if not kept:
        return msgspec.structs.replace(claim, status=ResourceClaimStatus())
    return msgspec.structs.replace(claim, status=msgspec.structs.replace(claim.status, reserved_for=kept))


def released(snapshot: ClusterSnapshot, devices: frozenset[tuple[str, str, str]]) -> ClusterSnapshot:
    """Nobody holds the devices, and who did waits again."""
    hit = [
        claim
        for claim in snapshot.claims
        if claim.status.allocation is not None
        and any((item.driver, item.pool, item.device) in devices for item in claim.status.allocation.devices.results)
    ]
    users = {(claim.metadata.namespace, item.name) for claim in hit for item in claim.status.reserved_for}
    after = waiting_again(snapshot, users)
    names = {(claim.metadata.namespace, claim.metadata.name) for claim in hit}
    claims = tuple(
        msgspec.structs.replace(claim, status=ResourceClaimStatus())
        if (claim.metadata.namespace, claim.metadata.name) in names
        else claim
        for claim in after.claims
    )
    return msgspec.structs.replace(after, claims=claims)
