"""Ports of a pod's containers on this machine: every port that a container names gets a free one that stands for it."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping

from dra_core.snapshot.json_value import JsonObject, at

from dra_sandbox.world.objects import objects_at

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
ACTIONS = ("httpGet", "tcpSocket", "grpc")

CANDIDATES = range(20_000, 32_768)
"""Below the ports that kernels give to connections, and to whoever asks for any (Linux: from ip_local_port_range,
32768 by default; macOS: from 49152): nobody else gets one of them by chance before the container listens."""


def named_ports(pod: JsonObject) -> frozenset[int]:
    """Ports that containers declare, and those that their probes ask."""
    found: set[int] = set()
    for container in (*objects_at(pod, "spec", "initContainers"), *objects_at(pod, "spec", "containers")):
        values = [at(port, "containerPort") for port in objects_at(container, "ports")]
        values += [at(container, probe, action, "port") for probe in PROBES for action in ACTIONS]
        found |= {value for value in values if isinstance(value, int)}
    return frozenset(found)


def free_ports(wanted: frozenset[int]) -> Mapping[int, int]:
    """A free port of this machine for each; all are held until all are known, so that they differ."""
    sockets: list[socket.socket] = []
    try:
        for _ in wanted:
            sockets.append(_held())
        return {port: held.getsockname()[1] for port, held in zip(sorted(wanted), sockets, strict=True)}
    finally:
        for held in sockets:
            held.close()


def _held() -> socket.socket:
    """A socket with a port that nobody listens on."""
    while True:
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind(("127.0.0.1", secrets.choice(CANDIDATES)))
        except OSError:
            held.close()
        else:
            return held
