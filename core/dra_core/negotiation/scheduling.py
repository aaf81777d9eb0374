"""A pod is being scheduled: which of the nodes do not do, and the allocation on the one that the scheduler selected.

Rules (KEP-3063; kube-scheduler's plugin DynamicResources and kube-controller-manager of 1.30):

- A context is obeyed only while its pod exists, is not being deleted, and owns it.
- With several claims the scheduler selects a node only after each has an entry in the status; with one it does at once.
- A pod that was given a node past the scheduler has a context without potential nodes: its node is all there is.
- All of the pod's claims fit on a node, or the node does for none of them.
- Entries of other drivers' claims are kept as they are.

What was said of a node stays true until it is not: the scheduler asks about nodes that it does not know to be
unsuitable, so that a node which is left out of the answer is asked about again, for ever, in turn with the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from returns.result import Failure

from dra_core.negotiation.allocating import next_writes
from dra_core.negotiation.cluster import ClassicCluster, Name
from dra_core.negotiation.complaints import complaint, nowhere
from dra_core.negotiation.effects import Decision, Effect, PatchContextStatus
from dra_core.negotiation.fitting import Fits, fitting
from dra_core.negotiation.wanted import Wanted, class_of, wanted
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_scheduling import (
    MOST_NODES,
    ClaimSchedulingStatus,
    ClassicPod,
    PodSchedulingContext,
)
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import JsonObject


class _Pending(msgspec.Struct, frozen=True):
    """A claim of the pod that the driver is to allocate: the pod's name for it, the claim, what it wants or why not."""

    entry: str
    claim: ClassicClaim
    wanted: Wanted | None
    faults: Refusals


def decide_scheduling(cluster: ClassicCluster, key: Name) -> Decision:
    """The answer to a PodSchedulingContext."""
    context, pod = cluster.contexts.get(key), cluster.pods.get(key)
    if context is None or pod is None or not _obeyed(context, pod):
        return Decision()
    selected = context.spec.selected_node
    asked = {*context.spec.potential_nodes, *([selected] if selected else [])}
    pending = _pending(cluster, pod)
    if not asked or not pending:
        return Decision(waiting=True)  # its claims may not have been seen yet
    nodes = sorted(asked | _told(context, pending))
    claims = [each.wanted for each in pending if each.wanted is not None]
    if len(claims) < len(pending):
        answer = _status(context, pending, nodes)
        return Decision(effects=(*_complaints(pod, pending), *answer), waiting=True)
    fits = {node_name: fitting(cluster, node_name, claims) for node_name in nodes}
    chosen = fits.get(selected)
    if isinstance(chosen, Fits):
        writes = next_writes(cluster.driver_name, cluster.finalizer, claims, chosen, pod)
        return Decision(effects=writes, waiting=True)
    why = {node_name: found.why for node_name, found in fits.items() if not isinstance(found, Fits)}
    told = _told_nowhere(pod, pending, why) if len(why) == len(nodes) else ()
    return Decision(effects=(*told, *_status(context, pending, [*why])), waiting=True)


def _obeyed(context: PodSchedulingContext, pod: ClassicPod) -> bool:
    if context.metadata.deletion_timestamp is not None or pod.metadata.deletion_timestamp is not None:
        return False
    return any(owner.controller and owner.uid == pod.metadata.uid for owner in context.metadata.owner_references)


def _pending(cluster: ClassicCluster, pod: ClassicPod) -> tuple[_Pending, ...]:
    """The pod's claims that wait for this driver, in the pod's order; a claim that is named twice counts once."""
    templated = {entry.name for entry in pod.spec.resource_claims if entry.source.resource_claim_name is None}
    found: dict[str, _Pending] = {}
    for entry, claim_name in pod.claim_names().items():
        claim = cluster.claims.get((pod.metadata.namespace, claim_name)) if claim_name else None
        if claim is None or not _waits(claim):
            continue
        resource_class = class_of(cluster, claim)
        if resource_class is None:
            continue
        read = wanted(cluster, claim, resource_class)
        if entry in templated and not _owned(claim, pod):
            found[entry] = _Pending(entry, claim, None, (_not_owned(claim, pod),))
        elif isinstance(read, Failure):
            wrong: Refusals = read.failure()
            found[entry] = _Pending(entry, claim, None, wrong)
        else:
            found[entry] = _Pending(entry, claim, read.unwrap(), ())
    return tuple(found.values())


def _waits(claim: ClassicClaim) -> bool:
    """Whether the claim is to be allocated for its first pod, and is not yet."""
    return (
        claim.spec.allocation_mode == "WaitForFirstConsumer"
        and claim.status.allocation is None
        and claim.metadata.deletion_timestamp is None
    )


def _told(context: PodSchedulingContext, pending: Sequence[_Pending]) -> set[str]:
    """The nodes that were unsuitable when the claims were looked at the last time."""
    ours = {each.entry for each in pending}
    told = (status for status in context.status.resource_claims if status.name in ours)
    return {node_name for status in told for node_name in status.unsuitable_nodes}


def _owned(claim: ClassicClaim, pod: ClassicPod) -> bool:
    return any(owner.controller and owner.uid == pod.metadata.uid for owner in claim.metadata.owner_references)


def _not_owned(claim: ClassicClaim, pod: ClassicPod) -> Refusal:
    return Refusal(
        code="ClaimNotOwned",
        fault=Fault.USER,
        path=f"resourceclaim {claim.metadata.name}: metadata.ownerReferences",
        seen=f"the claim was not made for the pod {pod.metadata.name}",
        hint="delete the pod, then the claim; both are made again",
    )


def _complaints(pod: ClassicPod, pending: Sequence[_Pending]) -> tuple[Effect, ...]:
    """On each claim what is wrong with it, on the pod all of it."""
    wrong = [each for each in pending if each.faults]
    claims = [complaint(each.claim.metadata, each.claim.api_version, each.claim.kind, each.faults) for each in wrong]
    every = tuple(fault.below(f"resourceClaims[{each.entry}]") for each in wrong for fault in each.faults)
    return (*claims, complaint(pod.metadata, "v1", "Pod", every))


def _told_nowhere(pod: ClassicPod, pending: Sequence[_Pending], why: Mapping[str, Refusals]) -> tuple[Effect, ...]:
    """On each claim and on the pod, why no node does. With a node that does, the others need no explanation."""
    refusal = nowhere(fault for faults in why.values() for fault in faults)
    claims = [complaint(each.claim.metadata, each.claim.api_version, each.claim.kind, (refusal,)) for each in pending]
    entries = ", ".join(each.entry for each in pending)
    return (*claims, complaint(pod.metadata, "v1", "Pod", (refusal.below(f"resourceClaims[{entries}]"),)))


def _status(
    context: PodSchedulingContext, pending: Sequence[_Pending], unsuitable: Sequence[str]
) -> tuple[Effect, ...]:
    """The write that says which nodes do not do for the claims, if the status does not say so already.

    Of more nodes than the API server takes the selected one is told first, for the scheduler waits for it, then those
    that it asks about.
    """
    selected, asked = context.spec.selected_node, frozenset(context.spec.potential_nodes)
    told = sorted(unsuitable, key=lambda name: (name != selected, name not in asked, name))[:MOST_NODES]
    ours: Mapping[str, ClaimSchedulingStatus] = {
        each.entry: ClaimSchedulingStatus(name=each.entry, unsuitable_nodes=tuple(sorted(told))) for each in pending
    }
    before = context.status.resource_claims
    known = {status.name for status in before}
    after = (
        *(ours.get(status.name, status) for status in before),
        *(status for name, status in ours.items() if name not in known),
    )
    if after == before:
        return ()
    meta = context.metadata
    patch: JsonObject = {
        "metadata": {"resourceVersion": meta.resource_version, "uid": meta.uid},
        "status": {"resourceClaims": [encode(status) for status in after]},
    }
    return (PatchContextStatus(meta.namespace, meta.name, patch),)
