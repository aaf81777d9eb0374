"""What a node says of itself: the Node object, its status, its lease (core/v1, coordination.k8s.io/v1)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.controllers.node_lifecycle import LEASES
from dra_sandbox.world.objects import LEASE, NODE, World, objects_at, owners_of, uid_of
from dra_sandbox.world.times import micro_stamp, moment_of, stamp
from dra_sandbox.world.writes import Create, Write, patch

LEASE_SECONDS = 40  # kubelet nodeLeaseDurationSeconds
RENEW = timedelta(seconds=10)  # a quarter of it
HEARTBEAT = timedelta(minutes=5)  # kubelet nodeStatusReportFrequency
ADDRESS = "127.0.0.1"  # containers are processes of this machine

# A condition, what it says when all is well, and that in words.
CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the node shows of the machine; ``kubelet`` is the version of the program on it."""

    cpus: int
    memory_bytes: int
    architecture: str
    kernel: str
    operating_system: str
    kubelet: str
    labels: tuple[tuple[str, str], ...] = ()


def node_writes(world: World, name: str, machine: Machine, now: datetime) -> tuple[Write, ...]:
    """Register the node, or keep its status and its lease fresh."""
    node = world.get(NODE, "", name)
    if node is None:
        return (Create(body=node_object(name, machine)),)
    writes: list[Write] = []
    status = _status(node, name, machine, now)
    if status:
        writes.append(patch(node, {"status": status}, "status"))
    lease = world.get(LEASE, LEASES, name)
    if lease is None:
        writes.append(Create(body=_lease(node, name, now)))
    elif _is_older(text_at(lease, "spec", "renewTime"), now - RENEW) or not owners_of(lease):
        renewed: JsonObject = {"metadata": {"ownerReferences": [_owner(node)]}, "spec": {"renewTime": micro_stamp(now)}}
        writes.append(patch(lease, renewed))
    return tuple(writes)


def node_object(name: str, machine: Machine) -> JsonObject:
    """The node as it registers."""
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        **dict(machine.labels),
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def _status(node: JsonObject, name: str, machine: Machine, now: datetime) -> JsonObject:
    """The fields of status that are to be changed; empty if none."""
    capacity: JsonObject = {"cpu": str(machine.cpus), "memory": f"{machine.memory_bytes // 1024}Ki", "pods": "110"}
    wanted: dict[str, Json] = {
        "capacity": capacity,
        "allocatable": capacity,
        "addresses": [{"type": "InternalIP", "address": ADDRESS}, {"type": "Hostname", "address": name}],
        "nodeInfo": {
            "architecture": machine.architecture,
            "operatingSystem": "linux",
            "kernelVersion": machine.kernel,
            "osImage": machine.operating_system,
            "containerRuntimeVersion": "processes://1",
            "kubeletVersion": machine.kubelet,
            "kubeProxyVersion": "",
            "machineID": uid_of(node),
            "systemUUID": uid_of(node),
            "bootID": uid_of(node),
        },
    }
    changed = {key: value for key, value in wanted.items() if object_at(node, "status").get(key) != value}
    conditions = {text_at(item, "type"): item for item in objects_at(node, "status", "conditions")}
    if any(_is_out_of_date(conditions.get(kind), status, now) for kind, status, _, _ in CONDITIONS):
        changed["conditions"] = [
            *(item for kind, item in conditions.items() if kind not in {kind for kind, *_ in CONDITIONS}),
            *(
                _condition(conditions.get(kind), kind, status, reason, message, now)
                for kind, status, reason, message in CONDITIONS
            ),
        ]
    return changed


def _is_out_of_date(condition: JsonObject | None, status: str, now: datetime) -> bool:
    if condition is None or text_at(condition, "status") != status:
        return True
    return _is_older(text_at(condition, "lastHeartbeatTime"), now - HEARTBEAT)


def _condition(old: JsonObject | None, kind: str, status: str, reason: str, message: str, now: datetime) -> JsonObject:
    same = old is not None and text_at(old, "status") == status
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": stamp(now),
        "lastTransitionTime": text_at(old, "lastTransitionTime") if same else stamp(now),
    }


def _lease(node: JsonObject, name: str, now: datetime) -> JsonObject:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": LEASES, "name": name, "ownerReferences": [_owner(node)]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro_stamp(now)},
    }


def _owner(node: JsonObject) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Node", "name": at(node, "metadata", "name"), "uid": uid_of(node)}


def _is_older(text: str, moment: datetime) -> bool:
    found = moment_of(text)
    return found is None or found <= moment
