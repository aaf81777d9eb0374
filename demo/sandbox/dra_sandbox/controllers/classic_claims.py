"""The resource claim controller of Kubernetes 1.30, where a driver's controller allocates and deallocates.

Reservations of pods that are done are dropped. With the last one, a claim that waited for its first consumer is to be
deallocated, which is asked for in the same write; an immediate claim stays allocated.

Pods that come with a node never meet the scheduler: their claims are allocated for that node through a
PodSchedulingContext with nothing but the node in it, and reserved here.
"""

from __future__ import annotations

from collections.abc import Iterator

from dra_core.snapshot.json_value import Json, JsonObject, at, text_at

from dra_sandbox.controllers.claim_release import Released, still_using
from dra_sandbox.controllers.garbage_collection import Owner
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.world.objects import (
    CLAIM,
    CONTEXT,
    POD,
    World,
    being_deleted,
    controller_uid,
    name_of,
    namespace_of,
    objects_at,
    pod_finished,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Create, Replace, Write, owner_reference

DELAYED = "WaitForFirstConsumer"  # v1alpha2 AllocationMode


def release_classic(world: World, gone: frozenset[str]) -> Released:
    """Decide about every claim that is reserved."""
    writes: list[Write] = []
    unsure: set[Owner] = set()
    for claim in world.all(CLAIM):
        kept, asked = still_using(world, claim, gone)
        unsure |= asked
        if len(kept) < len(objects_at(claim, "status", "reservedFor")):
            status: dict[str, Json] = {"reservedFor": list(kept) or None}
            if not kept and is_delayed(claim):
                status["deallocationRequested"] = True
            writes.append(Replace(body=with_fields(claim, ("status",), status), subresource="status"))
    return Released(tuple(writes), frozenset(unsure))


def is_delayed(claim: JsonObject) -> bool:
    """Whether the claim is allocated when a pod needs it, and only then."""
    return text_at(claim, "spec", "allocationMode") == DELAYED


def placed_pods(world: World) -> tuple[Write, ...]:
    """What pods that have a node still need: that their claims are allocated there, and theirs."""
    writes: list[Write] = []
    for pod in world.all(POD):
        if not text_at(pod, "spec", "nodeName") or pod_finished(pod) or being_deleted(pod):
            continue
        claims = tuple(_usable_claims(world, pod))
        if any(at(claim, "status", "allocation") is None and is_delayed(claim) for claim in claims):
            writes += _selection(world, pod)
        writes += [reserved(claim, pod) for claim in claims if _is_to_be_reserved(claim, pod)]
    return tuple(writes)


def _usable_claims(world: World, pod: JsonObject) -> Iterator[JsonObject]:
    for name in dict.fromkeys(entries_of(pod).values()):
        claim = world.get(CLAIM, namespace_of(pod), name)
        if claim is not None and not being_deleted(claim) and controller_uid(claim) in ("", uid_of(pod)):
            yield claim


def _selection(world: World, pod: JsonObject) -> tuple[Write, ...]:
    node = text_at(pod, "spec", "nodeName")
    context = world.get(CONTEXT, namespace_of(pod), name_of(pod))
    if context is None:
        return (Create(body=new_context(pod, {"selectedNode": node})),)
    if controller_uid(context) != uid_of(pod) or text_at(context, "spec", "selectedNode") == node:
        return ()
    return (Replace(body=with_fields(context, ("spec",), {"selectedNode": node})),)


def new_context(pod: JsonObject, spec: JsonObject) -> JsonObject:
    """A PodSchedulingContext of the pod."""
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "PodSchedulingContext",
        "metadata": {
            "namespace": namespace_of(pod),
            "name": name_of(pod),
            "ownerReferences": [owner_reference(pod)],
        },
        "spec": spec,
    }


def _is_to_be_reserved(claim: JsonObject, pod: JsonObject) -> bool:
    return at(claim, "status", "allocation") is not None and not is_reserved_for(claim, pod) and can_be_reserved(claim)


def is_reserved_for(claim: JsonObject, pod: JsonObject) -> bool:
    """Whether the pod is among the consumers."""
    return any(text_at(item, "uid") == uid_of(pod) for item in objects_at(claim, "status", "reservedFor"))


def can_be_reserved(claim: JsonObject) -> bool:
    """Whether an allocated claim takes one more consumer."""
    if at(claim, "status", "deallocationRequested") is True:
        return False
    shareable = at(claim, "status", "allocation", "shareable") is True
    return shareable or not objects_at(claim, "status", "reservedFor")


def reserved(claim: JsonObject, pod: JsonObject) -> Replace:
    """The write that makes the pod one of the claim's consumers."""
    return Replace(body=with_fields(claim, ("status",), {"reservedFor": _with_pod(claim, pod)}), subresource="status")


def _with_pod(claim: JsonObject, pod: JsonObject) -> list[Json]:
    """The claim's consumers, and the pod."""
    me: JsonObject = {"resource": "pods", "name": name_of(pod), "uid": uid_of(pod)}
    return [*objects_at(claim, "status", "reservedFor"), me]


def without_pod(claim: JsonObject, pod: JsonObject) -> list[Json] | None:
    """The claim's other consumers; None for none."""
    consumers = objects_at(claim, "status", "reservedFor")
    return [item for item in consumers if text_at(item, "uid") != uid_of(pod)] or None
