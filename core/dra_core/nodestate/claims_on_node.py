"""Changes of ``allocatedClaims`` as merge patches over the version of the state that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dra_core.snapshot.classic_node_state import AllocatedClaim, NodeAllocationState
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import Json, JsonObject


def with_entries(state: NodeAllocationState, entries: Mapping[str, AllocatedClaim]) -> JsonObject:
    """The patch that enters claims by UID; an entry of the same claim is replaced as a whole.

    A merge patch alone would mix the old entry with the new one, so what only the old one has is named as null.
    """
    changes: dict[str, Json] = {}
    for uid, entry in entries.items():
        old = state.spec.allocated_claims.get(uid)
        changes[uid] = _replacing(encode(old) if old is not None else {}, encode(entry))
    return _patch(
        state, {"allocatedClaims": changes, "inUse": _in_use(state, {**state.spec.allocated_claims, **entries})}
    )


def without_entries(state: NodeAllocationState, uids: Iterable[str]) -> JsonObject:
    """The patch that takes claims out; the last one takes the field with it, so that the state is as at first."""
    gone = set(uids)
    left = {uid: entry for uid, entry in state.spec.allocated_claims.items() if uid not in gone}
    if not left:
        return _patch(state, {"allocatedClaims": None, "inUse": None})
    return _patch(state, {"allocatedClaims": dict.fromkeys(sorted(gone)), "inUse": _in_use(state, left)})


def _in_use(state: NodeAllocationState, entries: Mapping[str, AllocatedClaim]) -> str:
    taken = {device.uuid for entry in entries.values() for device in entry.gpu.devices}
    return f"{len(taken)}/{len(state.spec.allocatable_devices)}"


def _replacing(old: Json, new: Json) -> Json:
    """A merge patch that turns ``old`` into ``new`` (RFC 7386)."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    removed: dict[str, Json] = {key: None for key in old if key not in new}
    return {**removed, **{key: _replacing(old.get(key), value) for key, value in new.items()}}


def _patch(state: NodeAllocationState, spec: JsonObject) -> JsonObject:
    return {"metadata": {"resourceVersion": state.metadata.resource_version}, "spec": spec}
