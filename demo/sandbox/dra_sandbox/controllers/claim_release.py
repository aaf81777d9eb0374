"""Takes claims back from pods that are done (the second half of kube-controller-manager's resource claim controller).

A claim that no pod uses any more is deallocated in the same write that drops its last user, then loses the finalizer
that kept it from being deleted. A pod that is not in the snapshot is asked for before its reservation is dropped.

A claim that nobody has reserved keeps allocation and finalizer unless it is to be deleted: the scheduler sets the
finalizer first, then allocates and reserves.
"""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, text_at

from dra_sandbox.controllers.garbage_collection import Owner
from dra_sandbox.world.objects import (
    CLAIM,
    POD,
    World,
    being_deleted,
    finalizers_of,
    namespace_of,
    objects_at,
    pod_finished,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Replace, Write

DELETE_PROTECTION = "resource.kubernetes.io/delete-protection"  # resource/v1 Finalizer


class Released(msgspec.Struct, frozen=True):
    """What to write, and which pods to ask for."""

    writes: tuple[Write, ...] = ()
    unsure: frozenset[Owner] = frozenset()


def release(world: World, gone: frozenset[str]) -> Released:
    """Decide about every claim that is reserved, or protected without need."""
    writes: list[Write] = []
    unsure: set[Owner] = set()
    for claim in world.all(CLAIM):
        reserved = objects_at(claim, "status", "reservedFor")
        kept, asked = still_using(world, claim, gone)
        unsure |= asked
        if len(kept) < len(reserved):
            writes.append(_reserve(claim, kept))
        elif not reserved and being_deleted(claim) and _protected(claim):
            writes.append(_reserve(claim, ()) if at(claim, "status", "allocation") else _unprotect(claim))
    return Released(tuple(writes), frozenset(unsure))


def still_using(
    world: World, claim: JsonObject, gone: frozenset[str]
) -> tuple[tuple[JsonObject, ...], frozenset[Owner]]:
    """The consumers in ``reservedFor`` that stay, and those of them that are not in the snapshot."""
    kept, unsure = [], set()
    for consumer in objects_at(claim, "status", "reservedFor"):
        uid = text_at(consumer, "uid")
        pod = world.get(POD, namespace_of(claim), text_at(consumer, "name"))
        if text_at(consumer, "resource") != "pods" or text_at(consumer, "apiGroup"):
            kept.append(consumer)  # not ours to judge: kept for ever
        elif pod is not None and uid_of(pod) == uid:
            if not _done(pod):
                kept.append(consumer)
        elif uid not in gone:
            kept.append(consumer)
            unsure.add(_asked(claim, consumer))
    return tuple(kept), frozenset(unsure)


def _done(pod: JsonObject) -> bool:
    """Finished, or deleted before any node had it."""
    return pod_finished(pod) or (being_deleted(pod) and not text_at(pod, "spec", "nodeName"))


def _asked(claim: JsonObject, consumer: JsonObject) -> Owner:
    return Owner(
        api_version="v1",
        kind="Pod",
        namespace=namespace_of(claim),
        name=text_at(consumer, "name"),
        uid=text_at(consumer, "uid"),
    )


def _reserve(claim: JsonObject, kept: tuple[JsonObject, ...]) -> Replace:
    if kept:
        return Replace(body=with_fields(claim, ("status",), {"reservedFor": list(kept)}), subresource="status")
    free = with_fields(claim, ("status",), {"reservedFor": None, "allocation": None, "devices": None})
    return Replace(body=free, subresource="status", then=_unprotect(free) if _protected(claim) else None)


def _unprotect(claim: JsonObject) -> Replace:
    others = [item for item in finalizers_of(claim) if item != DELETE_PROTECTION]
    return Replace(body=with_fields(claim, ("metadata",), {"finalizers": others}))


def _protected(claim: JsonObject) -> bool:
    return DELETE_PROTECTION in finalizers_of(claim)
