"""Pods that lose their node or their devices in a what-if: they wait again, and their own claims are open again."""

from __future__ import annotations

import msgspec

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimConsumerReference, ResourceClaimStatus


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
    leaving = {_group(pod) for pod in snapshot.pods if (pod.metadata.namespace, pod.metadata.name) in places}
    ended = leaving - {_group(pod) for pod in pods if pod.spec.node_name and not pod.finished}
    claims = tuple(_left(claim, places, uids, ended) for claim in snapshot.claims)
    return msgspec.structs.replace(snapshot, pods=pods, claims=claims)


def _group(pod: Pod) -> tuple[str, str]:
    """Namespace and name of the pod's group, "" for none."""
    group = pod.spec.scheduling_group
    return pod.metadata.namespace, (group.pod_group_name or "") if group is not None else ""


def _left(
    claim: ResourceClaim, places: set[tuple[str, str]], uids: set[str], groups: set[tuple[str, str]]
) -> ResourceClaim:
    consumers = claim.status.reserved_for
    kept = tuple(item for item in consumers if not _leaves(item, claim.metadata.namespace, places, uids, groups))
    if len(kept) == len(consumers):
        return claim
    if not kept:
        return msgspec.structs.replace(claim, status=ResourceClaimStatus())
    return msgspec.structs.replace(claim, status=msgspec.structs.replace(claim.status, reserved_for=kept))


def _leaves(
    consumer: ResourceClaimConsumerReference,
    namespace: str,
    places: set[tuple[str, str]],
    uids: set[str],
    groups: set[tuple[str, str]],
) -> bool:
    """Whether the consumer is one of the pods, or a group that has no pod on a node any more."""
    place = namespace, consumer.name
    match consumer.resource:
        case "pods":
            return consumer.uid in uids or place in places
        case "podgroups":
            return place in groups
        case _:
            return False


def released(snapshot: ClusterSnapshot, devices: frozenset[tuple[str, str, str]]) -> ClusterSnapshot:
    """Nobody holds the devices, and who did waits again."""
    hit = [
        claim
        for claim in snapshot.claims
        if claim.status.allocation is not None
        and any((item.driver, item.pool, item.device) in devices for item in claim.status.allocation.devices.results)
    ]
    named = {
        (item.resource, claim.metadata.namespace, item.name) for claim in hit for item in claim.status.reserved_for
    }
    users = {
        (pod.metadata.namespace, pod.metadata.name)
        for pod in snapshot.pods
        if ("pods", pod.metadata.namespace, pod.metadata.name) in named or ("podgroups", *_group(pod)) in named
    }
    after = waiting_again(snapshot, users)
    names = {(claim.metadata.namespace, claim.metadata.name) for claim in hit}
    claims = tuple(
        msgspec.structs.replace(claim, status=ResourceClaimStatus())
        if (claim.metadata.namespace, claim.metadata.name) in names
        else claim
        for claim in after.claims
    )
    return msgspec.structs.replace(after, claims=claims)
