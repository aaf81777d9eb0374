"""The table of a node's devices: from slices and claims, who uses what."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, text_at

from dra_sandbox.world.objects import CLAIM, SLICE, World, name_of, namespace_of, objects_at


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device. ``users`` are ``namespace/claim: pods``; those with admin access are in ``watchers``."""

    node: str
    driver: str
    pool: str
    device: str
    uuid: str
    model: str
    users: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()


def device_rows(world: World, driver: str) -> tuple[Row, ...]:
    """All devices that the driver published, in the order of node, slice and list."""
    users: dict[tuple[str, str], list[str]] = {}
    watchers: dict[tuple[str, str], list[str]] = {}
    for claim in world.all(CLAIM):
        for result in objects_at(claim, "status", "allocation", "devices", "results"):
            if text_at(result, "driver") == driver:
                place = text_at(result, "pool"), text_at(result, "device")
                (watchers if result.get("adminAccess") is True else users).setdefault(place, []).append(_user(claim))
    rows = []
    for item in sorted(world.all(SLICE), key=lambda value: (text_at(value, "spec", "nodeName"), name_of(value))):
        if text_at(item, "spec", "driver") != driver:
            continue
        pool = text_at(item, "spec", "pool", "name")
        for device in objects_at(item, "spec", "devices"):
            place = pool, text_at(device, "name")
            rows.append(
                Row(
                    node=text_at(item, "spec", "nodeName"),
                    driver=driver,
                    pool=pool,
                    device=place[1],
                    uuid=text_at(device, "attributes", "uuid", "string"),
                    model=text_at(device, "attributes", "model", "string"),
                    users=tuple(users.get(place, ())),
                    watchers=tuple(watchers.get(place, ())),
                )
            )
    return tuple(rows)


def _user(claim: JsonObject) -> str:
    pods = ", ".join(text_at(item, "name") for item in objects_at(claim, "status", "reservedFor"))
    return f"{namespace_of(claim)}/{name_of(claim)}: {pods or 'nobody'}"


def table_lines(rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The table as text, with a heading; a device that nobody uses has a dash."""
    cells = [("NODE", "DEVICE", "UUID", "MODEL", "USED BY")]
    for row in rows:
        use = [*row.users, *(f"{watcher} (admin)" for watcher in row.watchers)]
        cells.append((row.node, row.device, row.uuid or "-", row.model or "-", "; ".join(use) or "-"))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    padded = ([text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in cells)
    return tuple("  ".join(line).rstrip() for line in padded)


def in_use(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Those that some claim has."""
    return tuple(row for row in rows if row.users or row.watchers)


def claims_left(world: World) -> Mapping[str, bool]:
    """Claims by place, and whether they are allocated."""
    return {
        f"{namespace_of(claim)}/{name_of(claim)}": at(claim, "status", "allocation") is not None
        for claim in world.all(CLAIM)
    }
