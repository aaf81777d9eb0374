"""Changes of ``allocatedClaims`` as merge patches over the version of the state that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dra_core.nodestate.merge_patch import difference
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
        changes[uid] = difference(encode(old), encode(entry)) if old is not None else encode(entry)
    return _patch(state, changes, {**state.spec.allocated_claims, **entries})


def without_entries(state: NodeAllocationState, uids: Iterable[str]) -> JsonObject:
    """The patch that takes claims out; the last one takes the field with it, so that the state is as at first."""
    gone = set(uids)
    left = {uid: entry for uid, entry in state.spec.allocated_claims.items() if uid not in gone}
    return _patch(state, dict.fromkeys(sorted(gone)) if left else None, left)


def _patch(state: NodeAllocationState, changes: JsonObject | None, after: Mapping[str, AllocatedClaim]) -> JsonObject:
    allocated = len({device.uuid for entry in after.values() for device in entry.gpu.devices})
    return {
        "metadata": {"resourceVersion": state.metadata.resource_version},
        "spec": {"allocatedClaims": changes, "counts": {"allocated": allocated}},
    }
