"""What nobody will come back for: entries of claims that are gone, allocations that were begun and never finished.

Runs when a controller takes over, and from time to time. Safe beside other controllers: an entry is taken out only if
it is dead (``entry_life``), and an allocation that may still be on its way is first made impossible, by changing the
claim that it would be written over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.nodestate.claims_on_node import without_entries
from dra_core.nodestate.entry_life import is_dead
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.json_value import JsonObject


class Unfinished(msgspec.Struct, frozen=True):
    """Claims with the driver's finalizer and no allocation, as (UID, resourceVersion)."""

    claims: frozenset[tuple[str, str]] = frozenset()


class CleanUp(msgspec.Struct, frozen=True, kw_only=True):
    """What to clean up.

    Attributes:
        states: Per node the merge patch that takes dead entries out.
        claims: Claims that lose the driver's finalizer, because what was begun for them was not finished.
        unfinished: To be handed to the next clean-up, a good while later.
    """

    states: Mapping[str, JsonObject]
    claims: tuple[ClassicClaim, ...]
    unfinished: Unfinished


def clean_up(
    finalizer: str,
    states: Iterable[NodeAllocationState],
    claims: Sequence[ClassicClaim],
    version: int,
    before: Unfinished,
) -> CleanUp:
    """What is to be cleaned up.

    Args:
        finalizer: The driver's.
        states: NodeAllocationStates.
        claims: All claims of the cluster as they were at ``version``.
        version: The resourceVersion of that list.
        before: What was unfinished the last time. A claim that has not changed since has been given up.
    """
    by_uid = {claim.metadata.uid: claim for claim in claims}
    patches: dict[str, JsonObject] = {}
    for state in states:
        node_name = state.metadata.name
        dead = [
            uid
            for uid, entry in state.spec.allocated_claims.items()
            if is_dead(entry, node_name, by_uid.get(uid), _seen_at(by_uid.get(uid), version))
        ]
        if dead:
            patches[node_name] = without_entries(state, dead)
    unfinished = {
        (claim.metadata.uid, claim.metadata.resource_version): claim
        for claim in claims
        if finalizer in claim.metadata.finalizers
        and claim.status.allocation is None
        and claim.metadata.deletion_timestamp is None
    }
    given_up = tuple(claim for key, claim in unfinished.items() if key in before.claims)
    return CleanUp(states=patches, claims=given_up, unfinished=Unfinished(frozenset(unfinished)))


def _seen_at(claim: ClassicClaim | None, version: int) -> int:
    """A claim that is there was last changed at its own version; one that is not was not there at the list's."""
    return version if claim is None else claim.version
