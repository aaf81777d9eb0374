"""Nodes that stop reporting: their Ready condition becomes Unknown (the node lifecycle controller)."""

from __future__ import annotations

from datetime import datetime, timedelta

from dra_core.snapshot.json_value import text_at

from dra_sandbox.world.objects import LEASE, NODE, World, condition_status, name_of, objects_at
from dra_sandbox.world.times import moment_of, stamp
from dra_sandbox.world.writes import Write, patch

GRACE = timedelta(seconds=50)  # kube-controller-manager --node-monitor-grace-period
LEASES = "kube-node-lease"  # core/v1 NamespaceNodeLease


def silent_nodes(world: World, now: datetime) -> tuple[Write, ...]:
    """Nodes whose lease has not been renewed for longer than the grace period."""
    writes: list[Write] = []
    for node in world.all(NODE):
        lease = world.get(LEASE, LEASES, name_of(node))
        renewed = moment_of(text_at(lease, "spec", "renewTime"))
        if renewed is None or now - renewed < GRACE or condition_status(node, "Ready") != "True":
            continue
        conditions = [
            {
                **condition,
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": stamp(now),
            }
            if condition.get("type") == "Ready"
            else condition
            for condition in objects_at(node, "status", "conditions")
        ]
        writes.append(patch(node, {"status": {"conditions": conditions}}, "status"))
    return tuple(writes)
