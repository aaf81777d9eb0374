"""Which claims' entries in a NodeAllocationState are alive: the rule that makes allocation safe without any lock.

A controller adds its finalizer to the claim, then enters the devices into the node's state together with the claim's
version, then writes the allocation over exactly that version, and repeats the entry in the allocation's resource
handle. Whoever looks later, at however old objects, can tell from the two versions what became of an entry.
"""

from __future__ import annotations

import msgspec

from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import AllocatedClaim


def bears(claim: ClassicClaim, node_name: str, version: int) -> bool:
    """Whether the claim's allocation is the one that an entry on the node stands for."""
    allocation = claim.status.allocation
    if allocation is None or node_of(claim) != node_name:
        return False
    return version_in_handle(claim) == version


def is_dead(entry: AllocatedClaim, node_name: str, claim: ClassicClaim | None, version: int) -> bool:
    """Whether an entry will never be, or is no longer, what a claim has.

    An allocation is written over exactly the version of the claim that the entry names, and names it in turn. So, of a
    claim as it was at any later version, either its allocation is the entry's or no such allocation can ever come: the
    answer holds however old the entry or the claim at hand is, and whoever else writes.

    Args:
        entry: What the node's state says.
        node_name: The node.
        claim: The claim with the entry's UID; None: there was none at ``version``.
        version: The version at which the claim (or its absence) was seen.
    """
    if claim is not None and bears(claim, node_name, entry.version):
        return False
    return version > entry.version


def node_of(claim: ClassicClaim) -> str:
    """The node that the claim was allocated on; "" where it names none."""
    allocation = claim.status.allocation
    selector = allocation.available_on_nodes if allocation is not None else None
    for term in selector.node_selector_terms if selector is not None else ():
        for field in term.match_fields:
            if field.key == "metadata.name" and field.operator == "In" and field.values:
                return field.values[0]
    return ""


def version_in_handle(claim: ClassicClaim) -> int:
    """The version that the claim's allocation names; 0 where an older controller named none."""
    entry = entry_in_handle(claim)
    return entry.version if entry is not None else 0


def entry_in_handle(claim: ClassicClaim) -> AllocatedClaim | None:
    """The entry of the node's state, as the claim's allocation repeats it in its resource handle."""
    allocation = claim.status.allocation
    for handle in allocation.resource_handles if allocation is not None else ():
        if handle.driver_name in ("", claim.status.driver_name) and handle.data:
            try:
                return msgspec.json.decode(handle.data, type=AllocatedClaim)
            except (msgspec.ValidationError, msgspec.DecodeError):
                return None
    return None
