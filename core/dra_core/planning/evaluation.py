"""What every node answers to one pod: the filters first, then the allocator; the same answers as kube-scheduler's.

An error of an expression or a class ends the attempt on every node, as in the scheduler; "invalid resource pools" is a
matter of its node alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dra_core.allocation.allocate import STEPS, Wrong
from dra_core.allocation.planner import NodeAnswer, Planner
from dra_core.allocation.search import GaveUp, Solution
from dra_core.planning.amounts import PODS
from dra_core.planning.cluster import Cluster
from dra_core.planning.node_rules import NodeRefusal, affinity_refusal, static_refusal, topology_keys
from dra_core.planning.pod_claims import PodClaim, PodClaims
from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import selects
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.quantity import DECIMAL_SI, canonical
from dra_core.snapshot.resource_claim import ResourceClaim

NOTHING_TO_ALLOCATE = Solution((), ())


class Evaluation(msgspec.Struct, frozen=True, eq=False):
    """The answers.

    Attributes:
        cluster: What was asked.
        pod: For which pod.
        claims: Its claims, and what keeps it away from every node.
        refused: Nodes that a filter refuses.
        asked: Nodes that were asked for devices, in the cluster's order.
        answers: What each of these answered.
        error: What ends the attempt on all nodes; "" if nothing does.
    """

    cluster: Cluster
    pod: Pod
    claims: PodClaims
    refused: tuple[tuple[Node, NodeRefusal], ...]
    asked: tuple[Node, ...]
    answers: Sequence[NodeAnswer]
    error: str

    @property
    def open_claims(self) -> tuple[ResourceClaim, ...]:
        """The claims that devices are needed for."""
        return tuple(item.claim for item in self.claims.open)

    @property
    def fitting(self) -> tuple[Node, ...]:
        """The nodes on which the pod fits."""
        if self.error or self.claims.faults:
            return ()
        return tuple(
            node for node, answer in zip(self.asked, self.answers, strict=True) if isinstance(answer, Solution)
        )

    @property
    def gave_up(self) -> bool:
        """Whether the search was given up on some node."""
        return any(isinstance(answer, GaveUp) for answer in self.answers)


def evaluate(cluster: Cluster, pod: Pod, *, budget: int = STEPS) -> Evaluation:
    """Ask every node."""
    claims = cluster.claims_of(pod)
    refused: list[tuple[Node, NodeRefusal]] = []
    asked: list[Node] = []
    wanted = cluster.node_requests(pod)
    near = pods_by_domain(cluster, topology_keys(pod.spec))
    for node in cluster.nodes:
        refusal = (
            static_refusal(pod.spec, node)
            or resource_refusal(wanted, cluster.offers(node), cluster.used.get(node.metadata.name, {}))
            or (affinity_refusal(pod, node, near) if pod.spec.affinity is not None else None)
            or elsewhere(claims.allocated, node)
        )
        if refusal is None:
            asked.append(node)
        else:
            refused.append((node, refusal))
    open_claims = [item.claim for item in claims.open]
    answers: Sequence[NodeAnswer] = [NOTHING_TO_ALLOCATE] * len(asked)
    if open_claims:
        planner = Planner(cluster.inventory, asked, cluster.classes, cluster.questions, cluster.allocated, budget)
        answers = planner.everywhere(open_claims)
    errors = [answer.text for answer in answers if isinstance(answer, Wrong) and not answer.node_only]
    return Evaluation(cluster, pod, claims, tuple(refused), tuple(asked), answers, errors[0] if errors else "")


def resource_refusal(
    wanted: Mapping[str, int], offered: Mapping[str, int] | None, used: Mapping[str, int]
) -> NodeRefusal | None:
    """NodeResourcesFit; all that is short at once."""
    if offered is None:
        return None
    missing: dict[str, str] = {}
    for name, amount in wanted.items():
        left = offered.get(name, 0) - used.get(name, 0)
        if amount > left:
            numbers = f"{canonical(amount, DECIMAL_SI)} wanted, {canonical(max(left, 0), DECIMAL_SI)} left"
            missing[name] = "too many pods" if name == PODS else f"insufficient {name} ({numbers})"
    return NodeRefusal("Resources", ", ".join(missing.values()), None, ", ".join(missing)) if missing else None


def elsewhere(claims: Sequence[PodClaim], node: Node) -> NodeRefusal | None:
    """An allocated claim that cannot be used on the node."""
    for item in claims:
        allocation = item.claim.status.allocation
        selector = allocation.node_selector if allocation is not None else None
        if selector is not None and not selects(selector, node):
            return NodeRefusal("ClaimElsewhere", f"claim {item.claim.metadata.name} is allocated on another node")
    return None


def pods_by_domain(cluster: Cluster, keys: frozenset[str]) -> Mapping[tuple[str, str], Sequence[Pod]]:
    """The running pods by the values of node labels; for affinity between pods."""
    found: dict[tuple[str, str], list[Pod]] = {}
    if not keys:
        return found
    for node in cluster.nodes:
        pods = cluster.pods_on.get(node.metadata.name, ())
        for key in keys:
            if key in node.metadata.labels:
                found.setdefault((key, node.metadata.labels[key]), []).extend(pods)
    return found
