"""How a planning run chooses among the nodes on which a pod fits.

- ``scheduler``: as kube-scheduler 1.37 scores by default, as far as a snapshot tells: what is left of cpu and memory,
  balance between the two, preferred node affinity, soft taints, other pods (``preferences``), and which alternatives of
  prioritised lists are taken. Which images nodes have is not looked at.
  Where kube-scheduler draws lots among equals, the first by name is taken, and how many there were is told.
- ``best-fit``: the node with the fewest free devices, so that others stay whole.
- ``least-fragmentation``: the node whose free devices lose the least for pods that want 1, 2, 4 or 8 on one node.
- ``topology``: near the pods of the same workload: the same node, else the same zone; then as best-fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from dra_core.planning.amounts import nanos
from dra_core.planning.node_rules import liking, soft_taints
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import PodSpec

Policy = Literal["scheduler", "best-fit", "least-fragmentation", "topology"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
ZONE = "topology.kubernetes.io/zone"
BLOCKS = (1, 2, 4, 8)  # how many devices a pod usually wants on one node

MOST = 100  # points of a scoring plugin (framework MaxNodeScore)
ALTERNATIVES = 8  # FirstAvailableDeviceRequestMaxSize: what the first alternative of a list is worth

# What kube-scheduler assumes of containers that request nothing, for scoring only (pkg/scheduler/util).
ASSUMED: Mapping[str, int] = {"cpu": nanos("100m"), "memory": nanos("200Mi")}
_UNITS = {"cpu": nanos("1m"), "memory": nanos("1")}  # in which kube-scheduler counts


class Choice(msgspec.Struct, frozen=True):
    """What a policy may look at for one node.

    Attributes:
        node: The node.
        spec: The pod's spec.
        wanted: What the pod requests, in billionths by resource.
        offered: What the node offers in all; None if that is not known.
        used: What is requested of it already.
        assumed_wanted: What the pod requests, with ``ASSUMED`` where it says nothing.
        assumed_used: The same for the pods on the node.
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
    assumed_wanted: Mapping[str, int]
    assumed_used: Mapping[str, int]
    free: int
    taken: int
    siblings_here: int = 0
    siblings_near: int = 0


class Worth(msgspec.Struct, frozen=True):
    """What a node is worth: points of its own, and raw scores that only mean something beside those of other nodes."""

    points: float
    affinity: int = 0
    soft_taints: int = 0
    alternatives: int = 0


def worth(policy: Policy, choice: Choice, alternatives: int = 0) -> Worth:
    """How good the node is.

    Args:
        policy: How to look at it.
        choice: What there is to look at.
        alternatives: For each prioritised list 8 less the position of the alternative that is taken, summed.
    """
    match policy:
        case "scheduler":
            points = _least_allocated(choice) + _balanced(choice)
            return Worth(points, liking(choice.spec, choice.node), soft_taints(choice.spec, choice.node), alternatives)
        case "best-fit":
            return Worth(-choice.free)
        case "least-fragmentation":
            lost = _usable(choice.free) - _usable(choice.free - choice.taken)
            return Worth(-lost - choice.free / 1000)
        case "topology":
            return Worth(choice.siblings_here * 1_000_000 + choice.siblings_near * 1_000 - choice.free)


def _usable(free: int) -> int:
    """How many of the free devices serve pods of each usual size, over all sizes."""
    return sum(free // block * block for block in BLOCKS)


def total(found: Worth, affinity: int, taints: int, alternatives: int) -> float:
    """The points of a node among others, as kube-scheduler's plugins weigh them.

    Args:
        found: Of the node.
        affinity: The most that any of the nodes has.
        taints: The same.
        alternatives: The same.
    """
    points = found.points
    if affinity:
        points += 2 * (MOST * found.affinity // affinity)
    points += 3 * (MOST - MOST * found.soft_taints // taints if taints else MOST)
    if alternatives:
        points += 2 * (MOST * found.alternatives // alternatives)
    return points


def _least_allocated(choice: Choice) -> int:
    """NodeResourcesFit with LeastAllocated: the mean of what is left of cpu and memory, in percent."""
    if choice.offered is None:
        return 0
    points: list[int] = []
    for name, unit in _UNITS.items():
        capacity = choice.offered.get(name, 0) // unit
        if capacity <= 0:
            continue
        asked = -(-(choice.assumed_used.get(name, 0) + choice.assumed_wanted.get(name, 0)) // unit)
        points.append(0 if asked > capacity else (capacity - asked) * MOST // capacity)
    return sum(points) // len(points) if points else 0


def _balanced(choice: Choice) -> int:
    """NodeResourcesBalancedAllocation since 1.35: whether the pod makes the use of cpu and memory more alike."""
    if choice.offered is None or not any(choice.wanted.get(name) for name in _UNITS):
        return 0
    before = _balance(choice.offered, choice.used, {})
    after = _balance(choice.offered, choice.used, choice.wanted)
    half = MOST // 2
    return half + int((half + after - before) / 2)


def _balance(offered: Mapping[str, int], used: Mapping[str, int], wanted: Mapping[str, int]) -> int:
    fractions = [
        min((used.get(name, 0) + wanted.get(name, 0)) / offered[name], 1.0)
        for name in _UNITS
        if offered.get(name, 0) > 0
    ]
    deviation = abs(fractions[0] - fractions[1]) / 2 if len(fractions) == 2 else 0.0
    return int((1 - deviation) * MOST)
