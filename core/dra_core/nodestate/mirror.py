"""A node's state on a modern cluster: what the NodeAllocationState should say, against what it says.

Everything in it follows from ResourceSlices and claims, so it can be thrown away and is made again; only
``preparedClaims`` is the plugin's own, and is never written here but counted. What somebody else has written into the
other fields is put back. The object belongs to its Node and goes with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dra_core.nodestate.merge_patch import difference
from dra_core.nodestate.modern_cluster import ModernCluster
from dra_core.nodestate.published import AllocatedOnNode, PublishedSlice
from dra_core.nodestate.publishing import (
    ChangeNodeState,
    DeleteNodeState,
    NodeStateEffect,
    new_node_state,
    node_owner,
)
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from dra_core.snapshot.modern_node_state import Counts, MirroredAllocatable, MirroredDevice

MOST_DEVICES = 1024
"""As the schema of NodeAllocationState; a node with more shows the first of them, and counts all."""

_OURS = ("allocatableDevices", "allocatedClaims", "counts")


def mirror(cluster: ModernCluster, node_name: str) -> NodeStateEffect | None:
    """The write that makes the node's state say what is so; None: it does, or there is nothing to say.

    A node without devices and claims of the driver gets no state; one that has lost them keeps its state, NotReady.
    A state whose Node is not known is left to garbage collection: the Node may just not have been seen yet.
    """
    node_uid, found = cluster.nodes.get(("", node_name)), cluster.states.get(("", node_name))
    if node_uid is None or (found is not None and text_at(found, "metadata", "deletionTimestamp")):
        return None
    pools = _pools(cluster, node_name)
    devices = _devices(pools, node_name)
    on_node = cluster.claims_on.get(node_name)
    claims = tuple(on_node.values()) if on_node is not None else ()
    if found is None and not pools and not claims:
        return None
    spec = _spec(devices, claims, found)
    status = "Ready" if pools and all(_is_complete(pool) for pool in pools) else "NotReady"
    if found is None:
        return new_node_state(node_name, node_uid, cluster.namespace, spec, status)
    owners = list_at(found, "metadata", "ownerReferences")
    if any(text_at(each, "kind") == "Node" and text_at(each, "uid") != node_uid for each in owners):
        return DeleteNodeState(text_at(found, "metadata", "uid"))
    owned = any(text_at(each, "uid") == node_uid for each in owners)
    return _change(found, spec, status, [] if owned else [node_owner(node_name, node_uid)])


def _change(found: JsonObject, spec: JsonObject, status: str, more_owners: Sequence[Json]) -> ChangeNodeState | None:
    ours = {name: value for name, value in object_at(found, "spec").items() if name in _OURS}
    changes: dict[str, Json] = {}
    if difference(ours, spec):
        changes["spec"] = difference(ours, spec)
    if found.get("status") != status:
        changes["status"] = status
    if not changes and not more_owners:
        return None
    metadata: dict[str, Json] = {
        "uid": text_at(found, "metadata", "uid"),
        "resourceVersion": text_at(found, "metadata", "resourceVersion"),
    }
    if more_owners:
        metadata["ownerReferences"] = [*list_at(found, "metadata", "ownerReferences"), *more_owners]
    return ChangeNodeState({"metadata": metadata, **changes})


def _spec(
    devices: Sequence[MirroredDevice], claims: Sequence[AllocatedOnNode], found: JsonObject | None
) -> dict[str, Json]:
    counts = Counts(
        devices=len(devices),
        # A device that only administrators look at is free.
        allocated=len(
            {(each.pool, each.device) for claim in claims for each in claim.claim.devices if not each.admin_access}
        ),
        prepared=_prepared(object_at(found, "spec", "preparedClaims")),
        unhealthy=sum(device.health == "Unhealthy" for device in devices),
    )
    spec: dict[str, Json] = {
        "allocatableDevices": [encode(MirroredAllocatable(device=device)) for device in devices[:MOST_DEVICES]],
        "counts": encode(counts),
    }
    if claims:
        spec["allocatedClaims"] = {claim.uid: encode(claim.claim) for claim in claims}
    return spec


def _prepared(entries: JsonObject) -> int:
    """How many devices are prepared, whatever the plugin names them by."""
    named = {
        tuple(text_at(device, name) for name in ("uuid", "pool", "device"))
        for entry in entries.values()
        for device in (*list_at(entry, "devices"), *list_at(entry, "gpu", "devices"))
    }
    return len(named)


def _pools(cluster: ModernCluster, node_name: str) -> tuple[tuple[PublishedSlice, ...], ...]:
    """The newest slices of each pool that has something for the node."""
    on_node = cluster.pools_on.get(node_name)
    names = sorted(set(on_node.values())) if on_node is not None else []
    found: list[tuple[PublishedSlice, ...]] = []
    for name in names:
        slices = cluster.pools[name].values()
        newest = max(each.generation for each in slices)
        found.append(tuple(sorted((each for each in slices if each.generation == newest), key=_name)))
    return tuple(found)


def _name(published: PublishedSlice) -> str:
    return published.name


def _is_complete(pool: Sequence[PublishedSlice]) -> bool:
    """Whether the scheduler allocates from the pool: all slices are there, and no name is there twice."""
    names = [each.device.name for part in pool for each in part.devices]
    return all(part.slice_count == len(pool) for part in pool) and len(set(names)) == len(names)


def _devices(pools: Sequence[Sequence[PublishedSlice]], node_name: str) -> tuple[MirroredDevice, ...]:
    """In a stable order, whatever the slices are called; what is there twice is listed once."""
    devices = {
        (each.device.pool, each.device.name): each.device
        for pool in pools
        for part in pool
        for each in part.devices
        if each.node_name == node_name
    }
    return tuple(sorted(devices.values(), key=_order))


def _order(device: MirroredDevice) -> tuple[str, Sequence[tuple[int, str]]]:
    """By pool, then as people count: gpu-2 before gpu-10."""
    return device.pool, [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", device.name)]
