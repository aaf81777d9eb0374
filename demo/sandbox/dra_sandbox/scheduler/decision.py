"""Where a pod goes, and what its claims get there; or why it goes nowhere, and what to look at.

The order of nodes is: fewest pods first, then by name; the first node that passes all filters and on which every claim
can be allocated is taken. Devices are chosen by the core's allocator, which is asked per node through ``Allocate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, text_at

from dra_sandbox.controllers.claim_release import DELETE_PROTECTION
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.scheduler.binding_conditions import has_conditions
from dra_sandbox.scheduler.filters import emptiest_first, node_refusals
from dra_sandbox.world.node_rules import node_selector_selects
from dra_sandbox.world.objects import (
    CLAIM,
    NODE,
    POD,
    World,
    being_deleted,
    condition_status,
    finalizers_of,
    name_of,
    namespace_of,
    objects_at,
    pod_finished,
    uid_of,
    with_fields,
)
from dra_sandbox.world.times import stamp
from dra_sandbox.world.writes import Bind, Emit, Replace, Write, patch

COMPONENT = "default-scheduler"
MOST_CONSUMERS = 256  # resource/v1 ResourceClaimReservedForMaxSize


class Found(msgspec.Struct, frozen=True):
    """What the claims get on a node: allocation results in the claims' order."""

    allocations: tuple[JsonObject, ...]


class NotFound(msgspec.Struct, frozen=True):
    """Why nothing can be allocated on a node: kube-scheduler's short reason, and an explanation for people.

    ``everywhere`` marks a fault that no node can cure, such as a broken selector.
    """

    reason: str
    explanation: str = ""
    everywhere: bool = False


Allocate: TypeAlias = Callable[[JsonObject, tuple[JsonObject, ...]], Found | NotFound]
"""From a node and the claims to allocate (together) to what they get there."""


class Placement(msgspec.Struct, frozen=True):
    """The node, and the allocation of each claim that had none, by name."""

    node: str
    allocations: Mapping[str, JsonObject] = {}


class Unschedulable(msgspec.Struct, frozen=True):
    """No node will do for now."""

    message: str


def waiting_pods(world: World) -> tuple[JsonObject, ...]:
    """Pods that want a node: the highest priority first, then the oldest, then by name.

    Those whose claims are still to be made from templates have to wait (the scheduler's PreEnqueue).
    """
    pods = [
        pod
        for pod in world.all(POD)
        if not text_at(pod, "spec", "nodeName")
        and not pod_finished(pod)
        and not being_deleted(pod)
        and not objects_at(pod, "spec", "schedulingGates")
        and "" not in entries_of(pod).values()
    ]
    return tuple(sorted(pods, key=lambda pod: (-_priority(pod), text_at(pod, "metadata", "creationTimestamp"))))


def _priority(pod: JsonObject) -> int:
    found = at(pod, "spec", "priority")
    return found if isinstance(found, int) else 0


def place(
    world: World, pod: JsonObject, allocate: Allocate, more: tuple[JsonObject, ...] = ()
) -> Placement | Unschedulable:
    """Decide about one pod.

    Args:
        world: The snapshot.
        pod: The pod, without what it asks of no node.
        allocate: The allocator.
        more: Claims that the pod needs without naming them.
    """
    nodes = world.all(NODE)
    preface = f"0/{len(nodes)} nodes are available: "
    claims: list[JsonObject] = []
    for entry, name in entries_of(pod).items():
        claim = world.get(CLAIM, namespace_of(pod), name) if name else None
        problem = _claim_problem(pod, entry, name, claim)
        if problem:
            return Unschedulable(preface + problem)
        if claim is not None and claim not in claims:
            claims.append(claim)
    claims += [claim for claim in more if claim not in claims]
    return _first_fit(world, pod, tuple(claims), allocate, preface)


def _claim_problem(pod: JsonObject, entry: str, name: str, claim: JsonObject | None) -> str:
    if not name:
        return f"waiting for the resource claim of pod claim {entry!r} to be created from its template."
    if claim is None:
        return f'resourceclaim "{name}" not found.'
    if being_deleted(claim):
        return f'resourceclaim "{name}" is being deleted.'
    consumers = objects_at(claim, "status", "reservedFor")
    mine = any(text_at(item, "uid") == uid_of(pod) for item in consumers)
    if not mine and len(consumers) >= MOST_CONSUMERS:
        return f'resourceclaim "{name}" is already used by {MOST_CONSUMERS} pods, the most that are allowed.'
    return ""


def _first_fit(
    world: World,
    pod: JsonObject,
    claims: tuple[JsonObject, ...],
    allocate: Allocate,
    preface: str,
) -> Placement | Unschedulable:
    reasons: Counter[str] = Counter()
    explanations: list[str] = []
    to_allocate = tuple(claim for claim in claims if at(claim, "status", "allocation") is None)
    for node, pods_there in emptiest_first(world):
        refusals = node_refusals(pod, node, pods_there) or _claims_elsewhere(node, claims)
        if refusals:
            reasons.update(refusals)
            continue
        answer = allocate(node, to_allocate) if to_allocate else Found(())
        if isinstance(answer, Found):
            names = (name_of(claim) for claim in to_allocate)
            return Placement(name_of(node), dict(zip(names, answer.allocations, strict=True)))
        if answer.everywhere:
            return Unschedulable(f"{answer.reason}. {answer.explanation}".strip())
        reasons[answer.reason] += 1
        if answer.explanation:
            explanations.append(f"{name_of(node)}: {answer.explanation}")
    counted = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return Unschedulable(" ".join([preface + (counted or "no nodes in the cluster") + ".", *explanations]))


def _claims_elsewhere(node: JsonObject, claims: tuple[JsonObject, ...]) -> tuple[str, ...]:
    for claim in claims:
        selector = at(claim, "status", "allocation", "nodeSelector")
        if selector is not None and not node_selector_selects(selector, node):
            return ("resourceclaim not available on the node",)
    return ()


def placement_writes(
    world: World, pod: JsonObject, placement: Placement, now: datetime, more: tuple[JsonObject, ...] = ()
) -> tuple[Write, ...]:
    """Allocate and reserve every claim, then bind. To be carried out in order, up to the first that fails.

    The finalizer comes before the allocation, so that no allocated claim can vanish. A pod whose new devices have
    binding conditions is not bound yet: see ``binding_conditions``.
    """
    writes: list[Write] = []
    for name in dict.fromkeys((*(item for item in entries_of(pod).values() if item), *map(name_of, more))):
        claim = world.get(CLAIM, namespace_of(pod), name)
        if claim is None:
            continue
        consumers = objects_at(claim, "status", "reservedFor")
        allocation = placement.allocations.get(name)
        if allocation is None and any(text_at(item, "uid") == uid_of(pod) for item in consumers):
            continue
        me: JsonObject = {"resource": "pods", "name": name_of(pod), "uid": uid_of(pod)}
        status: dict[str, Json] = {"reservedFor": [*consumers, me]}
        if allocation is not None:
            status["allocation"] = {"allocationTimestamp": stamp(now), **allocation}
        protected = with_fields(claim, ("metadata",), {"finalizers": [*finalizers_of(claim), DELETE_PROTECTION]})
        if DELETE_PROTECTION in finalizers_of(claim):
            writes.append(Replace(body=with_fields(claim, ("status",), status), subresource="status"))
        else:
            reserved = Replace(body=with_fields(protected, ("status",), status), subresource="status")
            writes.append(Replace(body=protected, then=reserved))
    if any(has_conditions(allocation) for allocation in placement.allocations.values()):
        return tuple(writes)
    writes.append(Bind(namespace=namespace_of(pod), name=name_of(pod), uid=uid_of(pod), node=placement.node))
    chosen = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {placement.node}"
    writes.append(Emit(about=pod, severity="Normal", reason="Scheduled", message=chosen, component=COMPONENT))
    return tuple(writes)


def unschedulable_writes(pod: JsonObject, verdict: Unschedulable, now: datetime) -> tuple[Write, ...]:
    """The condition and the event that say why; nothing if the pod says so already."""
    conditions = objects_at(pod, "status", "conditions")
    known = next((item for item in conditions if item.get("type") == "PodScheduled"), {})
    if known.get("status") == "False" and known.get("message") == verdict.message:
        return ()
    same = condition_status(pod, "PodScheduled") == "False"
    condition: JsonObject = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": verdict.message,
        "lastTransitionTime": text_at(known, "lastTransitionTime") if same else stamp(now),
    }
    others = [item for item in conditions if item.get("type") != "PodScheduled"]
    return (
        patch(pod, {"status": {"conditions": [*others, condition]}}, "status"),
        Emit(about=pod, severity="Warning", reason="FailedScheduling", message=verdict.message, component=COMPONENT),
    )
