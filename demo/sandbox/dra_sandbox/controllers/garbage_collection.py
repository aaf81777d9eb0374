"""Deletes what belongs to something that is gone (kube-controller-manager's garbage collector).

An owner counts as gone only when that is certain: an object may be seen before its owner is, because every kind has a
watch of its own. Owners that are not in the snapshot come back as ``unsure``; the loop asks for them one by one and
tells the next time which UIDs do not exist. A UID never comes back.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.world.objects import (
    World,
    being_deleted,
    finalizers_of,
    namespace_of,
    owners_of,
    uid_of,
)
from dra_sandbox.world.writes import Patch, Write, delete, patch

FOREGROUND = "foregroundDeletion"  # meta/v1 FinalizerDeleteDependents
ORPHAN = "orphan"  # meta/v1 FinalizerOrphanDependents


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """An owner as a dependent names it."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class Collected(msgspec.Struct, frozen=True):
    """What to write, and which owners to ask for."""

    writes: tuple[Write, ...] = ()
    unsure: frozenset[Owner] = frozenset()


def collect(world: World, gone: frozenset[str]) -> Collected:
    """Decide about every object that has an owner or waits for its dependents.

    Args:
        world: All objects of all kinds.
        gone: UIDs of owners of which the API server said that they do not exist.
    """
    by_uid = {uid_of(value): value for _, value in world.everything()}
    dependents: dict[str, list[JsonObject]] = {}
    for value in by_uid.values():
        for owner in owners_of(value):
            dependents.setdefault(text_at(owner, "uid"), []).append(value)
    writes: list[Write] = []
    unsure: set[Owner] = set()
    for value in by_uid.values():
        if owners_of(value) and not being_deleted(value):
            verdict = _of_dependent(value, by_uid, gone)
            writes += verdict.writes
            unsure |= verdict.unsure
        if being_deleted(value):
            writes += _of_waiting_owner(value, dependents.get(uid_of(value), []))
    return Collected(tuple(writes), frozenset(unsure))


def _of_dependent(value: JsonObject, by_uid: Mapping[str, JsonObject], gone: frozenset[str]) -> Collected:
    solid, waiting, dangling, unsure = [], [], [], []
    for reference in owners_of(value):
        uid = text_at(reference, "uid")
        owner = by_uid.get(uid)
        if owner is not None and being_deleted(owner) and FOREGROUND in finalizers_of(owner):
            waiting.append(reference)
        elif owner is not None:
            solid.append(reference)
        elif uid in gone:
            dangling.append(reference)
        else:
            unsure.append(
                Owner(
                    api_version=text_at(reference, "apiVersion"),
                    kind=text_at(reference, "kind"),
                    namespace=namespace_of(value),
                    name=text_at(reference, "name"),
                    uid=uid,
                )
            )
    if unsure:
        return Collected((), frozenset(unsure))
    if solid:
        if dangling or waiting:
            return Collected((patch(value, {"metadata": {"ownerReferences": solid, "uid": uid_of(value)}}),))
        return Collected()
    return Collected((delete(value, "Foreground" if waiting else "Background"),))


def _of_waiting_owner(owner: JsonObject, dependents: list[JsonObject]) -> list[Write]:
    finalizers = finalizers_of(owner)
    uid = uid_of(owner)
    if ORPHAN in finalizers:
        released: list[Write] = [
            patch(
                value,
                {
                    "metadata": {
                        "ownerReferences": [item for item in owners_of(value) if text_at(item, "uid") != uid],
                        "uid": uid_of(value),
                    }
                },
            )
            for value in dependents
        ]
        return released or [_without_finalizer(owner, ORPHAN)]
    if FOREGROUND in finalizers and not any(_blocks(value, uid) for value in dependents):
        return [_without_finalizer(owner, FOREGROUND)]
    return []


def _blocks(dependent: JsonObject, uid: str) -> bool:
    return any(
        text_at(owner, "uid") == uid and owner.get("blockOwnerDeletion") is True for owner in owners_of(dependent)
    )


def _without_finalizer(value: JsonObject, finalizer: str) -> Patch:
    """The resourceVersion makes the patch fail if another finalizer came or went meanwhile."""
    return patch(
        value,
        {
            "metadata": {
                "finalizers": [item for item in finalizers_of(value) if item != finalizer],
                "resourceVersion": text_at(value, "metadata", "resourceVersion"),
            }
        },
    )
