"""What the controller does to the cluster, as data.

Every write is a JSON merge patch (RFC 7386) that carries the ``metadata.resourceVersion`` that was read: it happens
over exactly that version, or not at all. A conflict, or an object that is gone, means: read again and decide again.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dra_core.snapshot.json_value import JsonObject


class PatchClaim(msgspec.Struct, frozen=True):
    """Change a claim's metadata. ResourceClaims have a status subresource: this changes nothing of the status."""

    namespace: str
    name: str
    patch: JsonObject


class PatchClaimStatus(msgspec.Struct, frozen=True):
    """Change a claim's status; this changes nothing of its metadata."""

    namespace: str
    name: str
    patch: JsonObject


class PatchContextStatus(msgspec.Struct, frozen=True):
    """Change the status of a PodSchedulingContext."""

    namespace: str
    name: str
    patch: JsonObject


class PatchNodeState(msgspec.Struct, frozen=True):
    """Change a NodeAllocationState in the driver's namespace; it has no subresource."""

    name: str
    patch: JsonObject


class Regarding(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class EmitEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Tell people; saying the same about the same object again adds nothing. If it cannot be told, go on."""

    regarding: Regarding
    type: Literal["Normal", "Warning"] = "Warning"
    reason: str
    note: str


Write: TypeAlias = PatchClaim | PatchClaimStatus | PatchContextStatus | PatchNodeState
Effect: TypeAlias = Write | EmitEvent


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a key.

    Attributes:
        effects: In this order; stop at the first that fails. After writes, decide again, over what they returned: the
            next step may follow. No writes: all is done that can be done now.
        waiting: Something was asked for that cannot be given now; look again when anything changes.
    """

    effects: tuple[Effect, ...] = ()
    waiting: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is written, so that there may be a next step."""
        return any(not isinstance(effect, EmitEvent) for effect in self.effects)
