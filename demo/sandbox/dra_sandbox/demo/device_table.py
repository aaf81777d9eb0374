"""The table of a cluster's devices: from slices and claims, who uses what."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.world.objects import CLAIM, SLICE, World, name_of, namespace_of, objects_at


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that has the device, and the pods that have reserved the claim."""

    namespace: str
    claim: str
    pods: tuple[str, ...]
    admin: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device."""

    node: str
    driver: str
    pool: str
    device: str
    uuid: str
    model: str
    users: tuple[User, ...] = ()

    @property
    def occupied(self) -> bool:
        """Whether another claim would have to wait; administrators look on and take nothing."""
        return any(not user.admin for user in self.users)


def device_rows(world: World, driver: str) -> tuple[Row, ...]:
    """All devices that the driver published, in the order of node, slice and list."""
    users: dict[tuple[str, str], list[User]] = {}
    for claim in world.all(CLAIM):
        for result in objects_at(claim, "status", "allocation", "devices", "results"):
            if text_at(result, "driver") == driver:
                place = text_at(result, "pool"), text_at(result, "device")
                users.setdefault(place, []).append(_user(claim, result))
    rows = []
    for item in sorted(world.all(SLICE), key=lambda value: (text_at(value, "spec", "nodeName"), name_of(value))):
        if text_at(item, "spec", "driver") != driver:
            continue
        pool = text_at(item, "spec", "pool", "name")
        for device in objects_at(item, "spec", "devices"):
            name = text_at(device, "name")
            rows.append(
                Row(
                    node=text_at(item, "spec", "nodeName"),
                    driver=driver,
                    pool=pool,
                    device=name,
                    uuid=text_at(device, "attributes", "uuid", "string"),
                    model=text_at(device, "attributes", "model", "string"),
                    users=tuple(users.get((pool, name), ())),
                )
            )
    return tuple(rows)


def _user(claim: JsonObject, result: JsonObject) -> User:
    return User(
        namespace=namespace_of(claim),
        claim=name_of(claim),
        pods=tuple(text_at(item, "name") for item in objects_at(claim, "status", "reservedFor")),
        admin=result.get("adminAccess") is True,
    )


def in_use(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Those that some claim has."""
    return tuple(row for row in rows if row.users)
