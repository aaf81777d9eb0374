"""What is different between two plans of the same pods, or between two snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dra_core.planning.cluster import Cluster, natural
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.explain import API_VERSION
from dra_core.planning.kinds import Record
from dra_core.planning.plan import Plan, snapshot_after
from dra_core.planning.status import DeviceStatus, status_of
from dra_core.snapshot.json_value import JsonObject, list_at, text_at
from dra_core.snapshot.resource_claim import ResourceClaim


class Moved(msgspec.Struct, frozen=True, rename="camel"):
    """A pod that the plans place differently; "" where it stays pending."""

    pod: str
    first: str
    second: str


class PlanDifference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Two plans beside each other.

    Attributes:
        rows: What is counted, with the counts of the first and of the second plan.
        moved: Pods on different nodes.
    """

    rows: tuple[tuple[str, str, str], ...]
    moved: tuple[Moved, ...]


def compare_plans(cluster: Cluster, first: Plan, second: Plan) -> PlanDifference:
    """The difference between plans that begin with the same cluster."""
    moved = moved_pods(nodes_of(first), nodes_of(second))
    counts = [_counts(cluster, plan) for plan in (first, second)]
    rows = tuple((what, str(counts[0][what]), str(counts[1][what])) for what in counts[0])
    return PlanDifference(rows=rows, moved=moved)


def nodes_of(plan: Plan) -> Mapping[str, str]:
    """Where a plan puts each pod; those that stay pending at ""."""
    placed = {_name(item.pod.metadata.namespace, item.pod.metadata.name): item.node for item in plan.placed}
    pending = {_name(item.pod.metadata.namespace, item.pod.metadata.name): "" for item in plan.pending}
    return {**pending, **placed}


def nodes_in(plan: JsonObject) -> Mapping[str, str]:
    """The same from a plan's JSON."""
    found: dict[str, str] = {}
    for field in ("pending", "placed"):
        for item in list_at(plan, field):
            name = _name(text_at(item, "pod", "metadata", "namespace"), text_at(item, "pod", "metadata", "name"))
            found[name] = text_at(item, "node")
    return found


def moved_pods(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Moved, ...]:
    """Pods that are on different nodes in two plans, by name."""
    names = sorted({*first, *second}, key=natural)
    return tuple(
        Moved(name, first.get(name, ""), second.get(name, ""))
        for name in names
        if first.get(name, "") != second.get(name, "")
    )


def _counts(cluster: Cluster, plan: Plan) -> Mapping[str, int]:
    after = status_of(cluster.having(snapshot_after(cluster.snapshot, plan.placed)))
    free: dict[str, int] = {}
    total: dict[str, int] = {}
    for device in after.devices:
        total[device.node] = total.get(device.node, 0) + 1
        free[device.node] = free.get(device.node, 0) + (device.state == "Free")
    return {
        "pods placed": len(plan.placed),
        "pods pending": len(plan.pending),
        "nodes with all devices free": sum(free[node] == total[node] for node in total),
        "most free devices on one node": max(free.values(), default=0),
        "nodes used by the plan": len({item.node for item in plan.placed}),
    }


class SnapshotDifference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What changed from one snapshot to another; ``drakit.dev/v1alpha1`` of its JSON.

    Attributes:
        added: ``Kind namespace/name`` of objects that only the second has.
        removed: The same of the first.
        changed: Objects that both have, with what is different in words.
        devices: Devices whose use, state or taints changed, in words.
    """

    api_version: str = API_VERSION
    kind: str = "SnapshotDifference"
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]
    devices: tuple[tuple[str, str], ...]


def compare_snapshots(first: Cluster, second: Cluster) -> SnapshotDifference:
    """The difference between two snapshots."""
    old, new = _objects(first.snapshot), _objects(second.snapshot)
    changed = [(name, _what(old[name], new[name])) for name in old if name in new and old[name] != new[name]]
    states = [
        {(item.driver, item.pool, item.device): item for item in status_of(cluster).devices}
        for cluster in (first, second)
    ]
    devices: list[tuple[str, str]] = []
    for key in sorted({*states[0], *states[1]}, key=lambda key: (key[0], natural(key[1]), natural(key[2]))):
        before, after = (_state(side.get(key)) for side in states)
        if before != after:
            devices.append(("/".join(key), f"{before} → {after}"))
    return SnapshotDifference(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple((name, what) for name, what in changed if what),
        devices=tuple(devices),
    )


def _state(device: DeviceStatus | None) -> str:
    if device is None:
        return "absent"
    users = ", ".join(use.claim for use in device.uses)
    state = f"{device.state}{f' by {users}' if users else ''}"
    return ", ".join([state, *(["unhealthy"] if device.unhealthy else []), *(f"tainted {t}" for t in device.taints)])


def _objects(snapshot: ClusterSnapshot) -> Mapping[str, Record]:
    kinds: Iterable[Iterable[Record]] = (
        snapshot.nodes,
        snapshot.slices,
        snapshot.classes,
        snapshot.claims,
        snapshot.templates,
        snapshot.taint_rules,
        snapshot.pods,
        snapshot.workloads,
        snapshot.pod_groups,
        snapshot.namespaces,
        snapshot.runtime_classes,
        snapshot.priority_classes,
    )
    return {_title(item): item for items in kinds for item in items}


def _title(item: Record) -> str:
    return f"{item.kind} {_name(item.metadata.namespace, item.metadata.name)}"


def _name(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _what(old: Record, new: Record) -> str:
    """In words; "" for bookkeeping that means nothing (resourceVersion, managedFields)."""
    words = [] if old.metadata.uid == new.metadata.uid else ["was made anew"]
    told = ""
    if isinstance(old, ResourceClaim) and isinstance(new, ResourceClaim):
        before, after = old.status.allocation, new.status.allocation
        if (before is None) != (after is None):
            words.append("gave its devices back" if after is None else "was allocated")
            told = "status"
    parts = []
    for field in msgspec.structs.fields(type(old)):
        one, other = getattr(old, field.name), getattr(new, field.name)
        if field.name == "metadata":
            if (one.labels, one.deletion_timestamp) != (other.labels, other.deletion_timestamp):
                parts.append("metadata")
        elif one != other and field.name != told:
            parts.append(field.encode_name)
    return ", ".join([*words, *([f"{' and '.join(parts)} changed"] if parts else [])])
