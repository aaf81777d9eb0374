"""What a decision wants written, as data. The loops around carry the writes out in the order given.

A write that meets a conflict or an object that is gone is dropped: the next snapshot shows why, and the decision is
made again. So every decision must be repeatable from whatever half of its writes was carried out.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.world.objects import Kind, kind_of, name_of, namespace_of, uid_of


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """POST of a new object; ``body`` has apiVersion, kind and metadata."""

    body: JsonObject


class Replace(msgspec.Struct, frozen=True, kw_only=True):
    """PUT of a whole object; its resourceVersion makes it fail if somebody else was faster.

    ``then``: another PUT in the same breath, which gets the resourceVersion that the first one returned.
    """

    body: JsonObject
    subresource: str = ""
    then: Replace | None = None


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """A merge patch (RFC 7386) on the object or one of its subresources."""

    kind: Kind
    namespace: str
    name: str
    patch: JsonObject
    subresource: str = ""


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """DELETE of exactly this object: the UID is a precondition."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    grace_seconds: int | None = None
    propagation: Literal["", "Background", "Foreground", "Orphan"] = ""


class Bind(msgspec.Struct, frozen=True, kw_only=True):
    """POST to pods/<name>/binding."""

    namespace: str
    name: str
    uid: str
    node: str


class Emit(msgspec.Struct, frozen=True, kw_only=True):
    """An event about an object; the same event again raises its count."""

    about: JsonObject
    severity: Literal["Normal", "Warning"]
    reason: str
    message: str
    component: str
    host: str = ""


Write: TypeAlias = Create | Replace | Patch | Delete | Bind | Emit


def delete(value: JsonObject, propagation: Literal["", "Background", "Foreground", "Orphan"] = "") -> Delete:
    """Delete this object."""
    return Delete(
        kind=kind_of(value),
        namespace=namespace_of(value),
        name=name_of(value),
        uid=uid_of(value),
        propagation=propagation,
    )


def patch(value: JsonObject, change: JsonObject, subresource: str = "") -> Patch:
    """Patch this object."""
    return Patch(
        kind=kind_of(value), namespace=namespace_of(value), name=name_of(value), patch=change, subresource=subresource
    )


def owner_reference(owner: JsonObject) -> JsonObject:
    """The reference by which a controller owns what it made; it blocks the owner's foreground deletion."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }
