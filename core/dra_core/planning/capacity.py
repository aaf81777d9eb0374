"""How many more pods of a kind fit now, what stops further ones, and how many nodes it takes for more.

Nodes with pools of their own are filled one by one, and of nodes that are alike only one: its count depends
on nothing else. Pods that look at other pods, take ports of the host or share a claim, and nodes that share
pools, are placed one after the other instead.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import msgspec

from dra_core.allocation.allocate import Wrong
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.inventory_device import InventoryDevice, InventorySlice
from dra_core.allocation.node_shape import Shapes, in_use
from dra_core.allocation.planner import Planner
from dra_core.allocation.requests import ReadClaim, Request, read_claims
from dra_core.allocation.search import Solution
from dra_core.allocation.selectors import Questions
from dra_core.planning.cluster import NONE_ADVERTISED, Cluster
from dra_core.planning.evaluation import evaluate, resource_refusal
from dra_core.planning.explain import API_VERSION, explain_pod
from dra_core.planning.host_ports import host_ports
from dra_core.planning.ledger import Ledger, Placed
from dra_core.planning.neighbours import looks_at_others
from dra_core.planning.node_rules import static_refusal
from dra_core.planning.plan import counted_share_ids, snapshot_after
from dra_core.planning.waiting import Wanted
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import ResourceClaim

MOST = 100_000  # pods; more than any cluster runs


class RunsOut(msgspec.Struct, frozen=True, rename="camel"):
    """What stops the next pod, and on how many nodes.

    Attributes:
        what: ``devices``, or the filter's or the node resource's name.
        nodes: How many nodes.
        example: One of them.
    """

    what: str
    nodes: int
    example: str


class NodeKind(msgspec.Struct, frozen=True, rename="camel"):
    """Nodes that are alike when they are empty.

    Attributes:
        example: One of them.
        nodes: How many there are.
        pods: How many pods fit on an empty one.
        needed: How many further ones it takes for the number that was asked for; 0 if no number was, -1 if none helps.
    """

    example: str
    nodes: int
    pods: int
    needed: int = 0


class Capacity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer; ``drakit.dev/v1alpha1`` of its JSON.

    Attributes:
        origin: What makes the pods.
        fits: How many more fit now.
        asked: How many were asked for; 0 if no number was.
        runs_out: What stops the next pod, the most frequent first.
        kinds: Kinds of nodes, those that carry most first.
        reason: Why none fits, if none does.
    """

    api_version: str = API_VERSION
    kind: str = "Capacity"
    origin: str
    fits: int
    asked: int = 0
    runs_out: tuple[RunsOut, ...] = ()
    kinds: tuple[NodeKind, ...] = ()
    reason: str = ""


def capacity_for(cluster: Cluster, item: Wanted, *, asked: int = 0) -> Capacity:
    """How many pods like this one fit beside what is there."""
    filling = _Filling(cluster, item)
    fits, stops = filling.total()
    runs_out = sorted(
        (RunsOut(what, len(names), names[0]) for what, names in stops.items()), key=lambda found: -found.nodes
    )
    return Capacity(
        origin=item.origin.text,
        fits=fits,
        asked=asked,
        runs_out=tuple(runs_out),
        kinds=filling.kinds(max(asked - fits, 0)),
        reason="" if fits else explain_pod(cluster, item.pod).headline,
    )


def _without_strangers(cluster: Cluster, claims: Sequence[ReadClaim]) -> Cluster:
    """The cluster without pools that nodes share and of which the claims select nothing.

    Such pools, as of network devices, would only hide that nodes are alike and how many pods an empty one takes.
    """
    requests = [request for claim in claims for alternatives in claim.requests for request in alternatives]
    pools = cluster.inventory.pools
    strangers = {pool for pool, parts in pools.items() if _is_strange(cluster.questions, requests, tuple(parts))}
    if not strangers:
        return cluster
    slices = cluster.snapshot.slices
    kept = tuple(part for part in slices if (part.spec.driver, part.spec.pool.name) not in strangers)
    return cluster.having(msgspec.structs.replace(cluster.snapshot, slices=kept))


def _is_strange(questions: Questions, requests: Sequence[Request], parts: Sequence[InventorySlice]) -> bool:
    """Whether nodes share the pool, it is in order, and no request selects any of its devices."""
    specs = [part.record.spec for part in parts]
    if any(spec.node_name is not None for spec in specs):
        return False
    stated = {(spec.pool.generation, spec.pool.resource_slice_count) for spec in specs}
    return stated == {(specs[0].pool.generation, len(specs))} and not any(
        _concerns(questions, request, device) for part in parts for device in part.devices for request in requests
    )


def _concerns(questions: Questions, request: Request, device: InventoryDevice) -> bool:
    """Whether class and request select the device, or fail on it."""
    for condition in request.conditions:
        answer = questions.ask(condition.expression, device)
        if answer is not True:
            return answer is not False
    return True


class _Filling:
    """Counts pods by node."""

    def __init__(self, cluster: Cluster, item: Wanted) -> None:
        self._item = item
        given = {cluster.advertised(node) for node in cluster.nodes}
        variants = [cluster.claims_of(item.pod, names) for names in given or {NONE_ADVERTISED}]
        self._varying = any(claims != variants[0] for claims in variants)
        self._claims = claims = variants[0]
        self._open: tuple[ResourceClaim, ...] = tuple(found.claim for found in claims.open)
        self._wanted = cluster.node_requests(item.pod, next(iter(given), NONE_ADVERTISED))
        read = read_claims(self._open, cluster.classes, cluster.features, cluster.questions)
        self._cluster = cluster = _without_strangers(cluster, read)
        self._shapes = Shapes(read, cluster.inventory.verdicts(cluster.questions))
        self._known: dict[Hashable, tuple[int, str]] = {}

    def total(self) -> tuple[int, dict[str, list[str]]]:
        """How many in all, and by what stops the next one the nodes' names."""
        cluster, stops = self._cluster, dict[str, list[str]]()
        if self._claims.faults:
            return 0, stops
        own = all(not found.exists for found in self._claims.claims)
        if not own or not self._alike_everywhere():
            return self._one_by_one(cluster)
        alone = [node for node in cluster.nodes if cluster.inventory.for_node(node).private]
        if cluster.assumed_nodes and len(alone) < len(cluster.nodes):
            return self._one_by_one(cluster)  # there are no Nodes of which some could be left to it
        total = 0
        for node in alone:
            count, stop = self._on(node, cluster.allocated, cluster.used.get(node.metadata.name, {}))
            if count < 0:
                return 0, {stop: [node.metadata.name]}
            total += count
            stops.setdefault(stop, []).append(node.metadata.name)
        if len(alone) < len(cluster.nodes):
            names = {node.metadata.name for node in alone}
            sharing = tuple(node for node in cluster.snapshot.nodes if node.metadata.name not in names)
            rest = cluster.having(msgspec.structs.replace(cluster.snapshot, nodes=sharing))
            further, ends = self._one_by_one(rest)
            total += further
            for what, stopped in ends.items():
                stops.setdefault(what, []).extend(stopped)
        return total, stops

    def _alike_everywhere(self) -> bool:
        """Whether how many fit on a node follows from the node alone, and from the same claims on all nodes."""
        cluster, pod = self._cluster, self._item.pod
        looks = cluster.guarded or looks_at_others(pod) or host_ports(pod)
        return not looks and not self._varying and not cluster.parts_of_nodes

    def _one_by_one(self, cluster: Cluster) -> tuple[int, dict[str, list[str]]]:
        """How many a plan places, and what stops the next one."""
        ledger = Ledger(cluster, "best-fit", counted_share_ids())
        pod, placed = self._item.pod, list[Placed]()
        while len(placed) < MOST:
            metadata = msgspec.structs.replace(pod.metadata, name=f"{pod.metadata.name}-{len(placed)}")
            outcome = ledger.place(Wanted(msgspec.structs.replace(pod, metadata=metadata), self._item.origin, False))
            if outcome is None:
                break
            placed.append(outcome)
        end = evaluate(cluster.having(snapshot_after(cluster.snapshot, placed)), pod)
        stops: dict[str, list[str]] = {}
        for node, refusal in end.refused:
            what = refusal.alike if refusal.rule == "Resources" else refusal.rule
            stops.setdefault(what, []).append(node.metadata.name)
        for node in end.asked:
            stops.setdefault("devices", []).append(node.metadata.name)
        return len(placed), stops

    def _on(self, node: Node, allocated: Allocated, used: Mapping[str, int]) -> tuple[int, str]:
        """How many fit on the node and what stops the next; -1 and the error for what stops all."""
        refusal = static_refusal(self._item.pod.spec, node)
        if refusal is not None:
            return 0, refusal.rule
        kind = self._kind(node, allocated, used)
        if kind is None:
            return self._fill(node, allocated, used)
        if kind not in self._known:
            self._known[kind] = self._fill(node, allocated, used)
        return self._known[kind]

    def _kind(self, node: Node, allocated: Allocated, used: Mapping[str, int]) -> Hashable | None:
        cluster = self._cluster
        pools = cluster.inventory.for_node(node)
        shape = self._shapes.of(node, pools)
        if shape is None:
            return None
        offered = cluster.offers(node)
        room = None
        if offered is not None:
            room = tuple(offered.get(name, 0) - used.get(name, 0) for name in self._wanted)
        return shape, room, in_use(allocated, pools)

    def _fill(self, node: Node, allocated: Allocated, used: Mapping[str, int]) -> tuple[int, str]:
        cluster = self._cluster
        planner = Planner(cluster.inventory, (node,), cluster.classes, cluster.questions, allocated)
        offered, taken, count = cluster.offers(node), dict(used), 0
        while count < MOST:
            refusal = resource_refusal(self._wanted, offered, taken)
            if refusal is not None:
                return count, refusal.alike
            if self._open:
                answer = planner.everywhere(self._open)[0]
                if isinstance(answer, Wrong) and not answer.node_only:
                    return -1, answer.text
                if not isinstance(answer, Solution):
                    return count, "devices"
                planner.take(planner.placement(0, answer))
            elif offered is None:
                return MOST, "nothing"
            for name, amount in self._wanted.items():
                taken[name] = taken.get(name, 0) + amount
            count += 1
        return count, "nothing"

    def kinds(self, missing: int) -> tuple[NodeKind, ...]:
        """Kinds of nodes, as if they were empty; cordons do not count, as a new node has none."""
        cluster = self._cluster
        if self._claims.faults or any(found.exists for found in self._claims.claims):
            return ()
        empty: dict[tuple[int, Hashable], list[str]] = {}
        for node in cluster.nodes:
            if not cluster.inventory.for_node(node).private:
                continue
            fresh = msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, unschedulable=False))
            kind = self._kind(fresh, Allocated(), {})
            count, _ = self._on(fresh, Allocated(), {})
            empty.setdefault((max(count, 0), kind), []).append(node.metadata.name)
        ordered = sorted(empty.items(), key=lambda found: (-found[0][0], found[1][0]))
        return tuple(
            NodeKind(names[0], len(names), count, -(-missing // count) if count else (-1 if missing else 0))
            for (count, _), names in ordered
        )
