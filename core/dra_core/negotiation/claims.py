"""A claim by itself: allocated at once if it asks for that, taken back when its time is over, repaired if need be.

Rules (KEP-3063; validation of 1.30): a claim is touched only while nobody has it reserved, but for an entry that its
node's state has lost. Allocation and ``driverName`` are cleared in one write, together with ``deallocationRequested``.
Nothing of this needs the class or the parameters, which may be gone, nor the node.
"""

from __future__ import annotations

from collections.abc import Sequence

from returns.result import Failure

from dra_core.negotiation.allocating import next_writes, with_finalizers, with_status
from dra_core.negotiation.cluster import ClassicCluster, Name
from dra_core.negotiation.complaints import complaint, nowhere
from dra_core.negotiation.effects import Decision, PatchNodeState, Write
from dra_core.negotiation.fitting import Fits, fitting, taken_by_others
from dra_core.negotiation.wanted import Wanted, class_of, wanted
from dra_core.nodestate import bears, entry_in_handle, is_dead, node_of, with_entries, without_entries
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.classic_claim import ClassicClaim


def decide_claim(cluster: ClassicCluster, key: Name) -> Decision:
    """What becomes of a claim."""
    claim = cluster.claims.get(key)
    if claim is None:
        return Decision()
    if claim.ending:
        return Decision(effects=_taken_back(cluster, claim) if _is_ours(cluster, claim) else ())
    dead = _dead_entries(cluster, claim)
    if dead:
        return Decision(effects=dead)
    if claim.status.allocation is not None:
        return _repaired(cluster, claim) if claim.status.driver_name == cluster.driver_name else Decision()
    if claim.spec.allocation_mode == "Immediate" and claim.metadata.deletion_timestamp is None:
        return _immediately(cluster, claim)
    return Decision()


def _is_ours(cluster: ClassicCluster, claim: ClassicClaim) -> bool:
    return cluster.finalizer in claim.metadata.finalizers or claim.status.driver_name == cluster.driver_name


def _dead_entries(cluster: ClassicCluster, claim: ClassicClaim) -> tuple[Write, ...]:
    """Entries of the claim that stand for no allocation of it, on whatever node, taken out."""
    uid = claim.metadata.uid
    return tuple(
        PatchNodeState(state.metadata.name, without_entries(state, (uid,)))
        for state in cluster.states()
        if (entry := state.spec.allocated_claims.get(uid)) is not None
        and is_dead(entry, state.metadata.name, claim, claim.version)
    )


def _taken_back(cluster: ClassicCluster, claim: ClassicClaim) -> tuple[Write, ...]:
    """The next step back: the devices, the finalizer, the allocation.

    A claim that is being deleted vanishes with the last finalizer. Of another one the allocation goes last: what it
    says is how a controller that comes after a crash knows that there is something left to do.
    """
    uid = claim.metadata.uid
    borne = tuple(
        PatchNodeState(state.metadata.name, without_entries(state, (uid,)))
        for state in cluster.states()
        if (entry := state.spec.allocated_claims.get(uid)) is not None
        and bears(claim, state.metadata.name, entry.version)
    )
    devices = (*borne, *_dead_entries(cluster, claim))
    if devices:
        return devices
    left = [name for name in claim.metadata.finalizers if name != cluster.finalizer]
    if len(left) < len(claim.metadata.finalizers):
        return (with_finalizers(claim, left),)
    status = claim.status
    if status.driver_name == cluster.driver_name or (status.deallocation_requested and status.allocation is None):
        return (with_status(claim, {"allocation": None, "driverName": None, "deallocationRequested": None}),)
    return ()


def _repaired(cluster: ClassicCluster, claim: ClassicClaim) -> Decision:
    """The entry of an allocated claim put back into a node's state that was made anew: the node had left and came back.

    The devices may be with somebody else by then; nothing is taken from anybody, but it is told.
    """
    state, entry = cluster.state_of(node_of(claim)), entry_in_handle(claim)
    uid = claim.metadata.uid
    if state is None or entry is None or uid in state.spec.allocated_claims:
        return Decision()
    lost = sorted({device.uuid for device in entry.gpu.devices} & taken_by_others(cluster, state, uid))
    if lost:
        refusal = Refusal(
            code="DevicesTaken",
            fault=Fault.ENVIRONMENT,
            path=f"nodeallocationstate {state.metadata.name}: spec.allocatedClaims",
            seen=f"the claim's devices {', '.join(lost)} are with other claims",
            hint="end the pods that use the claim, so that it is allocated anew",
        )
        return Decision(effects=(complaint(claim.metadata, claim.api_version, claim.kind, (refusal,)),))
    return Decision(effects=(PatchNodeState(state.metadata.name, with_entries(state, {uid: entry})),))


def _immediately(cluster: ClassicCluster, claim: ClassicClaim) -> Decision:
    """Allocated on the first node, by name, where it fits; where an allocation was begun, there."""
    resource_class = class_of(cluster, claim)
    if resource_class is None:
        return Decision(waiting=True)
    read = wanted(cluster, claim, resource_class)
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        return Decision(effects=(complaint(claim.metadata, claim.api_version, claim.kind, wrong),), waiting=True)
    wishes: Wanted = read.unwrap()
    why: list[Refusal] = []
    for node_name in _in_order(cluster, claim):
        found = fitting(cluster, node_name, [wishes])
        if isinstance(found, Fits):
            writes = next_writes(cluster.driver_name, cluster.finalizer, [wishes], found, None)
            return Decision(effects=writes, waiting=True)
        why += found.why
    refusal = nowhere(why)
    return Decision(effects=(complaint(claim.metadata, claim.api_version, claim.kind, (refusal,)),), waiting=True)


def _in_order(cluster: ClassicCluster, claim: ClassicClaim) -> Sequence[str]:
    uid = claim.metadata.uid
    begun = {state.metadata.name for state in cluster.states() if uid in state.spec.allocated_claims}
    return sorted((name for _, name in cluster.node_states), key=lambda name: (name not in begun, name))
