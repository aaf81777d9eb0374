"""Nodes that answer a pod alike, put together: the same filter refuses, or the same rules refuse as many devices.

Nodes are first compared by what decides the allocator's answer (``node_shape``) and by what is in use, so that the
rules are asked once per kind of node and not once per node.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from dra_core.allocation.allocate import Wrong
from dra_core.allocation.in_flight import InFlight
from dra_core.allocation.node_shape import Shapes, in_use
from dra_core.allocation.pools import NodePools
from dra_core.allocation.refusing_rule import refusing_rule
from dra_core.allocation.requests import ReadClaim, read_claims
from dra_core.allocation.search import GaveUp, Solution
from dra_core.allocation.why_not import WhyNot, why_not
from dra_core.planning.evaluation import Evaluation
from dra_core.snapshot.node import Node

CONFLICT_STEPS = 100_000  # for the smallest conflict of one group of nodes; beyond it "certain" is false
EXAMPLE = "e.g. "  # before what is true in detail only of the first node of a group
MOST_ACCOUNTS = 50  # groups that get a full account; further ones get the count of refusals only


class NodeGroup(msgspec.Struct, frozen=True, rename="camel"):
    """Nodes with the same answer.

    Attributes:
        nodes: Their names.
        rule: ``Fits``, ``Devices``, ``Error``, ``GaveUp`` or the rule of a filter (``NodeRefusal.rule``).
        text: For people.
        account: Why the claims cannot be allocated, on the first of the nodes; for ``Devices`` and ``Error``.
    """

    nodes: tuple[str, ...]
    rule: str
    text: str
    account: WhyNot | None = None


def node_groups(evaluation: Evaluation) -> tuple[NodeGroup, ...]:
    """All nodes in groups: those that fit first, then the largest."""
    names: dict[Hashable, list[str]] = {}
    first: dict[Hashable, tuple[Node, str, str]] = {}
    for node, refusal in evaluation.refused:
        key: Hashable = (refusal.rule, refusal.alike or refusal.text)
        names.setdefault(key, []).append(node.metadata.name)
        known, rule, text = first.setdefault(key, (node, refusal.rule, refusal.text))
        if refusal.text != text and not text.startswith(EXAMPLE):
            first[key] = (known, rule, f"{EXAMPLE}{text}")
    counts = _Counts(evaluation)
    for node, answer in zip(evaluation.asked, evaluation.answers, strict=True):
        if isinstance(answer, Solution):
            key, what = "Fits", ("Fits", "fits")
        elif isinstance(answer, Wrong):
            key, what = ("Error", answer.text), ("Error", answer.text)
        elif isinstance(answer, GaveUp):
            key, what = "GaveUp", ("GaveUp", f"no answer within {answer.steps} steps")
        else:
            key, what = counts.of(node), ("Devices", "")
        names.setdefault(key, []).append(node.metadata.name)
        first.setdefault(key, (node, *what))
    ordered = sorted(names, key=lambda key: (first[key][1] != "Fits", -len(names[key])))
    groups: list[NodeGroup] = []
    accounts = 0
    for key in ordered:
        node, rule, text = first[key]
        account = None
        if rule in ("Devices", "Error") and accounts < MOST_ACCOUNTS:
            accounts += 1
            account = account_of(evaluation, node, text if rule == "Error" else "")
            text = text or account.summary
        groups.append(NodeGroup(tuple(names[key]), rule, text or "the claims do not fit", account))
    return tuple(groups)


def account_of(evaluation: Evaluation, node: Node, error: str) -> WhyNot:
    """Why the pod's open claims cannot be allocated on the node."""
    cluster = evaluation.cluster
    return why_not(
        cluster.inventory,
        cluster.allocated,
        node,
        evaluation.open_on(node),
        cluster.classes,
        cluster.questions,
        error=error,
        holders=cluster.holder_names,
        budget=CONFLICT_STEPS,
    )


class _Counts:
    """How many devices each rule refuses to each request on a node, remembered by kind of node."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._cluster = evaluation.cluster
        self._read: dict[frozenset[str], tuple[Sequence[ReadClaim], Shapes]] = {}
        self._known: dict[Hashable, Hashable] = {}

    def of(self, node: Node) -> Hashable:
        cluster = self._cluster
        pools = cluster.inventory.for_node(node)
        given = cluster.advertised(node)
        if given not in self._read:
            asked = self._evaluation.open_on(node)
            read = read_claims(asked, cluster.classes, cluster.features, cluster.questions)
            self._read[given] = (read, Shapes(read, cluster.inventory.verdicts(cluster.questions)))
        claims, shapes = self._read[given]
        shape = shapes.of(node, pools)
        if shape is None:
            return self._count(node, pools, claims)
        kind = (given, shape, in_use(cluster.allocated, pools))
        if kind not in self._known:
            self._known[kind] = self._count(node, pools, claims)
        return self._known[kind]

    def _count(self, node: Node, pools: NodePools, claims: Sequence[ReadClaim]) -> Hashable:
        cluster = self._cluster
        state = InFlight(node, cluster.features, cluster.allocated, claims, cluster.questions)
        troubles = tuple(
            (pool.incomplete, bool(pool.invalid_reason))
            for pool in pools.pools
            if pool.incomplete or pool.invalid_reason
        )
        return (troubles, tuple(_refusals(claim, pools, state) for claim in claims))


def _refusals(claim: ReadClaim, pools: NodePools, state: InFlight) -> Hashable:
    counted: list[Hashable] = []
    for alternatives in claim.requests:
        for request in alternatives:
            rules: dict[str, int] = {}
            for candidate in () if request.error else pools.candidates:
                refused = refusing_rule(request, candidate, state, {})
                rule = "" if refused is None else refused.rule
                rules[rule] = rules.get(rule, 0) + 1
            counted.append((request.full_name, tuple(sorted(rules.items()))))
    return tuple(counted)


def total_devices(groups: Sequence[NodeGroup], request: str) -> dict[str, int]:
    """Over all groups, how many devices each rule refused to a request."""
    totals: dict[str, int] = {}
    for group in groups:
        for account in group.account.requests if group.account is not None else ():
            if account.request == request:
                for item in account.refused:
                    totals[item.rule] = totals.get(item.rule, 0) + item.devices * len(group.nodes)
    return totals
