"""The kubelet plugin's part of a classic NodeAllocationState: devices, prepared claims, their counts, readiness.

What the controller has written stays as it is: a merge patch names the plugin's own fields only, over the version that
was read. The object belongs to its Node and goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from dra_core.nodestate.merge_patch import difference
from dra_core.snapshot.classic_node_state import NODE_STATE_API_VERSION, AllocatableDevice
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at


class NodePublication(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin has to tell.

    Attributes:
        node_name: Name of the node, and of the object.
        node_uid: Of the Node.
        namespace: The driver's.
        devices: In a stable order.
        prepared: The uuids of the devices of each prepared claim, by claim UID; None: not known now, so that what the
            object says of it stays.
        ready: Whether claims can be prepared.
    """

    node_name: str
    node_uid: str
    namespace: str
    devices: tuple[AllocatableDevice, ...]
    prepared: Mapping[str, tuple[str, ...]] | None
    ready: bool


class CreateNodeState(msgspec.Struct, frozen=True):
    """POST. That it exists already means: read it and decide again."""

    object: JsonObject


class ChangeNodeState(msgspec.Struct, frozen=True):
    """JSON merge patch over the version that was read. A conflict or 404 means: read again and decide again."""

    patch: JsonObject


class DeleteNodeState(msgspec.Struct, frozen=True):
    """DELETE with the UID as a precondition: the state of a Node of the same name that is gone; then decide again."""

    uid: str


NodeStateEffect: TypeAlias = CreateNodeState | ChangeNodeState | DeleteNodeState


def publish_node_state(publication: NodePublication, found: JsonObject | None) -> NodeStateEffect | None:
    """The write that makes the object tell what the plugin has to tell; None: it does.

    Args:
        publication: What is to be told.
        found: The object, as it was read; None: there is none.
    """
    devices: list[Json] = [encode(device) for device in publication.devices]
    counts: dict[str, Json] = {
        "devices": len(devices),
        "unhealthy": sum(device.gpu.health == "Unhealthy" for device in publication.devices),
    }
    wanted: dict[str, Json] = {}
    if publication.prepared is not None:
        wanted = {
            uid: {"gpu": {"devices": [{"uuid": uuid} for uuid in uuids]}} for uid, uuids in publication.prepared.items()
        }
        counts["prepared"] = len({uuid for uuids in publication.prepared.values() for uuid in uuids})
    status = "Ready" if publication.ready else "NotReady"
    if found is None:
        made: dict[str, Json] = {"allocatableDevices": devices, "counts": {**counts, "allocated": 0}}
        if wanted:
            made["preparedClaims"] = wanted
        return new_node_state(publication.node_name, publication.node_uid, publication.namespace, made, status)
    owners = [text_at(owner, "uid") for owner in list_at(found, "metadata", "ownerReferences")]
    if owners and publication.node_uid not in owners:
        return DeleteNodeState(text_at(found, "metadata", "uid"))
    spec = object_at(found, "spec")
    changes: dict[str, Json] = {}
    if list(list_at(spec, "allocatableDevices")) != devices:
        changes["allocatableDevices"] = devices
    if publication.prepared is not None and (prepared := difference(object_at(spec, "preparedClaims"), wanted)):
        changes["preparedClaims"] = prepared if wanted else None
    if not counts.items() <= object_at(spec, "counts").items():
        changes["counts"] = counts
    if not changes and found.get("status") == status:
        return None
    version = text_at(found, "metadata", "resourceVersion")
    return ChangeNodeState({"metadata": {"resourceVersion": version}, "spec": changes, "status": status})


def node_owner(node_name: str, node_uid: str) -> JsonObject:
    """The reference by which a state belongs to its Node."""
    return {"apiVersion": "v1", "kind": "Node", "name": node_name, "uid": node_uid}


def new_node_state(
    node_name: str, node_uid: str, namespace: str, spec: JsonObject, status: str = ""
) -> CreateNodeState:
    """The write that makes a node's state, whoever is the first to have something to tell; status "": none yet."""
    told: JsonObject = {"status": status} if status else {}
    return CreateNodeState(
        {
            "apiVersion": NODE_STATE_API_VERSION,
            "kind": "NodeAllocationState",
            "metadata": {
                "name": node_name,
                "namespace": namespace,
                "ownerReferences": [node_owner(node_name, node_uid)],
            },
            "spec": spec,
            **told,
        }
    )
