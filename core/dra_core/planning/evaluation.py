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
from dra_core.planning.amounts import PODS, in_words
from dra_core.planning.cluster import Cluster
from dra_core.planning.host_ports import host_ports, port_refusal
from dra_core.planning.neighbours import Neighbours, looks_at_others
from dra_core.planning.node_allocatable import device_refusal
from dra_core.planning.node_rules import NodeRefusal, static_refusal
from dra_core.planning.pod_claims import PodClaim, PodClaims
from dra_core.planning.shares_of_nodes import not_shared, statuses_on
from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import selects
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.resource_claim import ResourceClaim

NOTHING_TO_ALLOCATE = Solution((), ())


class Evaluation(msgspec.Struct, frozen=True, eq=False):
    """The answers.

    Attributes:
        cluster: What was asked.
        pod: For which pod.
        claims: Its claims, and what keeps it away from every node.
        variants: Its claims by what a node gives through device plugins, where that makes a difference.
        refused: Nodes that a filter refuses.
        asked: Nodes that were asked for devices, in the cluster's order.
        answers: What each of these answered.
        error: What ends the attempt on all nodes; "" if nothing does.
    """

    cluster: Cluster
    pod: Pod
    claims: PodClaims
    variants: Mapping[frozenset[str], PodClaims]
    refused: tuple[tuple[Node, NodeRefusal], ...]
    asked: tuple[Node, ...]
    answers: Sequence[NodeAnswer]
    error: str

    @property
    def open_claims(self) -> tuple[ResourceClaim, ...]:
        """The claims that devices are needed for."""
        return _records(self.claims.open)

    def open_on(self, node: Node) -> tuple[ResourceClaim, ...]:
        """The same on one node, whose device plugins may give what elsewhere takes a claim."""
        return _records(self.variants.get(self.cluster.advertised(node), self.claims).open)

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
    numbers: dict[frozenset[str], list[Node]] = {}
    asked: list[Node] = []
    wanted: dict[frozenset[str], Mapping[str, int]] = {}
    ports = host_ports(pod)
    near = neighbours_of(cluster, pod)
    for node in cluster.nodes:
        name = node.metadata.name
        given = cluster.advertised(node)
        if given not in wanted:
            wanted[given] = cluster.node_requests(pod, given)
        refusal = (
            static_refusal(pod.spec, node)
            or (port_refusal(ports, cluster.pods_on.get(name, ())) if ports else None)
            or resource_refusal(wanted[given], cluster.offers(node), cluster.used.get(name, {}))
            or (near.refusal(node) if near is not None else None)
            or elsewhere(claims.allocated, node)
            or not_shared(cluster.parts_of_nodes, pod, claims.allocated)
        )
        if refusal is None:
            asked.append(node)
            numbers.setdefault(given, []).append(node)
        else:
            refused.append((node, refusal))
    variants = {given: cluster.claims_of(pod, given) for given in numbers}
    answers: dict[str, NodeAnswer] = {}
    for given, nodes in numbers.items():
        open_claims = _records(variants[given].open)
        found: Sequence[NodeAnswer] = [NOTHING_TO_ALLOCATE] * len(nodes)
        if open_claims:
            planner = Planner(cluster.inventory, nodes, cluster.classes, cluster.questions, cluster.allocated, budget)
            found = planner.everywhere(open_claims)
        answers |= {node.metadata.name: answer for node, answer in zip(nodes, found, strict=True)}
    errors = [answer.text for answer in answers.values() if isinstance(answer, Wrong) and not answer.node_only]
    for node in asked if cluster.parts_of_nodes else ():
        name = node.metadata.name
        answer = answers[name]
        if not isinstance(answer, Solution):
            continue
        statuses = statuses_on(cluster.parts_of_nodes, pod, variants[cluster.advertised(node)], answer)
        if isinstance(statuses, str):
            errors.append(statuses)
            continue
        short = device_refusal(pod, statuses, cluster.offers(node), cluster.used.get(name, {}))
        if short is not None:
            refused.append((node, short))
            del answers[name]
    return Evaluation(
        cluster,
        pod,
        claims,
        variants,
        tuple(refused),
        tuple(node for node in asked if node.metadata.name in answers),
        tuple(answers[node.metadata.name] for node in asked if node.metadata.name in answers),
        errors[0] if errors else "",
    )


def neighbours_of(cluster: Cluster, pod: Pod) -> Neighbours | None:
    """What the running pods mean to the pod; None if nothing."""
    if not cluster.guarded and not looks_at_others(pod):
        return None
    return Neighbours(pod, cluster.nodes, cluster.placed_pods, cluster.namespace_labels)


def _records(claims: Sequence[PodClaim]) -> tuple[ResourceClaim, ...]:
    return tuple(item.claim for item in claims)


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
            numbers = f"{in_words(name, amount)} wanted, {in_words(name, max(left, 0))} left"
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
