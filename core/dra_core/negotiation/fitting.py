"""Whether claims fit on a node, all of them together, and what each would get there.

The answer is the allocator's (``dra_core.allocation``): the node's state becomes a ResourceSlice, the wishes become a
claim of resource.k8s.io/v1. Nothing is remembered between answers: what was found once for a pod that went elsewhere
holds nobody up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from pyrsistent import PMap, pmap
from returns.result import Failure

from dra_core.allocation.allocate import Allocation, Wrong, allocate
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.features import Features
from dra_core.allocation.inventory import Inventory
from dra_core.negotiation.cluster import ClassicCluster, Name
from dra_core.negotiation.wanted import Wanted
from dra_core.nodestate.devices import slice_of
from dra_core.nodestate.entry_life import entry_in_handle
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.gpu_config import GpuSharing, SpacePartitioningConfig, TimeSlicingConfig
from dra_core.sharing.strategy import SharingStrategy, TimeSlicing
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import (
    AllocatedClaim,
    AllocatedGpu,
    AllocatedGpus,
    ClaimOfEntry,
    NodeAllocationState,
)
from dra_core.snapshot.codec import encode
from dra_core.snapshot.node_selector import selects

_FEATURES = Features()
"""Classic claims need nothing that came after 1.30."""

_NO_CLAIMS: PMap[Name, ClassicClaim] = pmap()

Entries: TypeAlias = Mapping[str, AllocatedClaim]
"""What the node's state is to hold for each claim, by UID."""


class Fits(msgspec.Struct, frozen=True, kw_only=True):
    """The claims fit.

    Attributes:
        state: The node's state as it was read.
        entries: What it is to hold for the claims; those that it holds already are among them, unchanged.
    """

    state: NodeAllocationState
    entries: Entries


class DoesNotFit(msgspec.Struct, frozen=True):
    """The claims do not fit, or nothing can be allocated on the node just now; ``why`` is never empty."""

    why: Refusals


Fitting: TypeAlias = Fits | DoesNotFit


def fitting(cluster: ClassicCluster, node_name: str, claims: Sequence[Wanted]) -> Fitting:
    """Whether the claims fit on the node, all or none."""
    why = _unusable(cluster, node_name, claims)
    state = cluster.state_of(node_name)
    if why or state is None:
        return DoesNotFit(why)
    begun = {each.claim.metadata.uid: entry for each in claims if (entry := _begun(state, each.claim)) is not None}
    rest = [each for each in claims if each.claim.metadata.uid not in begun]
    used = _in_use(cluster, state, {each.claim.metadata.uid for each in rest})
    pool = (cluster.driver_name, node_name)
    node = cluster.nodes["", node_name].node
    answer = allocate(
        Inventory([slice_of(cluster.driver_name, state)], _FEATURES),
        Allocated().having([(*pool, uuid) for uuid in used]),
        node,
        [each.request for each in rest],
        {each.device_class.metadata.name: each.device_class for each in rest},
        cluster.questions,
        share_ids=str,  # nothing is shared in parts
    )
    if isinstance(answer, Allocation):
        chosen = {
            each.claim.metadata.uid: entry_of(each, tuple(one.device for one in result.devices.results))
            for each, result in zip(rest, answer.results, strict=True)
        }
        return Fits(state=state, entries={**begun, **chosen})
    if isinstance(answer, Wrong):
        return DoesNotFit((_refusal("AllocationFailed", Fault.USER, node_name, answer.text),))
    seen = f"not enough of the node's GPUs are free and match: {answer.gave_up}".removesuffix(": ")
    return DoesNotFit((_refusal("NoRoomOnNode", Fault.ENVIRONMENT, node_name, seen),))


def entry_of(wanted: Wanted, uuids: tuple[str, ...]) -> AllocatedClaim:
    """What the node's state holds for a claim with these GPUs."""
    meta = wanted.claim.metadata
    sharing = encode(_written(wanted.sharing)) if wanted.sharing is not None else None
    return AllocatedClaim(
        gpu=AllocatedGpus(devices=tuple(AllocatedGpu(uuid=uuid) for uuid in uuids), sharing=sharing),
        claim=ClaimOfEntry(namespace=meta.namespace, name=meta.name, version=meta.resource_version),
    )


def taken_by_others(cluster: ClassicCluster, state: NodeAllocationState, uid: str) -> frozenset[str]:
    """The GPUs of the node that claims other than ``uid`` have."""
    return frozenset(_in_use(cluster, state, {uid}))


def _begun(state: NodeAllocationState, claim: ClassicClaim) -> AllocatedClaim | None:
    """The entry with which an allocation of exactly this version of the claim was begun: it is finished, not redone."""
    entry = state.spec.allocated_claims.get(claim.metadata.uid)
    return entry if entry is not None and entry.claim is not None and entry.version == claim.version else None


def _in_use(cluster: ClassicCluster, state: NodeAllocationState, except_uids: set[str]) -> set[str]:
    """The GPUs that are with somebody else.

    Those of the state's entries; those of claims allocated here, should the state have lost their entries; and those
    that are still prepared for a claim that has ended: the plugin gives them to nobody else before they are unprepared,
    and the kubelet of a pod that came too early asks again only after 15 s.
    """
    used = {
        device.uuid
        for uid, entry in state.spec.allocated_claims.items()
        if uid not in except_uids
        for device in entry.gpu.devices
    }
    for uid, prepared in state.spec.prepared_claims.items():
        if uid not in except_uids:
            used |= {device.uuid for device in prepared.gpu.devices}
    for claim in cluster.on_nodes.get(state.metadata.name, _NO_CLAIMS).values():
        if claim.metadata.uid not in except_uids:
            entry = entry_in_handle(claim)
            used |= {device.uuid for device in entry.gpu.devices} if entry is not None else set()
    return used


def _unusable(cluster: ClassicCluster, node_name: str, claims: Sequence[Wanted]) -> Refusals:
    """Why nothing can be allocated on the node, whatever is free."""
    known = cluster.nodes.get(("", node_name))
    if known is None:
        return (_refusal("NodeNotFound", Fault.ENVIRONMENT, node_name, "there is no such node"),)
    if not known.ready:
        return (_refusal("NodeNotReady", Fault.ENVIRONMENT, node_name, "the node's kubelet is not ready"),)
    read = cluster.node_states.get(("", node_name))
    if read is None:
        seen = "the node has no NodeAllocationState"
        hint = "look whether the driver's kubelet plugin runs there"
        return (_refusal("NodeStateNotFound", Fault.ADMINISTRATOR, node_name, seen, hint),)
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        return tuple(fault.below(f"nodeallocationstate {node_name}") for fault in wrong)
    if read.unwrap().status != "Ready":
        seen = "the driver's kubelet plugin on the node is not ready"
        return (_refusal("PluginNotReady", Fault.ENVIRONMENT, node_name, seen),)
    for each in claims:
        suitable = each.resource_class.suitable_nodes
        if suitable is not None and not selects(suitable, known.node):
            seen = f"the class {each.resource_class.metadata.name} excludes the node"
            return (_refusal("NodeNotSuitable", Fault.ADMINISTRATOR, node_name, seen),)
    return ()


def _written(strategy: SharingStrategy) -> GpuSharing:
    if isinstance(strategy, TimeSlicing):
        slicing = TimeSlicingConfig(interval=strategy.interval)
        return GpuSharing(strategy="TimeSlicing", time_slicing_config=slicing)
    partitioning = SpacePartitioningConfig(partition_count=strategy.partition_count)
    return GpuSharing(strategy="SpacePartitioning", space_partitioning_config=partitioning)


def _refusal(code: str, fault: Fault, node_name: str, seen: str, hint: str = "") -> Refusal:
    return Refusal(code=code, fault=fault, path=f"node {node_name}", seen=seen, hint=hint)
