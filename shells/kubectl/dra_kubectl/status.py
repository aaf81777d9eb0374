"""``kubectl-dra status``: which devices are free or in use, and by whom."""

from __future__ import annotations

import sys
from contextlib import suppress

import click
from dra_core.planning import Cluster, Status, by_class, by_driver, by_namespace, by_node, status_of
from dra_core.planning.status import STATES, DeviceStatus, Row
from dra_core.planning.words import in_a_line

from dra_kubectl.completing import of_kind
from dra_kubectl.output import output_option, table, value_text
from dra_kubectl.page import page, waiting_explained
from dra_kubectl.source import bad_input, follow, given_source, load, source_options

CLEAR = "\033[H\033[2J"  # a terminal's cursor to the top, and nothing below it


@click.command()
@click.option(
    "--by",
    type=click.Choice(["node", "driver", "class", "namespace", "device"]),
    default="node",
    show_default=True,
    help="What a line is about.",
)
@click.option("--node", default="", metavar="NAME", help="Only devices of this node.", shell_complete=of_kind("Node"))
@click.option("--watch", is_flag=True, help="Go on, and print it again when it changes (live clusters).")
@output_option("html")
@source_options
def status(by: str, node: str, watch: bool, form: str) -> None:
    """Show which devices are free, in use (and by which pods), shared, tainted, blocked or unavailable."""
    if watch and given_source().filenames:
        bad_input("--watch looks at a live cluster; files do not change")
    if watch and form == "html":
        bad_input("--watch prints to a terminal; a page is one moment")
    last = ""
    with suppress(KeyboardInterrupt):
        for loaded in follow() if watch else (load(),):
            if node and not watch and not _on(status_of(loaded.cluster), node).devices:
                bad_input(f"node {node} has no devices")
            shown = _shown(loaded.cluster, by, node, form)
            if shown != last:
                click.echo(f"{CLEAR if watch and sys.stdout.isatty() else ''}{shown}")
            last = shown


def _shown(cluster: Cluster, by: str, node: str, form: str) -> str:
    found = status_of(cluster)
    if node:
        found = _on(found, node)
    if form == "html":
        count = len({device.node for device in found.devices})
        title = f"{len(found.devices)} devices on {count} node{'' if count == 1 else 's'}"
        return page(title, found, waiting_explained(cluster))
    return status_text(cluster, found, by) if form == "text" else value_text(found, form)


def _on(found: Status, node: str) -> Status:
    devices = tuple(device for device in found.devices if device.node == node)
    pools = {(device.driver, device.pool) for device in devices}
    counters = tuple(item for item in found.counters if (item.driver, item.pool) in pools)
    return Status(devices=devices, counters=counters)


def status_text(cluster: Cluster, found: Status, by: str) -> str:
    """The status as a table, and what else is to be known."""
    parts = [_devices(found) if by == "device" else _counts(cluster, found, by)]
    if found.counters and by in ("device", "node"):
        used = [item for item in found.counters if by == "device" or item.used != "0"]
        rows = [(item.driver, item.pool, item.counter_set, item.counter, item.used, item.value) for item in used]
        if rows:
            parts.append(table(("DRIVER", "POOL", "COUNTER SET", "COUNTER", "USED", "OF"), rows))
    if found.bare_nodes and by in ("device", "node"):
        parts.append(f"No devices are published for {len(found.bare_nodes)} nodes: {in_a_line(found.bare_nodes)}")
    if found.waiting:
        many = len(found.waiting) > 1
        have = f"{len(found.waiting)} claims have" if many else "1 claim has"
        parts.append(f"{have} no devices yet: {in_a_line(found.waiting)}")
    return "\n\n".join(parts)


def _counts(cluster: Cluster, found: Status, by: str) -> str:
    rows: tuple[Row, ...]
    match by:
        case "driver":
            rows = by_driver(found)
        case "class":
            rows = by_class(cluster, found)
        case "namespace":
            rows = by_namespace(found)
        case _:
            rows = by_node(found)
    states = [state for state in STATES if state in ("Free", "InUse") or any(row.states.get(state) for row in rows)]
    extra = [name for name in ("tainted", "unhealthy") if any(getattr(row, name) for row in rows)]
    first = ("NODE", "DRIVER") if by == "node" else (by.upper(),)
    header = (*first, "DEVICES", *(_TITLES[state] for state in states), *(name.upper() for name in extra), "USED BY")
    lines = [
        (
            *row.name.split("\0"),
            str(row.devices),
            *(str(row.states.get(state, 0)) for state in states),
            *(str(row.tainted if name == "tainted" else row.unhealthy) for name in extra),
            in_a_line(row.users) or "-",
        )
        for row in rows
    ]
    return table(header, lines) if lines else "There are no devices."


_TITLES = {"Free": "FREE", "InUse": "IN USE", "Shared": "SHARED", "Blocked": "BLOCKED", "Unavailable": "UNAVAILABLE"}


def _devices(found: Status) -> str:
    rows = [
        (
            device.node,
            device.driver,
            device.pool,
            device.device,
            _state(device),
            _consumed(device) or "-",
            ", ".join(device.taints) or "-",
            _users(device) or "-",
        )
        for device in found.devices
    ]
    header = ("NODE", "DRIVER", "POOL", "DEVICE", "STATE", "CONSUMED", "TAINTS", "USED BY")
    return table(header, rows) if rows else "There are no devices."


def _state(device: DeviceStatus) -> str:
    return f"{_TITLES[device.state].lower()}{', unhealthy' if device.unhealthy else ''}"


def _consumed(device: DeviceStatus) -> str:
    return ", ".join(f"{item.name} {item.consumed}/{item.value}" for item in device.capacity if item.consumed != "0")


def _users(device: DeviceStatus) -> str:
    return "; ".join(
        f"{use.claim}/{use.request}{f' by {in_a_line(use.pods)}' if use.pods else ''}{' (admin)' if use.admin else ''}"
        for use in device.uses
    )
