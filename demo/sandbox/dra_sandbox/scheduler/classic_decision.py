"""One attempt to schedule a pod of Kubernetes 1.30, in which a driver's controller allocates.

Scheduler and controller negotiate in the pod's PodSchedulingContext: the scheduler names nodes that would do and one
that it selects, the controller those that do not do for a claim; it allocates for the selected node. An attempt ends
with the pod on its node, or with the next move of this exchange and a reason to wait.

Kube-scheduler draws among equal nodes and claims; here the emptiest node is taken, one that is selected is kept as
long as it will do, and the first claim that is in the way is given back.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at
from returns.result import Failure, Result

from dra_sandbox.controllers.classic_claims import is_delayed, is_reserved_for, new_context, reserved, without_pod
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.scheduler.classic_claims import PodClaim, claims_refusal, pod_claims, selects
from dra_sandbox.scheduler.decision import COMPONENT
from dra_sandbox.scheduler.filters import emptiest_first, node_refusals
from dra_sandbox.world.objects import (
    CLAIM,
    CONTEXT,
    NODE,
    World,
    controller_uid,
    name_of,
    namespace_of,
    objects_at,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Bind, Emit, Replace, Write, delete
from dra_sandbox.world.writes import Create as CreateObject

MOST_NODES = 128  # v1alpha2 PodSchedulingNodeListMaxSize


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of it.

    Attributes:
        writes: In order, and up to the first that fails.
        waiting: Why the pod has no node yet; "": it has when all was written.
        after: What is written then, whatever becomes of it.
    """

    writes: tuple[Write, ...] = ()
    waiting: str = ""
    after: tuple[Write, ...] = ()


def attempt(world: World, pod: JsonObject) -> Attempt:
    """Decide about one pod."""
    context = world.get(CONTEXT, namespace_of(pod), name_of(pod))
    if context is not None and controller_uid(context) != uid_of(pod):
        return Attempt(waiting="a PodSchedulingContext of the pod's name belongs to another pod")
    preface = f"0/{len(world.all(NODE))} nodes are available: "
    found: Result[tuple[PodClaim, ...], str] = pod_claims(world, pod, context)
    if isinstance(found, Failure):
        return Attempt(waiting=f"{preface}{found.failure()}.")
    claims: tuple[PodClaim, ...] = found.unwrap()
    feasible, reasons = _filtered(world, pod, claims)
    if not feasible:
        counted = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        waiting = f"{preface}{counted or 'no nodes in the cluster'}."
        return Attempt(writes=_give_back(world, pod, claims, context), waiting=waiting)
    selected = text_at(context, "spec", "selectedNode")
    node = selected if selected in feasible else feasible[0]
    if any(one.pending for one in claims):
        asked = _negotiate(pod, claims, context, node, feasible)
        return Attempt(writes=(*asked.writes, *unreserve(world, pod)), waiting=asked.waiting)
    return _bind(pod, claims, context, node)


def _filtered(world: World, pod: JsonObject, claims: tuple[PodClaim, ...]) -> tuple[tuple[str, ...], Counter[str]]:
    """Names of the nodes that pass, the best first; and how often each reason kept one out."""
    reasons: Counter[str] = Counter()
    feasible: list[str] = []
    for node, pods_there in emptiest_first(world):
        refusal = claims_refusal(claims, node)
        refusals = node_refusals(pod, node, pods_there) or ((refusal,) if refusal else ())
        reasons.update(refusals)
        if not refusals:
            feasible.append(name_of(node))
    return tuple(feasible), reasons


def _give_back(
    world: World, pod: JsonObject, claims: tuple[PodClaim, ...], context: JsonObject | None
) -> tuple[Write, ...]:
    """PostFilter: deallocate a claim that kept nodes out and that nobody else uses; the selection is withdrawn before.

    Otherwise the driver could allocate again for a node that the pod does not want any more.
    """
    in_the_way = (
        one.claim
        for one in claims
        if not one.pending
        and is_delayed(one.claim)
        and not all(selects(one, node) for node in world.all(NODE))
        and all(text_at(item, "uid") == uid_of(pod) for item in objects_at(one.claim, "status", "reservedFor"))
    )
    claim = next(in_the_way, None)
    if claim is None:
        return ()
    writes: list[Write] = []
    if context is not None and text_at(context, "spec", "selectedNode"):
        writes.append(Replace(body=with_fields(context, ("spec",), {"selectedNode": None})))
    status: JsonObject = {"reservedFor": None, "deallocationRequested": True}
    writes.append(Replace(body=with_fields(claim, ("status",), status), subresource="status"))
    return tuple(writes)


def _negotiate(
    pod: JsonObject, claims: tuple[PodClaim, ...], context: JsonObject | None, node: str, feasible: tuple[str, ...]
) -> Attempt:
    """PreScore and Reserve: tell the driver which nodes would do; select one as soon as that makes sense.

    With one claim the node is selected at once, with several only when the driver has said something about each.
    """
    pending = [one for one in claims if one.pending]
    known = [str(name) for name in list_at(context, "spec", "potentialNodes")]
    spec = dict(object_at(context, "spec"))
    potential = list(dict.fromkeys((node, *feasible)))[:MOST_NODES]
    if not set(potential) <= set(known):
        spec["potentialNodes"] = [*sorted(potential)]
    all_told = all(one.unsuitable is not None for one in pending)
    if len(pending) == 1 or all_told:
        spec["selectedNode"] = node
    waiting = (
        f"waiting for resource driver to {'allocate resource' if 'selectedNode' in spec else 'provide information'}"
    )
    writes: tuple[Write, ...] = ()
    if context is None:
        writes = (CreateObject(body=new_context(pod, spec)),)
    elif spec != object_at(context, "spec"):
        writes = (Replace(body={**context, "spec": spec}),)
    return Attempt(writes=writes, waiting=waiting)


def unreserve(world: World, pod: JsonObject) -> tuple[Write, ...]:
    """Unreserve: a pod that has to wait after all keeps no claim from others."""
    names = dict.fromkeys(entries_of(pod).values())
    claims = (world.get(CLAIM, namespace_of(pod), name) for name in names)
    return tuple(
        Replace(body=with_fields(claim, ("status",), {"reservedFor": without_pod(claim, pod)}), subresource="status")
        for claim in claims
        if claim is not None and is_reserved_for(claim, pod)
    )


def _bind(pod: JsonObject, claims: tuple[PodClaim, ...], context: JsonObject | None, node: str) -> Attempt:
    """PreBind, Bind, PostBind: reserve every claim, then the pod gets its node, and the exchange is over."""
    missing = {name_of(one.claim): one.claim for one in claims if not is_reserved_for(one.claim, pod)}
    reservations = (reserved(claim, pod) for claim in missing.values())
    chosen = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
    told = Emit(about=pod, severity="Normal", reason="Scheduled", message=chosen, component=COMPONENT)
    bound = Bind(namespace=namespace_of(pod), name=name_of(pod), uid=uid_of(pod), node=node)
    ended = () if context is None else (delete(context),)
    return Attempt(writes=(*reservations, bound), after=(told, *ended))
