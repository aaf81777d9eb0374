"""Giving claims their devices on a node, step by step: each step is written over what the step before returned.

1. The finalizer on every claim, so that none can vanish with its devices.
2. All claims together into the node's state, over the version in which they were found to fit: of two controllers, or
   two pods, one gets the devices and the other one reads again.
3. Each claim's allocation, over the version of the claim that its entry names.

After a crash behind any write the next decision goes on where the last one stopped; what nobody goes on with is taken
back by ``nodestate.clean_up``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dra_core.negotiation.effects import PatchClaim, PatchClaimStatus, PatchNodeState, Write
from dra_core.negotiation.fitting import Fits
from dra_core.negotiation.wanted import Wanted
from dra_core.nodestate import with_entries
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import AllocatedClaim
from dra_core.snapshot.classic_scheduling import ClassicPod
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm


def next_writes(
    driver_name: str, finalizer: str, claims: Sequence[Wanted], fits: Fits, pod: ClassicPod | None
) -> tuple[Write, ...]:
    """The next step.

    Args:
        driver_name: The driver.
        finalizer: The driver's.
        claims: Claims without an allocation that fit together.
        fits: How.
        pod: For which they are reserved at once, so that nobody takes them away before it starts; None: for nobody.
    """
    open_to_deletion = [each.claim for each in claims if finalizer not in each.claim.metadata.finalizers]
    if open_to_deletion:
        return tuple(with_finalizers(claim, (*claim.metadata.finalizers, finalizer)) for claim in open_to_deletion)
    held = fits.state.spec.allocated_claims
    changed = {uid: entry for uid, entry in fits.entries.items() if held.get(uid) != entry}
    if changed:
        return (PatchNodeState(fits.state.metadata.name, with_entries(fits.state, changed)),)
    node_name = fits.state.metadata.name
    return tuple(
        _allocated(driver_name, each.claim, node_name, fits.entries[each.claim.metadata.uid], pod) for each in claims
    )


def with_finalizers(claim: ClassicClaim, finalizers: Sequence[str]) -> PatchClaim:
    """The claim with exactly these finalizers."""
    meta = claim.metadata
    version: JsonObject = {"resourceVersion": meta.resource_version, "uid": meta.uid}
    return PatchClaim(meta.namespace, meta.name, {"metadata": {**version, "finalizers": list(finalizers)}})


def with_status(claim: ClassicClaim, status: JsonObject) -> PatchClaimStatus:
    """The claim with these fields of its status changed."""
    meta = claim.metadata
    version: JsonObject = {"resourceVersion": meta.resource_version, "uid": meta.uid}
    return PatchClaimStatus(meta.namespace, meta.name, {"metadata": version, "status": status})


def _allocated(
    driver_name: str, claim: ClassicClaim, node_name: str, entry: AllocatedClaim, pod: ClassicPod | None
) -> PatchClaimStatus:
    only = NodeSelectorRequirement(key="metadata.name", operator="In", values=(node_name,))
    selector = NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(only,)),))
    handle: JsonObject = {"driverName": driver_name, "data": msgspec.json.encode(entry).decode()}
    status: dict[str, Json] = {
        "driverName": driver_name,
        "allocation": {"availableOnNodes": encode(selector), "resourceHandles": [handle], "shareable": True},
    }
    if pod is not None:
        status["reservedFor"] = [{"resource": "pods", "name": pod.metadata.name, "uid": pod.metadata.uid}]
    return with_status(claim, status)
