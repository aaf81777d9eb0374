"""A snapshot as it would be: with more nodes, without some, with taints, failures and claims gone.

    after = changed(snapshot, [AddNodes(like="node-3", count=20), Drain(node="node-1")]).unwrap()

Pods that lose their node or their devices wait for a node again, and their own claims are open again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec
from returns.result import Failure, Result, Success

from dra_core.planning.cluster_snapshot import ClusterSnapshot, name_of
from dra_core.planning.daemons import is_daemon
from dra_core.planning.displaced import waiting_again
from dra_core.planning.edited_devices import with_devices
from dra_core.planning.edits import (
    AddNodes,
    Drain,
    Edit,
    FailDevices,
    RemoveNode,
    Repartition,
    TaintDevices,
    TaintNode,
    UntaintDevices,
    UntaintNode,
    Without,
    means_nothing,
)
from dra_core.planning.node_rules import UNSCHEDULABLE, taint_in_words, untolerated
from dra_core.planning.pod_claims import close_name
from dra_core.planning.repartition import repartitioned
from dra_core.planning.words import in_a_line
from dra_core.refusal import Refusal
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node, NodeTaint
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.workload import Workload

HOSTNAME = "kubernetes.io/hostname"
OF_CONDITIONS = "node.kubernetes.io/"  # taints that say how a node is at present


def changed(snapshot: ClusterSnapshot, edits: Iterable[Edit]) -> Result[ClusterSnapshot, Refusal]:
    """The snapshot after all edits, in their order; a refusal if one of them means nothing in it."""
    for edit in edits:
        found = _edited(snapshot, edit)
        if isinstance(found, Refusal):
            return Failure(found)
        snapshot = found
    return Success(snapshot)


def _edited(snapshot: ClusterSnapshot, edit: Edit) -> ClusterSnapshot | Refusal:
    if isinstance(edit, Without):
        return _without(snapshot, edit)
    if isinstance(edit, TaintDevices | UntaintDevices | FailDevices):
        return with_devices(snapshot, edit)
    if isinstance(edit, Repartition):
        return repartitioned(snapshot, edit)
    name = edit.like if isinstance(edit, AddNodes) else edit.node
    if not any(node.metadata.name == name for node in snapshot.nodes):
        return means_nothing(f"there is no node {name}", _instead_of(name, snapshot))
    match edit:
        case AddNodes():
            return _with_nodes(snapshot, edit)
        case RemoveNode():
            emptied = _emptied(snapshot, name, with_daemons=True)
            return msgspec.structs.replace(
                emptied,
                nodes=tuple(node for node in emptied.nodes if node.metadata.name != name),
                slices=tuple(_elsewhere(item, name) for item in emptied.slices if item.spec.node_name != name),
            )
        case Drain():
            return _node(
                _emptied(snapshot, name, with_daemons=False),
                name,
                lambda node: msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, unschedulable=True)),
            )
        case TaintNode():
            taint = NodeTaint(key=edit.key, value=edit.value, effect=edit.effect)
            tainted = _node(snapshot, name, lambda node: _tainted(node, (*node.spec.taints, taint)))
            return _evicted(tainted, name, taint)
        case UntaintNode():
            key = edit.key
            untainted = _node(snapshot, name, lambda node: _untainted(node, key))
            if untainted.nodes != snapshot.nodes:
                return untainted
            node = next(node for node in snapshot.nodes if node.metadata.name == name)
            taints = ", ".join(map(taint_in_words, node.spec.taints))
            return means_nothing(f"node {name} has no taint {key}", f"it has {taints or 'none'}")


def _instead_of(name: str, snapshot: ClusterSnapshot) -> str:
    """A hint at the nodes that there are."""
    names = [node.metadata.name for node in snapshot.nodes]
    close = close_name(name, names)
    if close:
        return f'did you mean "{close}"?'
    if "*" in name or "/" in name:
        return "devices are named as POOL/DEVICE, e.g. '*/*' for all"
    return f"there are {in_a_line(names)}" if names else "the snapshot has no nodes"


def _elsewhere(part: ResourceSlice, node: str) -> ResourceSlice:
    """The slice without devices that are on the node, where single devices say where they are."""
    kept = tuple(device for device in part.spec.devices if device.node_name != node)
    if len(kept) == len(part.spec.devices):
        return part
    return msgspec.structs.replace(part, spec=msgspec.structs.replace(part.spec, devices=kept))


def _node(snapshot: ClusterSnapshot, name: str, edit: Callable[[Node], Node]) -> ClusterSnapshot:
    nodes = tuple(edit(node) if node.metadata.name == name else node for node in snapshot.nodes)
    return msgspec.structs.replace(snapshot, nodes=nodes)


def _tainted(node: Node, taints: tuple[NodeTaint, ...]) -> Node:
    return msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, taints=taints))


def _untainted(node: Node, key: str) -> Node:
    kept = _tainted(node, tuple(taint for taint in node.spec.taints if taint.key != key))
    if key != UNSCHEDULABLE.key:
        return kept
    return msgspec.structs.replace(kept, spec=msgspec.structs.replace(kept.spec, unschedulable=False))


def _with_nodes(snapshot: ClusterSnapshot, edit: AddNodes) -> ClusterSnapshot:
    model = next(node for node in snapshot.nodes if node.metadata.name == edit.like)
    own = _newest(item for item in snapshot.slices if item.spec.node_name == edit.like)
    counts = Counter((part.spec.driver, part.spec.pool.name) for part in own)  # others of the pool may be elsewhere
    taken = {node.metadata.name for node in snapshot.nodes}
    nodes: list[Node] = []
    slices: list[ResourceSlice] = []
    number = 0
    while len(nodes) < edit.count:
        number += 1
        name = f"{edit.like}-new-{number}"
        if name in taken:
            continue
        labels = {**model.metadata.labels}
        if HOSTNAME in labels:
            labels[HOSTNAME] = name
        metadata = msgspec.structs.replace(model.metadata, name=name, uid=name, labels=labels)
        lasting = tuple(taint for taint in model.spec.taints if not taint.key.startswith(OF_CONDITIONS))
        spec = msgspec.structs.replace(model.spec, unschedulable=False, taints=lasting)
        nodes.append(msgspec.structs.replace(model, metadata=metadata, spec=spec))
        for part in own:
            title = name if part.spec.pool.name == edit.like else f"{part.spec.pool.name}-{name}"
            count = counts[part.spec.driver, part.spec.pool.name]
            pool = msgspec.structs.replace(part.spec.pool, name=title, resource_slice_count=count)
            slices.append(
                msgspec.structs.replace(
                    part,
                    metadata=msgspec.structs.replace(
                        part.metadata, name=f"{part.metadata.name}-{name}", uid="", owner_references=()
                    ),
                    spec=msgspec.structs.replace(part.spec, node_name=name, pool=pool),
                )
            )
    here = [pod for pod in snapshot.pods if pod.spec.node_name == edit.like and not pod.finished and is_daemon(pod)]
    daemons = (_as_on(pod, node.metadata.name) for node in nodes for pod in here if not pod.spec.resource_claims)
    return msgspec.structs.replace(
        snapshot,
        nodes=(*snapshot.nodes, *nodes),
        slices=(*snapshot.slices, *slices),
        pods=(*snapshot.pods, *daemons),
    )


def _newest(slices: Iterable[ResourceSlice]) -> list[ResourceSlice]:
    """Those of each pool's newest generation; the others are on their way out."""
    found = list(slices)
    newest: dict[tuple[str, str], int] = {}
    for part in found:
        key = part.spec.driver, part.spec.pool.name
        newest[key] = max(newest.get(key, 0), part.spec.pool.generation)
    return [part for part in found if part.spec.pool.generation == newest[part.spec.driver, part.spec.pool.name]]


def _as_on(pod: Pod, node: str) -> Pod:
    """A DaemonSet's pod on a further node; one with claims is left to the DaemonSet, as it needs claims of its own."""
    name = f"{pod.metadata.name}-{node}"
    return msgspec.structs.replace(
        pod,
        metadata=msgspec.structs.replace(pod.metadata, name=name, uid=name),
        spec=msgspec.structs.replace(pod.spec, node_name=node),
    )


def _emptied(snapshot: ClusterSnapshot, node: str, *, with_daemons: bool) -> ClusterSnapshot:
    """Without running pods on the node: they wait again. Those of DaemonSets end with the node, or stay on it."""
    running = [pod for pod in snapshot.pods if pod.spec.node_name == node and not pod.finished]
    ending = {_place(pod) for pod in running if is_daemon(pod)}
    leaving = {_place(pod) for pod in running} - (set() if with_daemons else ending)
    waiting = waiting_again(snapshot, leaving)
    kept = tuple(pod for pod in waiting.pods if not with_daemons or _place(pod) not in ending)
    return msgspec.structs.replace(waiting, pods=kept)


def _evicted(snapshot: ClusterSnapshot, node: str, taint: NodeTaint) -> ClusterSnapshot:
    """NoExecute ends pods on the node that do not tolerate it."""
    if taint.effect != "NoExecute":
        return snapshot
    hit = [
        pod
        for pod in snapshot.pods
        if pod.spec.node_name == node and not pod.finished and untolerated((taint,), pod.spec.tolerations) is not None
    ]
    ending = {_place(pod) for pod in hit if is_daemon(pod)}  # their DaemonSet wants none there any more
    waiting = waiting_again(snapshot, {_place(pod) for pod in hit})
    return msgspec.structs.replace(waiting, pods=tuple(pod for pod in waiting.pods if _place(pod) not in ending))


def _place(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace, pod.metadata.name


_FIELDS: Mapping[str, str] = {
    "ResourceClaim": "claims",
    "ResourceClaimTemplate": "templates",
    "Pod": "pods",
    "DeviceClass": "classes",
    "DeviceTaintRule": "taint_rules",
    "Deployment": "workloads",
    "ReplicaSet": "workloads",
    "StatefulSet": "workloads",
    "Job": "workloads",
    "DaemonSet": "workloads",
    "CronJob": "workloads",
}


def _without(snapshot: ClusterSnapshot, edit: Without) -> ClusterSnapshot | Refusal:
    field = _FIELDS.get(edit.kind)
    if field is None:
        return means_nothing(f"nothing can be left out by the kind {edit.kind}", f"there are {', '.join(_FIELDS)}")
    items = getattr(snapshot, field)
    kept = tuple(
        item
        for item in items
        if (item.kind, item.metadata.name) != (edit.kind, edit.name)
        or item.metadata.namespace not in ("", edit.namespace)
    )
    if len(kept) == len(items):
        everywhere = edit.kind in ("DeviceClass", "DeviceTaintRule")  # they are in no namespace
        where = f" in namespace {edit.namespace}" if edit.namespace and not everywhere else ""
        close = close_name(edit.name, (item.metadata.name for item in items if item.kind == edit.kind))
        return means_nothing(f"there is no {edit.kind} {edit.name}{where}", f'did you mean "{close}"?' if close else "")
    gone = {name_of(item): item.metadata.uid for item in items if item not in kept}
    return _collected(snapshot, gone, msgspec.structs.replace(snapshot, **{field: kept}))


def _collected(
    snapshot: ClusterSnapshot, gone: dict[tuple[str, str, str], str], without: ClusterSnapshot
) -> ClusterSnapshot:
    """Without what belonged to what is gone (by kind, namespace and name the UID), as the garbage collector leaves it.

    A Deployment goes with its ReplicaSets, these with their pods, and pods with the claims that were made for them.
    """
    dependents: list[Pod | ResourceClaim | Workload] = [
        item for item in (*snapshot.workloads, *snapshot.pods, *snapshot.claims) if item.metadata.owner_references
    ]
    before = -1
    while len(gone) != before:
        before = len(gone)
        gone |= {name_of(item): item.metadata.uid for item in dependents if _belongs(item.metadata, gone)}
    left = waiting_again(without, {(namespace, name) for kind, namespace, name in gone if kind == "Pod"})
    return msgspec.structs.replace(
        left,
        workloads=tuple(item for item in left.workloads if name_of(item) not in gone),
        pods=tuple(item for item in left.pods if name_of(item) not in gone),
        claims=tuple(item for item in left.claims if name_of(item) not in gone),
    )


def _belongs(metadata: ObjectMeta, gone: Mapping[tuple[str, str, str], str]) -> bool:
    """Whether all owners are gone; a UID that is not known may be the owner's."""
    places = [((owner.kind, metadata.namespace, owner.name), owner.uid) for owner in metadata.owner_references]
    return bool(places) and all(place in gone and (not uid or gone[place] in ("", uid)) for place, uid in places)
