"""What a pod's claims say about its nodes (kube-scheduler 1.30, plugin DynamicResources: PreFilter and Filter)."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.controllers.classic_claims import can_be_reserved, is_delayed, is_reserved_for
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.world.node_rules import node_selector_selects
from dra_sandbox.world.objects import (
    CLAIM,
    RESOURCE_CLASS,
    World,
    being_deleted,
    controller_uid,
    name_of,
    namespace_of,
    objects_at,
    uid_of,
)


class PodClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim of a pod.

    Attributes:
        entry: The pod's own name for it, which the driver's answer names as well.
        claim: The ResourceClaim.
        nodes: The node selector that counts: of the allocation, or of the class; None selects all.
        unsuitable: Nodes that the driver has excluded; None as long as it has said nothing.
    """

    entry: str
    claim: JsonObject
    nodes: Json = None
    unsuitable: tuple[str, ...] | None = None

    @property
    def pending(self) -> bool:
        """Whether it is still to be allocated."""
        return at(self.claim, "status", "allocation") is None


def pod_claims(world: World, pod: JsonObject, context: JsonObject | None) -> Result[tuple[PodClaim, ...], str]:
    """The claims of a pod, or why none of the nodes can help it now.

    Args:
        world: The snapshot.
        pod: The pod.
        context: Its PodSchedulingContext, if there is one.
    """
    told = {
        text_at(item, "name"): tuple(str(node) for node in list_at(item, "unsuitableNodes"))
        for item in objects_at(context, "status", "resourceClaims")
    }
    generated = {text_at(item, "name") for item in objects_at(pod, "status", "resourceClaimStatuses")}
    found: list[PodClaim] = []
    for entry, name in entries_of(pod).items():
        claim = world.get(CLAIM, namespace_of(pod), name)
        if claim is None:
            return Failure(f'resourceclaim "{name}" not found')
        if entry in generated and controller_uid(claim) != uid_of(pod):
            return Failure(f'resourceclaim "{name}" was not created for the pod: it is owned by somebody else')
        problem = _problem(world, pod, claim)
        if problem:
            return Failure(problem)
        allocation = at(claim, "status", "allocation")
        selector = at(_class_of(world, claim), "suitableNodes") if allocation is None else None
        nodes = at(allocation, "availableOnNodes") or selector
        found.append(PodClaim(entry=entry, claim=claim, nodes=nodes, unsuitable=told.get(entry)))
    return Success(tuple(found))


def _problem(world: World, pod: JsonObject, claim: JsonObject) -> str:
    name = name_of(claim)
    if being_deleted(claim):
        return f'resourceclaim "{name}" is being deleted'
    if at(claim, "status", "deallocationRequested") is True:
        return f'resourceclaim "{name}" must be reallocated'
    if at(claim, "status", "allocation") is not None:
        return "" if is_reserved_for(claim, pod) or can_be_reserved(claim) else f'resourceclaim "{name}" in use'
    if not is_delayed(claim):
        return f'unallocated immediate resourceclaim "{name}"'
    wanted = _class_of(world, claim)
    if wanted is None:
        return f'resourceclass "{text_at(claim, "spec", "resourceClassName")}" not found'
    if wanted.get("structuredParameters") is True:
        return f'resourceclass "{name_of(wanted)}" uses structured parameters, which the sandbox does not know'
    return ""


def _class_of(world: World, claim: JsonObject) -> JsonObject | None:
    return world.get(RESOURCE_CLASS, "", text_at(claim, "spec", "resourceClassName"))


def claims_refusal(claims: tuple[PodClaim, ...], node: JsonObject) -> str:
    """Why the node does not do for the claims, in kube-scheduler's words; "" if it does."""
    for one in claims:
        if not selects(one, node):
            return (
                "excluded by resource class node filter" if one.pending else "resourceclaim not available on the node"
            )
        if one.pending and name_of(node) in (one.unsuitable or ()):
            return "resourceclaim cannot be allocated for the node (unsuitable)"
    return ""


def selects(one: PodClaim, node: JsonObject) -> bool:
    """Whether the claim's node selector selects the node."""
    return one.nodes is None or node_selector_selects(one.nodes, node)
