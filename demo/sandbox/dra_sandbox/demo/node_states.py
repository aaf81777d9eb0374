"""What NodeAllocationStates tell: each node's devices, and the claims that have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at

from dra_sandbox.world.objects import CLAIM, World, name_of, namespace_of, objects_at, uid_of, whole_number_at

NODE_STATE = "NodeAllocationState.nas.gpu.resource.example.com"


class StateDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as its node's state tells it."""

    node: str
    index: int
    uuid: str
    product: str


class PreparedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that is prepared on a node; ``claim`` is namespace/name, "" if it does not exist any more."""

    node: str
    uid: str
    claim: str
    pods: tuple[str, ...]
    uuids: tuple[str, ...]


def state_devices(world: World) -> tuple[StateDevice, ...]:
    """The devices of all nodes, in the states' order."""
    return tuple(
        StateDevice(
            node=name_of(state),
            index=whole_number_at(item, "gpu", "index", default=-1),
            uuid=text_at(item, "gpu", "uuid"),
            product=text_at(item, "gpu", "productName"),
        )
        for state in world.all(NODE_STATE)
        for item in objects_at(state, "spec", "allocatableDevices")
    )


def prepared_claims(world: World) -> tuple[PreparedClaim, ...]:
    """The claims of all nodes that are prepared, in the order of node and name."""
    claims = {uid_of(claim): claim for claim in world.all(CLAIM)}
    found = (
        PreparedClaim(
            node=name_of(state),
            uid=uid,
            claim=f"{namespace_of(claims[uid])}/{name_of(claims[uid])}" if uid in claims else "",
            pods=tuple(text_at(item, "name") for item in objects_at(claims.get(uid), "status", "reservedFor")),
            uuids=uuids,
        )
        for state in world.all(NODE_STATE)
        for uid, uuids in devices_by_claim(state, "preparedClaims").items()
    )
    return tuple(sorted(found, key=lambda item: (item.node, item.claim, item.uid)))


def devices_by_claim(state: JsonObject, field: str) -> Mapping[str, tuple[str, ...]]:
    """Claim UID → its devices, of ``allocatedClaims`` or ``preparedClaims``."""
    return {uid: tuple(_uuids(entry)) for uid, entry in object_at(state, "spec", field).items()}


def _uuids(entry: Json) -> Iterator[str]:
    for device in objects_at(entry, "gpu", "devices"):
        yield text_at(device, "uuid")
