"""How a planning run chooses among the nodes on which a pod fits.

- ``scheduler``: as kube-scheduler does by default, as far as a snapshot tells: emptiest node by cpu and memory, balance
  between the two, preferred node affinity and soft taints. Where kube-scheduler draws lots among equals, the first by
  name is taken, and how many there were is told.
- ``best-fit``: the node with the fewest free devices, so that others stay whole.
- ``least-fragmentation``: the node whose free devices lose the least for pods that want 1, 2, 4 or 8 on one node.
- ``topology``: near the pods of the same workload: the same node, else the same zone; then as best-fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from dra_core.planning.amounts import nanos
from dra_core.planning.node_rules import liking
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import PodSpec

Policy = Literal["scheduler", "best-fit", "least-fragmentation", "topology"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
ZONE = "topology.kubernetes.io/zone"
BLOCKS = (1, 2, 4, 8)  # how many devices a pod usually wants on one node

# What kube-scheduler assumes for pods that request nothing, for scoring only (pkg/scheduler/util/pod_resources.go).
_ASSUMED = {"cpu": nanos("100m"), "memory": nanos("200Mi")}


class Choice(msgspec.Struct, frozen=True):
    """What a policy may look at for one node.

    Attributes:
        node: The node.
        spec: The pod's spec.
        wanted: What the pod requests, in billionths by resource.
        offered: What the node offers in all; None if that is not known.
        used: What is requested of it already.
        free: How many of its devices are free.
        taken: How many devices the pod would take.
        siblings_here: Pods of the same workload on the node.
        siblings_near: The same in its zone.
    """

    node: Node
    spec: PodSpec
    wanted: Mapping[str, int]
    offered: Mapping[str, int] | None
    used: Mapping[str, int]
    free: int
    taken: int
    siblings_here: int = 0
    siblings_near: int = 0


def score(policy: Policy, choice: Choice) -> float:
    """How good the node is; the highest wins, equal ones go by name."""
    match policy:
        case "scheduler":
            return _as_scheduler(choice)
        case "best-fit":
            return float(-choice.free)
        case "least-fragmentation":
            lost = _usable(choice.free) - _usable(choice.free - choice.taken)
            return -lost - choice.free / 1000
        case "topology":
            return choice.siblings_here * 1_000_000 + choice.siblings_near * 1_000 - choice.free


def _usable(free: int) -> int:
    """How many of the free devices serve pods of each usual size, over all sizes."""
    return sum(free // block * block for block in BLOCKS)


def _as_scheduler(choice: Choice) -> float:
    """NodeResourcesFit (LeastAllocated) and BalancedAllocation, both 0 to 100; preferences weigh double."""
    preferred = 2 * liking(choice.spec, choice.node)
    if choice.offered is None:
        return float(preferred)
    fractions: list[float] = []
    for name, assumed in _ASSUMED.items():
        total = choice.offered.get(name, 0)
        if total <= 0:
            continue
        asked = choice.used.get(name, 0) + (choice.wanted.get(name) or assumed)
        fractions.append(min(asked / total, 1.0))
    if not fractions:
        return float(preferred)
    least = sum(int((1 - fraction) * 100) for fraction in fractions) // len(fractions)
    spread = abs(fractions[0] - fractions[1]) / 2 if len(fractions) == 2 else 0.0
    return least + int((1 - spread) * 100) + preferred
