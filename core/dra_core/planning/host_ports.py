"""Ports of the node that pods take for themselves (kube-scheduler's filter NodePorts)."""

from __future__ import annotations

from collections.abc import Iterable

from dra_core.planning.node_rules import NodeRefusal
from dra_core.snapshot.pod import Pod

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - what an absent hostIP means; nothing listens here
HostPort = tuple[str, str, int]
"""Address, protocol, number."""


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """The ports that the pod takes while it runs; those of init containers that end are given back before."""
    spec = pod.spec
    running = (*(item for item in spec.init_containers if item.runs_on), *spec.containers)
    return tuple(
        (port.host_ip or EVERY_ADDRESS, port.protocol or "TCP", number)
        for container in running
        for port in container.ports
        if (number := port.host_port or (port.container_port if spec.host_network else 0)) > 0
    )


def port_refusal(wanted: Iterable[HostPort], pods: Iterable[Pod]) -> NodeRefusal | None:
    """The first port that a pod on the node has already.

    Args:
        wanted: What the new pod takes.
        pods: The pods on the node.
    """
    taken = [(port, pod) for pod in pods for port in host_ports(pod)]
    for port in wanted:
        holder = next((pod for other, pod in taken if _conflict(port, other)), None)
        if holder is not None:
            name = f"{holder.metadata.namespace}/{holder.metadata.name}"
            what = f"host port {port[2]}/{port[1]}"
            return NodeRefusal("HostPort", f"{what} is taken by pod {name}", alike=what, holder=name)
    return None


def _conflict(one: HostPort, other: HostPort) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or EVERY_ADDRESS in (one[0], other[0]))
