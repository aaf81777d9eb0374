"""A snapshot as it would be: with more nodes, without some, with taints, failures and claims gone.

    after = changed(snapshot, [AddNodes(like="node-3", count=20), Drain(node="node-1")]).unwrap()

Pods that lose their node or their devices wait for a node again, and their own claims are open again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec
from returns.result import Failure, Result, Success

from dra_core.planning.amounts import nanos
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.pod_claims import POD_CLAIM_NAME, close_name
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.device import Counter, Device, DeviceTaint
from dra_core.snapshot.node import Node, NodeTaint
from dra_core.snapshot.quantity import NANOS, canonical, parse
from dra_core.snapshot.resource_claim import ResourceClaim, ResourceClaimStatus
from dra_core.snapshot.resource_slice import ResourceSlice

ANY = "*"  # in place of a driver, pool or device
HOSTNAME = "kubernetes.io/hostname"


class Devices(msgspec.Struct, frozen=True):
    """Which devices; ``*`` stands for any."""

    driver: str = ANY
    pool: str = ANY
    device: str = ANY

    def holds(self, driver: str, pool: str, device: str) -> bool:
        """Whether the device is meant."""
        return self.driver in (ANY, driver) and self.pool in (ANY, pool) and self.device in (ANY, device)

    @property
    def text(self) -> str:
        """``driver/pool/device``."""
        return f"{self.driver}/{self.pool}/{self.device}"


class AddNodes(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """More nodes like one that there is, empty, with devices of their own."""

    like: str
    count: int = 1


class RemoveNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node and its slices gone."""

    node: str


class Drain(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node cordoned and empty."""

    node: str


class TaintNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node with one more taint."""

    node: str
    key: str
    value: str = ""
    effect: str


class UntaintNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node without the taints of a key; with "node.kubernetes.io/unschedulable", uncordoned as well."""

    node: str
    key: str


class TaintDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices with one more taint."""

    devices: Devices
    key: str
    value: str = ""
    effect: str


class UntaintDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices without the taints of a key, be they published or laid over them by rules."""

    devices: Devices
    key: str


class FailDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices gone; who used them waits again."""

    devices: Devices


class Repartition(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The devices that draw from a counter set of a pool cut anew: the whole, and so many equal parts.

    The largest of them is taken for the whole; parts have its attributes, and their share of its capacity and counters.
    Who uses any of the old devices waits again. The pool keeps everything that draws from other sets.
    """

    pool: str
    counter_set: str
    parts: int


class Without(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An object gone; a pod with its own claims."""

    kind: str
    namespace: str
    name: str


Edit: TypeAlias = (
    AddNodes
    | RemoveNode
    | Drain
    | TaintNode
    | UntaintNode
    | TaintDevices
    | UntaintDevices
    | FailDevices
    | Repartition
    | Without
)


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
        return _with_devices(snapshot, edit)
    if isinstance(edit, Repartition):
        return _repartitioned(snapshot, edit)
    name = edit.like if isinstance(edit, AddNodes) else edit.node
    if not any(node.metadata.name == name for node in snapshot.nodes):
        close = close_name(name, (node.metadata.name for node in snapshot.nodes))
        return _refusal(f"there is no node {name}", f'did you mean "{close}"?' if close else "")
    match edit:
        case AddNodes():
            return _with_nodes(snapshot, edit)
        case RemoveNode():
            emptied = _emptied(snapshot, name)
            return msgspec.structs.replace(
                emptied,
                nodes=tuple(node for node in emptied.nodes if node.metadata.name != name),
                slices=tuple(item for item in emptied.slices if item.spec.node_name != name),
            )
        case Drain():
            return _node(
                _emptied(snapshot, name),
                name,
                lambda node: msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, unschedulable=True)),
            )
        case TaintNode():
            taint = NodeTaint(key=edit.key, value=edit.value, effect=edit.effect)
            return _node(snapshot, name, lambda node: _tainted(node, (*node.spec.taints, taint)))
        case UntaintNode():
            key = edit.key
            return _node(snapshot, name, lambda node: _untainted(node, key))


def _refusal(seen: str, hint: str = "") -> Refusal:
    return Refusal(code="WhatIfMeansNothing", fault=Fault.USER, seen=seen, hint=hint)


def _node(snapshot: ClusterSnapshot, name: str, edit: Callable[[Node], Node]) -> ClusterSnapshot:
    nodes = tuple(edit(node) if node.metadata.name == name else node for node in snapshot.nodes)
    return msgspec.structs.replace(snapshot, nodes=nodes)


def _tainted(node: Node, taints: tuple[NodeTaint, ...]) -> Node:
    return msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, taints=taints))


def _untainted(node: Node, key: str) -> Node:
    kept = _tainted(node, tuple(taint for taint in node.spec.taints if taint.key != key))
    if key != "node.kubernetes.io/unschedulable":
        return kept
    return msgspec.structs.replace(kept, spec=msgspec.structs.replace(kept.spec, unschedulable=False))


def _with_nodes(snapshot: ClusterSnapshot, edit: AddNodes) -> ClusterSnapshot:
    model = next(node for node in snapshot.nodes if node.metadata.name == edit.like)
    own = [item for item in snapshot.slices if item.spec.node_name == edit.like]
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
        spec = msgspec.structs.replace(model.spec, unschedulable=False)
        nodes.append(msgspec.structs.replace(model, metadata=metadata, spec=spec))
        for part in own:
            pool = name if part.spec.pool.name == edit.like else f"{part.spec.pool.name}-{name}"
            slices.append(
                msgspec.structs.replace(
                    part,
                    metadata=msgspec.structs.replace(
                        part.metadata, name=f"{part.metadata.name}-{name}", uid="", owner_references=()
                    ),
                    spec=msgspec.structs.replace(
                        part.spec, node_name=name, pool=msgspec.structs.replace(part.spec.pool, name=pool)
                    ),
                )
            )
    return msgspec.structs.replace(snapshot, nodes=(*snapshot.nodes, *nodes), slices=(*snapshot.slices, *slices))


def _emptied(snapshot: ClusterSnapshot, node: str) -> ClusterSnapshot:
    """Without running pods on the node: they wait again; those of DaemonSets end with it."""
    leaving = {
        (pod.metadata.namespace, pod.metadata.name)
        for pod in snapshot.pods
        if pod.spec.node_name == node and not pod.finished
    }
    ending = {
        (pod.metadata.namespace, pod.metadata.name)
        for pod in snapshot.pods
        if any(owner.kind == "DaemonSet" for owner in pod.metadata.owner_references)
    } & leaving
    waiting = _waiting_again(snapshot, leaving)
    pods = tuple(pod for pod in waiting.pods if (pod.metadata.namespace, pod.metadata.name) not in ending)
    return msgspec.structs.replace(waiting, pods=pods)


def _waiting_again(snapshot: ClusterSnapshot, places: set[tuple[str, str]]) -> ClusterSnapshot:
    """The pods without their node; claims that nobody else uses are open again."""
    uids = {
        pod.metadata.uid
        for pod in snapshot.pods
        if (pod.metadata.namespace, pod.metadata.name) in places and pod.metadata.uid
    }
    pods = tuple(
        msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, node_name=""))
        if (pod.metadata.namespace, pod.metadata.name) in places
        else pod
        for pod in snapshot.pods
    )
    claims = tuple(_left(claim, places, uids) for claim in snapshot.claims)
    return msgspec.structs.replace(snapshot, pods=pods, claims=claims)


def _left(claim: ResourceClaim, places: set[tuple[str, str]], uids: set[str]) -> ResourceClaim:
    consumers = claim.status.reserved_for
    kept = tuple(
        item
        for item in consumers
        if item.resource != "pods" or (item.uid not in uids and (claim.metadata.namespace, item.name) not in places)
    )
    if len(kept) == len(consumers):
        return claim
    if not kept:
        return msgspec.structs.replace(claim, status=ResourceClaimStatus())
    return msgspec.structs.replace(claim, status=msgspec.structs.replace(claim.status, reserved_for=kept))


def _with_devices(
    snapshot: ClusterSnapshot, edit: TaintDevices | UntaintDevices | FailDevices
) -> ClusterSnapshot | Refusal:
    wanted = edit.devices
    found = [
        (part.spec.driver, part.spec.pool.name, device.name)
        for part in snapshot.slices
        for device in part.spec.devices
        if wanted.holds(part.spec.driver, part.spec.pool.name, device.name)
    ]
    if not found:
        return _refusal(f"there is no device {wanted.text}", "name it as pool/device or driver/pool/device; * is any")
    slices = tuple(_part(part, edit) for part in snapshot.slices)
    after = msgspec.structs.replace(snapshot, slices=slices)
    if isinstance(edit, UntaintDevices):
        rules = tuple(rule for rule in after.taint_rules if rule.spec.taint.key != edit.key)
        return msgspec.structs.replace(after, taint_rules=rules)
    if not isinstance(edit, FailDevices):
        return after
    return _released(after, frozenset(found))


def _released(snapshot: ClusterSnapshot, devices: frozenset[tuple[str, str, str]]) -> ClusterSnapshot:
    """Nobody holds the devices, and who did waits again."""
    hit = [
        claim
        for claim in snapshot.claims
        if claim.status.allocation is not None
        and any((item.driver, item.pool, item.device) in devices for item in claim.status.allocation.devices.results)
    ]
    users = {(claim.metadata.namespace, item.name) for claim in hit for item in claim.status.reserved_for}
    after = _waiting_again(snapshot, users)
    names = {(claim.metadata.namespace, claim.metadata.name) for claim in hit}
    claims = tuple(
        msgspec.structs.replace(claim, status=ResourceClaimStatus())
        if (claim.metadata.namespace, claim.metadata.name) in names
        else claim
        for claim in after.claims
    )
    return msgspec.structs.replace(after, claims=claims)


def _repartitioned(snapshot: ClusterSnapshot, edit: Repartition) -> ClusterSnapshot | Refusal:
    if edit.parts < 1:
        return _refusal(f"{edit.parts} parts are none", "cut it into 1 or more")
    slices: list[ResourceSlice] = []
    gone: set[tuple[str, str, str]] = set()
    for part in snapshot.slices:
        old = [device for device in part.spec.devices if _draws(device, edit.counter_set)]
        if part.spec.pool.name != edit.pool or not old:
            slices.append(part)
            continue
        gone |= {(part.spec.driver, edit.pool, device.name) for device in old}
        whole = max(old, key=lambda device: sum(_drawn(device, edit.counter_set)))
        kept = tuple(device for device in part.spec.devices if device not in old)
        devices = (*kept, whole, *_parts(whole, edit))
        slices.append(msgspec.structs.replace(part, spec=msgspec.structs.replace(part.spec, devices=devices)))
    if not gone:
        hint = "name it as POOL/SET=PARTS; kubectl dra status --by device lists the sets"
        return _refusal(f"no device of pool {edit.pool} draws from a counter set {edit.counter_set}", hint)
    return _released(msgspec.structs.replace(snapshot, slices=tuple(slices)), frozenset(gone))


def _draws(device: Device, counter_set: str) -> bool:
    return any(taken.counter_set == counter_set for taken in device.consumes_counters)


def _drawn(device: Device, counter_set: str) -> list[int]:
    """What the device draws from the set, in billionths."""
    return [
        nanos(counter.value)
        for taken in device.consumes_counters
        if taken.counter_set == counter_set
        for counter in taken.counters.values()
    ]


def _parts(whole: Device, edit: Repartition) -> list[Device]:
    """Equal parts of a device; what does not divide is left over."""
    consumes = tuple(
        msgspec.structs.replace(
            taken,
            counters={name: Counter(value=_share(item.value, edit.parts)) for name, item in taken.counters.items()},
        )
        for taken in whole.consumes_counters
    )
    capacity = {
        name: msgspec.structs.replace(item, value=_share(item.value, edit.parts))
        for name, item in whole.capacity.items()
    }
    return [
        msgspec.structs.replace(
            whole, name=f"{edit.counter_set}-part-{number}"[-63:], consumes_counters=consumes, capacity=capacity
        )
        for number in range(edit.parts)
    ]


def _share(text: str, parts: int) -> str:
    amount = parse(text)
    if amount is None:
        return text
    whole = amount.nanos // NANOS
    return canonical(whole // parts * NANOS if whole >= parts else amount.nanos // parts, amount.format)


def _part(part: ResourceSlice, edit: TaintDevices | UntaintDevices | FailDevices) -> ResourceSlice:
    driver, pool = part.spec.driver, part.spec.pool.name
    devices: list[Device] = []
    for device in part.spec.devices:
        if not edit.devices.holds(driver, pool, device.name):
            devices.append(device)
        elif isinstance(edit, TaintDevices):
            taint = DeviceTaint(key=edit.key, value=edit.value, effect=edit.effect)
            devices.append(msgspec.structs.replace(device, taints=(*device.taints, taint)))
        elif isinstance(edit, UntaintDevices):
            kept = tuple(taint for taint in device.taints if taint.key != edit.key)
            devices.append(msgspec.structs.replace(device, taints=kept))
    if len(devices) == len(part.spec.devices) and all(a is b for a, b in zip(devices, part.spec.devices, strict=True)):
        return part
    return msgspec.structs.replace(part, spec=msgspec.structs.replace(part.spec, devices=tuple(devices)))


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
}


def _without(snapshot: ClusterSnapshot, edit: Without) -> ClusterSnapshot | Refusal:
    field = _FIELDS.get(edit.kind)
    if field is None:
        return _refusal(f"nothing can be left out by the kind {edit.kind}", f"there are {', '.join(_FIELDS)}")
    items = getattr(snapshot, field)
    kept = tuple(
        item
        for item in items
        if (item.kind, item.metadata.name) != (edit.kind, edit.name)
        or item.metadata.namespace not in ("", edit.namespace)
    )
    if len(kept) == len(items):
        where = f" in namespace {edit.namespace}" if edit.namespace else ""
        return _refusal(f"there is no {edit.kind} {edit.name}{where}")
    if edit.kind != "Pod":
        return msgspec.structs.replace(snapshot, **{field: kept})
    pod = next(item for item in snapshot.pods if item not in kept)
    left = _waiting_again(snapshot, {(edit.namespace, edit.name)})
    claims = tuple(
        claim
        for claim in left.claims
        if POD_CLAIM_NAME not in claim.metadata.annotations
        or not any(
            owner.kind == "Pod" and owner.name == edit.name and owner.uid in ("", pod.metadata.uid)
            for owner in claim.metadata.owner_references
        )
        or claim.metadata.namespace != edit.namespace
    )
    return msgspec.structs.replace(left, pods=kept, claims=claims)
