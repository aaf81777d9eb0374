"""Keeping up with the cluster: what a controller knows after it has seen an object, or seen it go.

Objects may come late and more than once (a watch that repeats what a write has answered already): an older version of
what is known changes nothing. Where nothing changes that matters, the answer is the very same cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec
from pyrsistent import PMap, pmap
from returns.result import Failure, Result, Success

from dra_core.negotiation.cluster import ClassicCluster, KnownNode, Name
from dra_core.negotiation.parameters import read_claim_parameters, read_class_parameters
from dra_core.nodestate.entry_life import node_of
from dra_core.refusal import Refusals
from dra_core.snapshot.classic_claim import ClassicClaim, version_of
from dra_core.snapshot.classic_class import ClassicClass
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.classic_scheduling import ClassicPod, PodSchedulingContext
from dra_core.snapshot.codec import Record, decode, decode_reporting
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node

make_ready(ClassicClaim, ClassicClass, PodSchedulingContext, ClassicPod, NodeAllocationState, Node)

Kind: TypeAlias = Literal[
    "ResourceClaim",
    "ResourceClass",
    "PodSchedulingContext",
    "Pod",
    "GpuClaimParameters",
    "DeviceClassParameters",
    "NodeAllocationState",
    "Node",
]
"""What a controller watches (pods it reads one by one)."""


class _Holding(msgspec.Struct, frozen=True):
    """Where objects of a kind are held, and how they are read; None: as if there were no such object."""

    field: str
    read: Callable[[JsonObject], object | None]
    namespaced: bool = False


def _readable(record_type: type[Record]) -> Callable[[JsonObject], Record | None]:
    """Fields that are newer than Kubernetes 1.30 are passed over; what cannot be read at all is nobody's."""

    def read(value: JsonObject) -> Record | None:
        decoded = decode_reporting(record_type, value)
        return decoded.unwrap().record if isinstance(decoded, Success) else None

    return read


def _node_state(value: JsonObject) -> Result[NodeAllocationState, Refusals]:
    """Read strictly: what somebody has edited into nonsense must not be taken for free devices."""
    meta = object_at(value, "metadata")
    known = {name: item for name, item in meta.items() if name != "managedFields"}
    read = decode(NodeAllocationState, {**value, "metadata": known})
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        return Failure(wrong)
    return read


def _node(value: JsonObject) -> KnownNode | None:
    """The part of a node that matters here, so that its heartbeats change nothing."""
    node = _readable(Node)(value)
    if node is None:
        return None
    meta = ObjectMeta(name=node.metadata.name, uid=node.metadata.uid, labels=node.metadata.labels)
    ready = any(_is_ready(condition) for condition in list_at(value, "status", "conditions"))
    return KnownNode(Node(metadata=meta, spec=node.spec), ready)


def _is_ready(condition: Json) -> bool:
    return text_at(condition, "type") == "Ready" and text_at(condition, "status") == "True"


_HOLDINGS: Mapping[Kind, _Holding] = {
    "ResourceClaim": _Holding("claims", _readable(ClassicClaim), namespaced=True),
    "ResourceClass": _Holding("classes", _readable(ClassicClass)),
    "PodSchedulingContext": _Holding("contexts", _readable(PodSchedulingContext), namespaced=True),
    "Pod": _Holding("pods", _readable(ClassicPod), namespaced=True),
    "GpuClaimParameters": _Holding("claim_parameters", read_claim_parameters, namespaced=True),
    "DeviceClassParameters": _Holding("class_parameters", read_class_parameters),
    "NodeAllocationState": _Holding("node_states", _node_state),
    "Node": _Holding("nodes", _node),
}


def name_of(kind: Kind, value: JsonObject) -> Name:
    """By which name an object is known."""
    namespace = text_at(value, "metadata", "namespace") if _HOLDINGS[kind].namespaced else ""
    return namespace, text_at(value, "metadata", "name")


def names_of(cluster: ClassicCluster, kind: Kind) -> tuple[Name, ...]:
    """The names of all objects of a kind that are known."""
    return tuple(_held(cluster, kind))


def knowing(cluster: ClassicCluster, kind: Kind, value: JsonObject) -> ClassicCluster:
    """What is known after seeing the object."""
    name = name_of(kind, value)
    held = _held(cluster, kind)
    known, read = held.get(name), _HOLDINGS[kind].read(value)
    if read == known or _is_older(value, known):
        return cluster
    if read is None:
        return forgetting(cluster, kind, name)
    return _with(cluster, kind, held.set(name, read), known, read)


def forgetting(cluster: ClassicCluster, kind: Kind, name: Name) -> ClassicCluster:
    """What is known after seeing that there is no such object."""
    held = _held(cluster, kind)
    if name not in held:
        return cluster
    return _with(cluster, kind, held.remove(name), held[name], None)


def knowing_all(cluster: ClassicCluster, kind: Kind, values: Iterable[JsonObject], version: str = "") -> ClassicCluster:
    """What is known after seeing all objects of a kind: those that are not among them are gone.

    Args:
        cluster: What was known.
        kind: Of the objects.
        values: All that there were.
        version: The resourceVersion of the list; what is known to be newer than it is kept. "": the list is the newest.
    """
    listed = {name_of(kind, value): value for value in values}
    held = _held(cluster, kind)
    for name in names_of(cluster, kind):
        newer = bool(version) and _version(held[name]) > version_of(version)
        if name not in listed and not newer:
            cluster = forgetting(cluster, kind, name)
    for value in listed.values():
        cluster = knowing(cluster, kind, value)
    return cluster


def _held(cluster: ClassicCluster, kind: Kind) -> PMap[Name, object]:
    held: PMap[Name, object] = getattr(cluster, _HOLDINGS[kind].field)
    return held


def _with(
    cluster: ClassicCluster, kind: Kind, held: PMap[Name, object], old: object | None, new: object | None
) -> ClassicCluster:
    on_nodes = cluster.on_nodes
    if kind == "ResourceClaim":
        on_nodes = _moved(on_nodes, _ours(cluster, old), _ours(cluster, new))
    return msgspec.structs.replace(cluster, **{_HOLDINGS[kind].field: held}, on_nodes=on_nodes)


def _ours(cluster: ClassicCluster, claim: object | None) -> ClassicClaim | None:
    """A claim with an allocation by the driver."""
    if isinstance(claim, ClassicClaim) and claim.status.allocation and claim.status.driver_name == cluster.driver_name:
        return claim
    return None


def _moved(
    on_nodes: PMap[str, PMap[Name, ClassicClaim]], old: ClassicClaim | None, new: ClassicClaim | None
) -> PMap[str, PMap[Name, ClassicClaim]]:
    if old is not None:
        left = on_nodes[node_of(old)].discard(_name(old))
        on_nodes = on_nodes.set(node_of(old), left) if left else on_nodes.remove(node_of(old))
    if new is not None:
        node_name = node_of(new)
        on_nodes = on_nodes.set(node_name, on_nodes.get(node_name, pmap()).set(_name(new), new))
    return on_nodes


def _name(claim: ClassicClaim) -> Name:
    return claim.metadata.namespace, claim.metadata.name


def _is_older(value: JsonObject, known: object | None) -> bool:
    """Whether the object is an earlier version of what is known. One made anew has a greater version."""
    return version_of(text_at(value, "metadata", "resourceVersion")) < _version(known)


def _version(known: object | None) -> int:
    """The version of what is known; 0 where it is not kept."""
    if isinstance(known, Success):
        known = known.unwrap()
    meta = getattr(known, "metadata", None)
    return version_of(meta.resource_version) if isinstance(meta, ObjectMeta) else 0
