"""What the controller of modern clusters knows, and which nodes' states and which claims a change concerns.

Where nothing changes that matters, the answer is the very same cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, TypeVar

import msgspec
from pyrsistent import PMap, pmap

from dra_core.device_status import readiness
from dra_core.nodestate.published import AllocatedOnNode, PublishedSlice, allocated_on_node, published_slice
from dra_core.snapshot.json_value import JsonObject, text_at

MirrorKind: TypeAlias = Literal["Node", "ResourceSlice", "ResourceClaim", "NodeAllocationState"]
"""What is followed. States are those of the driver's namespace."""

Known = TypeVar("Known")
Name: TypeAlias = tuple[str, str]
"""Namespace and name."""


class ModernCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Objects by namespace ("" for those without, and for states) and name.

    Attributes:
        driver_name: Whose slices and claims are looked at.
        namespace: Where the states are.
        nodes: UIDs of Nodes.
        slices: The driver's.
        claims: Those with devices of the driver on one node.
        states: NodeAllocationStates, as they were read.
        pools: The slices by pool, then by name.
        pools_on: By node the slices that say something about it, with their pools.
        claims_on: The claims by node.
        reports_readiness: Whether the driver's devices with binding conditions are to be reported ready.
        waiting: If so, the claims for which that has not been done, as they were read.
    """

    driver_name: str
    namespace: str
    nodes: PMap[Name, str] = pmap()
    slices: PMap[Name, PublishedSlice] = pmap()
    claims: PMap[Name, AllocatedOnNode] = pmap()
    states: PMap[Name, JsonObject] = pmap()
    pools: PMap[str, PMap[Name, PublishedSlice]] = pmap()
    pools_on: PMap[str, PMap[Name, str]] = pmap()
    claims_on: PMap[str, PMap[Name, AllocatedOnNode]] = pmap()
    reports_readiness: bool = False
    waiting: PMap[Name, JsonObject] = pmap()


def key_of(kind: MirrorKind, value: JsonObject) -> Name:
    """By which name an object is known."""
    namespace = text_at(value, "metadata", "namespace") if kind == "ResourceClaim" else ""
    return namespace, text_at(value, "metadata", "name")


def seeing(cluster: ModernCluster, kind: MirrorKind, value: JsonObject) -> ModernCluster:
    """What is known after an object was seen."""
    key = key_of(kind, value)
    match kind:
        case "Node":
            uid = text_at(value, "metadata", "uid")
            if cluster.nodes.get(key) == uid:
                return cluster
            return msgspec.structs.replace(cluster, nodes=cluster.nodes.set(key, uid))
        case "NodeAllocationState":
            if cluster.states.get(key) == value:
                return cluster
            return msgspec.structs.replace(cluster, states=cluster.states.set(key, value))
        case "ResourceSlice":
            return _with_slice(cluster, key, published_slice(cluster.driver_name, value))
        case "ResourceClaim":
            waits = cluster.reports_readiness and readiness(cluster.driver_name, value, now="") is not None
            cluster = _with_waiting(cluster, key, value if waits else None)
            return _with_claim(cluster, key, allocated_on_node(cluster.driver_name, value))


def missing(cluster: ModernCluster, kind: MirrorKind, key: Name) -> ModernCluster:
    """What is known after an object was seen to be gone."""
    match kind:
        case "Node" if key in cluster.nodes:
            return msgspec.structs.replace(cluster, nodes=cluster.nodes.remove(key))
        case "NodeAllocationState" if key in cluster.states:
            return msgspec.structs.replace(cluster, states=cluster.states.remove(key))
        case "Node" | "NodeAllocationState":
            return cluster
        case "ResourceSlice":
            return _with_slice(cluster, key, None)
        case "ResourceClaim":
            return _with_claim(_with_waiting(cluster, key, None), key, None)


def seeing_all(cluster: ModernCluster, kind: MirrorKind, values: Iterable[JsonObject]) -> ModernCluster:
    """What is known after all objects of a kind were listed: those that are not among them are gone."""
    listed = {key_of(kind, value): value for value in values}
    for key in [key for key in _held(cluster, kind) if key not in listed]:
        cluster = missing(cluster, kind, key)
    for value in listed.values():
        cluster = seeing(cluster, kind, value)
    return cluster


def concerned_nodes(before: ModernCluster, after: ModernCluster, kind: MirrorKind, key: Name) -> frozenset[str]:
    """The nodes whose states may have to be written after what is known of an object has changed."""
    if after is before:
        return frozenset()
    match kind:
        case "Node" | "NodeAllocationState":
            return frozenset({key[1]})
        case "ResourceClaim":
            found = (before.claims.get(key), after.claims.get(key))
            return frozenset(each.node_name for each in found if each is not None)
        case "ResourceSlice":
            # Whether a pool is complete matters to every node that it has something for.
            pools = {each.pool for each in (before.slices.get(key), after.slices.get(key)) if each is not None}
            parts = (slices.values() for each in (before, after) for pool in pools if (slices := each.pools.get(pool)))
            return frozenset(node_name for slices in parts for each in slices for node_name in each.node_names)


def waiting_claims(before: ModernCluster, after: ModernCluster, kind: MirrorKind, key: Name) -> frozenset[Name]:
    """The claim, by namespace and name, if it waits in another way than before."""
    waits = kind == "ResourceClaim" and after.waiting.get(key) not in (None, before.waiting.get(key))
    return frozenset({key} if waits else ())


def all_nodes(cluster: ModernCluster) -> frozenset[str]:
    """Every node that has, or should have, a state."""
    return frozenset({name for _, name in cluster.states} | set(cluster.pools_on) | set(cluster.claims_on))


def _held(cluster: ModernCluster, kind: MirrorKind) -> Iterable[Name]:
    match kind:
        case "Node":
            return cluster.nodes
        case "NodeAllocationState":
            return cluster.states
        case "ResourceSlice":
            return cluster.slices
        case "ResourceClaim":
            return {*cluster.claims, *cluster.waiting}


def _with_slice(cluster: ModernCluster, key: Name, new: PublishedSlice | None) -> ModernCluster:
    old = cluster.slices.get(key)
    if old == new:
        return cluster
    pools, pools_on = cluster.pools, cluster.pools_on
    if old is not None:
        pools = _taken_out(pools, old.pool, key)
        for node_name in old.node_names:
            pools_on = _taken_out(pools_on, node_name, key)
    if new is not None:
        pools = _put_in(pools, new.pool, key, new)
        for node_name in new.node_names:
            pools_on = _put_in(pools_on, node_name, key, new.pool)
    slices = cluster.slices.discard(key) if new is None else cluster.slices.set(key, new)
    return msgspec.structs.replace(cluster, slices=slices, pools=pools, pools_on=pools_on)


def _with_claim(cluster: ModernCluster, key: Name, new: AllocatedOnNode | None) -> ModernCluster:
    old = cluster.claims.get(key)
    if old == new:
        return cluster
    claims_on = cluster.claims_on
    if old is not None:
        claims_on = _taken_out(claims_on, old.node_name, key)
    if new is not None:
        claims_on = _put_in(claims_on, new.node_name, key, new)
    claims = cluster.claims.discard(key) if new is None else cluster.claims.set(key, new)
    return msgspec.structs.replace(cluster, claims=claims, claims_on=claims_on)


def _with_waiting(cluster: ModernCluster, key: Name, new: JsonObject | None) -> ModernCluster:
    if cluster.waiting.get(key) == new:
        return cluster
    waiting = cluster.waiting.discard(key) if new is None else cluster.waiting.set(key, new)
    return msgspec.structs.replace(cluster, waiting=waiting)


def _put_in(index: PMap[str, PMap[Name, Known]], under: str, key: Name, value: Known) -> PMap[str, PMap[Name, Known]]:
    return index.set(under, index.get(under, pmap()).set(key, value))


def _taken_out(index: PMap[str, PMap[Name, Known]], under: str, key: Name) -> PMap[str, PMap[Name, Known]]:
    left = index[under].discard(key)
    return index.set(under, left) if left else index.remove(under)
