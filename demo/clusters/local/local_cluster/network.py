"""A bridge with an address of its own, and the way from the Service address `kubernetes` to the API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from .layout import Layout


def indexes_in_use(layouts: Iterable[Layout]) -> set[int]:
    """Indexes whose device or addresses something on this machine has already."""
    shown = subprocess.run(["ip", "-json", "address", "show"], capture_output=True, check=True).stdout
    addresses = [
        (device["ifname"], ip_address(address["local"]))
        for device in json.loads(shown)
        for address in device.get("addr_info") or [{"local": "0.0.0.0"}]  # a device without an address counts too
        if "local" in address
    ]
    return {
        layout.index
        for layout in layouts
        if any(name == layout.bridge or address in ip_network(layout.subnet) for name, address in addresses)
    }


def make_network(layout: Layout) -> None:
    """Make bridge, address and rules that are not there."""
    if not _succeeds("ip", "link", "show", "dev", layout.bridge):
        _run("ip", "link", "add", layout.bridge, "type", "bridge")
        _run("ip", "address", "add", f"{layout.address}/24", "dev", layout.bridge)
    _run("ip", "link", "set", layout.bridge, "up")
    for rule in rules(layout):
        if not _succeeds("iptables", "--wait", "--table", "nat", "--check", *rule):
            _run("iptables", "--wait", "--table", "nat", "--append", *rule)


def remove_network(layout: Layout) -> None:
    """Take away what make_network made; nothing there is fine."""
    for rule in rules(layout):
        while _succeeds("iptables", "--wait", "--table", "nat", "--delete", *rule):
            pass
    _succeeds("ip", "link", "delete", layout.bridge)


def rules(layout: Layout) -> list[list[str]]:
    """Instead of kube-proxy: one address translation, for pods and for the node itself."""
    translation = [
        "--destination", layout.service_address, "--protocol", "tcp", "--dport", "443",
        "--match", "comment", "--comment", f"drakit cluster {layout.name}",
        "--jump", "DNAT", "--to-destination", f"{layout.address}:{layout.api_port}",
    ]  # fmt: skip
    return [["PREROUTING", *translation], ["OUTPUT", *translation]]


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=True)
