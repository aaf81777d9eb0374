"""A planning run's ledger: what nodes have left after each placement, and which node comes next.

What a node answers to pods of one kind is remembered until something on the node changes, so that the thousandth pod
costs a look at the nodes that changed since the last of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from pyrsistent import PMap, pmap

from dra_core.allocation.allocate import STEPS, Wrong
from dra_core.allocation.planner import Before, NodeAnswer, Planner
from dra_core.allocation.search import Solution
from dra_core.planning.amounts import requested
from dra_core.planning.cluster import NONE_ADVERTISED, Cluster
from dra_core.planning.daemons import apart
from dra_core.planning.evaluation import NOTHING_TO_ALLOCATE, elsewhere, resource_refusal
from dra_core.planning.host_ports import host_ports, port_refusal
from dra_core.planning.neighbours import Neighbours, guards, looks_at_others
from dra_core.planning.node_allocatable import device_refusal
from dra_core.planning.node_rules import static_refusal
from dra_core.planning.node_use import NodeUse
from dra_core.planning.pod_claims import PodClaims, Reference, faults_of_use, reserved
from dra_core.planning.pod_kinds import NOWHERE, PodKind, alternatives_taken, asked, beside_each_other
from dra_core.planning.policies import ASSUMED, ZONE, Choice, Policy, Worth, worth
from dra_core.planning.preferences import Preferences, has_terms, softly_spread
from dra_core.planning.shares_of_nodes import not_shared, statuses_on
from dra_core.planning.waiting import Wanted, makers, origin_of
from dra_core.snapshot.pod import NodeAllocatableClaimStatus, Pod
from dra_core.snapshot.resource_claim import (
    AllocationResult,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimStatus,
)

MOST_TIED = 100  # nodes that are named for one pod


class Reservation(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of a claim's ``status.reservedFor``."""

    claim: str
    consumer: ResourceClaimConsumerReference


class Placed(msgspec.Struct, frozen=True, rename="camel"):
    """A pod with its node.

    Attributes:
        pod: The pod, without a node yet.
        origin: ``Kind namespace/name`` of what makes it.
        node: Where it goes.
        claims: Its claims with their allocations; those that had devices before are not among them.
        reservations: For whom each of its claims is reserved, those that had devices before included.
        equal_choices: How many nodes were as good, this one included.
        tied_nodes: Which these are, where there are several: kube-scheduler draws lots among them. The first hundred.
    """

    pod: Pod
    origin: str
    node: str
    claims: tuple[ResourceClaim, ...]
    equal_choices: int
    tied_nodes: tuple[str, ...] = ()
    reservations: tuple[Reservation, ...] = ()


class Ledger:
    """What is left; ``place`` enters what a pod takes."""

    def __init__(self, cluster: Cluster, policy: Policy, share_ids: Callable[[], str], *, budget: int = STEPS) -> None:
        self.cluster = cluster
        self.policy = policy
        self._share_ids = share_ids
        self._nodes = cluster.nodes
        self._planner = Planner(
            cluster.inventory, self._nodes, cluster.classes, cluster.questions, cluster.allocated, budget
        )
        self._numbers = {node.metadata.name: number for number, node in enumerate(self._nodes)}
        self._offers = [cluster.offers(node) for node in self._nodes]
        self._given = [cluster.advertised(node) for node in self._nodes]
        self._use = NodeUse(cluster, assuming=policy == "scheduler")
        self._kinds: dict[bytes, PodKind] = {}
        self._changed: list[int] = []
        self._made: PMap[tuple[str, str], ResourceClaim] = pmap()
        self._entries: list[_Entry] = []
        self._guarded = cluster.guarded
        self._minded = cluster.minded
        self._neighbours: dict[bytes, Neighbours] = {}
        self._preferences: dict[bytes, Preferences] = {}
        self._makers = makers(cluster.snapshot) if policy == "topology" else {}
        self._siblings = self._running_siblings() if policy == "topology" else {}

    def place(self, item: Wanted) -> Placed | None:
        """Give the pod the best node and enter what it takes; None if it fits nowhere."""
        pod = item.pod
        variants = {given: self.claims_of(pod, given) for given in set(self._given) or {NONE_ADVERTISED}}
        if any(claims.faults for claims in variants.values()):
            return None
        answers = self._answers(variants)
        alike, only = apart(pod)
        kind = self._kind(alike, next(iter(variants.values())))
        self._refresh(kind, alike, answers, variants)
        there = self._numbers.get(only) if only else None
        if (only and there is None) or kind.errs(there):
            return None
        narrowed = self._narrowed(kind.worth(there), kind, item, variants, answers)
        values = self._preferred(item, beside_each_other(kind, narrowed))
        best = max(values, default=NOWHERE)
        if best == NOWHERE:
            return None
        number = values.index(best)
        equal = values.count(best)
        tied: list[str] = []
        place = number
        while len(tied) < min(equal, MOST_TIED):
            tied.append(self._nodes[place].metadata.name)
            place = values.index(best, place + 1) if len(tied) < equal else place
        return self._enter(item, variants[self._given[number]], number, answers[number], equal, tied)

    def place_together(self, items: Sequence[Wanted]) -> Sequence[Placed]:
        """Place pods one after the other, but none if one of them fits nowhere."""
        before = len(self._entries)
        placed: list[Placed] = []
        for item in items:
            outcome = self.place(item)
            if outcome is None:
                while len(self._entries) > before:
                    self._take_out(self._entries.pop())
                return ()
            placed.append(outcome)
        return placed

    def _answers(self, variants: Mapping[frozenset[str], PodClaims]) -> Sequence[NodeAnswer]:
        """What each node says to the claims that the pod has there."""
        by_variant: dict[frozenset[str], Sequence[NodeAnswer]] = {}
        for given, claims in variants.items():
            wanted = [found.claim for found in claims.open]
            nothing = [NOTHING_TO_ALLOCATE] * len(self._nodes)
            by_variant[given] = self._planner.everywhere(wanted) if wanted else nothing
        if len(by_variant) == 1:
            return next(iter(by_variant.values()))
        return [by_variant[given][number] for number, given in enumerate(self._given)]

    def claims_of(self, pod: Pod, given: frozenset[str]) -> PodClaims:
        """The pod's claims, with what this run gave to claims that several pods share."""
        found = self.cluster.claims_of(pod, given)
        if not self._made:
            return found
        claims = tuple(
            msgspec.structs.replace(item, claim=self._made.get(_place(item.claim), item.claim)) for item in found.claims
        )
        full = [
            fault
            for item in claims
            if item.group is None and _place(item.claim) in self._made
            for fault in faults_of_use(pod, item.claim, item.entry)
        ]
        return PodClaims(claims, (*found.faults, *full))

    def _maker(self, origin: Reference) -> Reference:
        return self._makers.get(origin, origin)

    def _running_siblings(self) -> dict[Reference, dict[int, int]]:
        found: dict[Reference, dict[int, int]] = {}
        for number, pod in self._use.pods():
            here = found.setdefault(self._maker(origin_of(pod)), {})
            here[number] = here.get(number, 0) + 1
        return found

    def _kind(self, pod: Pod, claims: PodClaims) -> PodKind:
        """What is known of pods that ask the same; devices that a claim has count only where they take node resources.

        Args:
            pod: One of them.
            claims: Its claims, on any node.
        """
        key = asked(pod, claims.claims if self.cluster.parts_of_nodes else claims.open)
        found = self._kinds.get(key)
        if found is None:
            allowed = [static_refusal(pod.spec, node) is None for node in self._nodes]
            assumed = requested(pod.spec, ASSUMED)
            wanted = {given: self.cluster.node_requests(pod, given) for given in set(self._given)}
            found = self._kinds[key] = PodKind(allowed, wanted, assumed, host_ports(pod))
        return found

    def _refresh(
        self,
        kind: PodKind,
        pod: Pod,
        answers: Sequence[NodeAnswer],
        variants: Mapping[frozenset[str], PodClaims],
    ) -> None:
        """Bring what nodes are worth up to date."""
        numbers: Iterable[int] = range(len(self._nodes)) if kind.seen < 0 else set(self._changed[kind.seen :])
        kind.seen = len(self._changed)
        for number in numbers:
            kind.values[number] = NOWHERE
            kind.errors.pop(number, None)
            kind.beside.pop(number, None)
            offered, used = self._offers[number], self._use.used[number]
            wanted = kind.wanted[self._given[number]]
            if not kind.allowed[number] or resource_refusal(wanted, offered, used) is not None:
                continue
            if kind.ports and port_refusal(kind.ports, self._use.pods_on(number)) is not None:
                continue
            answer = answers[number]
            if isinstance(answer, Solution):
                if self.cluster.parts_of_nodes:
                    statuses = statuses_on(self.cluster.parts_of_nodes, pod, variants[self._given[number]], answer)
                    if isinstance(statuses, str):
                        kind.errors[number] = statuses
                        continue
                    if device_refusal(pod, statuses, offered, used) is not None:
                        continue
                found = self._worth(kind, pod, number, answer)
                kind.values[number] = found.points
                if found.affinity or found.soft_taints or found.alternatives:
                    kind.beside[number] = found
            elif isinstance(answer, Wrong) and not answer.node_only:
                kind.errors[number] = answer.text

    def _worth(
        self, kind: PodKind, pod: Pod, number: int, answer: Solution, siblings: tuple[int, int] = (0, 0)
    ) -> Worth:
        choice = Choice(
            self._nodes[number],
            pod.spec,
            kind.wanted[self._given[number]],
            self._offers[number],
            self._use.used[number],
            kind.assumed,
            self._use.assumed[number],
            self._use.free(number),
            _taken(answer),
            *siblings,
        )
        return worth(self.policy, choice, alternatives_taken(answer))

    def _narrowed(
        self,
        values: list[float],
        kind: PodKind,
        item: Wanted,
        variants: Mapping[frozenset[str], PodClaims],
        answers: Sequence[NodeAnswer],
    ) -> list[float]:
        """The values for this very pod: its claims may be elsewhere, other pods near."""
        pod = item.pod
        near = self._neighbours_of(pod)
        allocated = next(iter(variants.values())).allocated
        if not allocated and near is None and self.policy != "topology":
            return values
        if not_shared(self.cluster.parts_of_nodes, pod, allocated) is not None:
            return [NOWHERE] * len(values)
        here = self._siblings.get(self._maker(item.origin), {})
        zones: dict[str, int] = {}
        for number, count in here.items():
            zone = self._nodes[number].metadata.labels.get(ZONE, "")
            zones[zone] = zones.get(zone, 0) + count
        values = list(values)
        for number, value in enumerate(values):
            node, answer = self._nodes[number], answers[number]
            if value == NOWHERE or not isinstance(answer, Solution):
                continue
            if elsewhere(allocated, node) is not None or (near is not None and near.refusal(node) is not None):
                values[number] = NOWHERE
            elif self.policy == "topology":
                zone = node.metadata.labels.get(ZONE, "")
                siblings = (here.get(number, 0), zones.get(zone, 0) if zone else 0)
                values[number] = self._worth(kind, pod, number, answer, siblings).points
        return values

    def _neighbours_of(self, pod: Pod) -> Neighbours | None:
        """What the pods on all nodes mean to this one, counted once for pods that see them alike."""
        if not self._guarded and not looks_at_others(pod):
            return None
        key = msgspec.json.encode((pod.metadata.namespace, pod.metadata.labels, pod.spec))
        found = self._neighbours.get(key)
        if found is None:
            pods = ((self._nodes[number], other) for number, other in self._use.pods())
            found = self._neighbours[key] = Neighbours(pod, self._nodes, pods, self.cluster.namespace_labels)
        return found

    def _preferred(self, item: Wanted, values: list[float]) -> list[float]:
        """The values with what other pods make of nodes, as kube-scheduler sees it."""
        pod, siblings = item.pod, self.cluster.sibling_selectors.get(item.origin)
        if self.policy != "scheduler" or not (self._minded or has_terms(pod) or softly_spread(pod, siblings)):
            return values
        key = msgspec.json.encode((pod.metadata.namespace, pod.metadata.labels, pod.spec, item.origin))
        found = self._preferences.get(key)
        if found is None:
            found = Preferences(pod, self._nodes, self._use.pods(), self.cluster.namespace_labels, siblings)
            self._preferences[key] = found
        fitting = [number for number, value in enumerate(values) if value != NOWHERE]
        points = found.points(fitting)
        if len(fitting) == len(values):
            return [value + more for value, more in zip(values, points, strict=True)]
        preferred = list(values)
        for number, more in zip(fitting, points, strict=True):
            preferred[number] += more
        return preferred

    def _enter(
        self, item: Wanted, claims: PodClaims, number: int, answer: NodeAnswer, equal: int, tied: Sequence[str]
    ) -> Placed | None:
        node, pod = self._nodes[number], item.pod
        assert isinstance(answer, Solution)
        if self.cluster.parts_of_nodes:
            pod = _noting(pod, statuses_on(self.cluster.parts_of_nodes, pod, claims, answer))
        made: Sequence[ResourceClaim] = ()
        wanted = self.cluster.node_requests(pod, self._given[number])
        entry = _Entry(number, self._maker(item.origin), wanted, self._made, self._guarded, self._minded)
        if claims.open:
            placement = self._planner.placement(number, answer)
            records = [found.claim for found in claims.open]
            results = self._planner.results(placement, records, self._share_ids)
            if isinstance(results, str):
                return None  # a slice's node selector cannot be merged: the scheduler fails here as well
            made = [_allocated(claim, result) for claim, result in zip(records, results, strict=True)]
            entry.before = self._planner.take(placement)
            entry.users.update(*map(self._planner.users_of, entry.before.pools))
            entry.devices = _taken(answer)
        allocated = {_place(claim): claim for claim in made}
        reservations = tuple(Reservation(found.claim.metadata.name, found.consumer(pod)) for found in claims.claims)
        for found, reservation in zip(claims.claims, reservations, strict=True):
            claim = allocated.get(_place(found.claim), found.claim)
            self._made = self._made.set(_place(claim), reserved(claim, reservation.consumer))
        self._use.enter(number, pod, wanted)
        self._use.enter_devices(entry.users, entry.devices)
        self._changed += entry.users
        self._guarded = self._guarded or guards(pod)
        self._minded = self._minded or has_terms(pod)
        for seen in self._neighbours.values():
            seen.add(node, pod)
        for liked in self._preferences.values():
            liked.add(number, pod)
        here = self._siblings.setdefault(entry.maker, {})
        here[number] = here.get(number, 0) + 1
        self._entries.append(entry)
        ties = tuple(tied) if equal > 1 else ()
        return Placed(pod, item.origin.text, node.metadata.name, tuple(made), equal, ties, reservations)

    def _take_out(self, entry: _Entry) -> None:
        """The pod that was entered last is not there."""
        self._made, self._guarded, self._minded = entry.made, entry.guarded, entry.minded
        if entry.before is not None:
            self._planner.put_back(entry.before)
        self._use.take_out(entry.number, entry.wanted)
        self._use.enter_devices(entry.users, -entry.devices)
        self._changed += entry.users
        self._siblings[entry.maker][entry.number] -= 1
        self._neighbours.clear()  # these count pods, and are worked out anew where they are asked for
        self._preferences.clear()


class _Entry:
    """What a pod changed, to take it out again."""

    __slots__ = ("before", "devices", "guarded", "made", "maker", "minded", "number", "users", "wanted")

    def __init__(
        self,
        number: int,
        maker: Reference,
        wanted: Mapping[str, int],
        made: PMap[tuple[str, str], ResourceClaim],
        guarded: bool,
        minded: bool,
    ) -> None:
        self.number = number
        self.maker = maker
        self.wanted = wanted
        self.made = made
        self.guarded = guarded
        self.minded = minded
        self.before: Before | None = None  # what the devices' ledger said
        self.devices = 0
        self.users = {number}  # nodes that answer anew


def _taken(solution: Solution) -> int:
    """How many devices a solution takes from others."""
    return sum(not chosen.request.admin for items in solution.chosen for chosen in items)


def _noting(pod: Pod, statuses: Sequence[NodeAllocatableClaimStatus] | str) -> Pod:
    """The pod with what its devices take of its node."""
    if isinstance(statuses, str) or not statuses:
        return pod
    status = msgspec.structs.replace(pod.status, node_allocatable_resource_claim_statuses=tuple(statuses))
    return msgspec.structs.replace(pod, status=status)


def _place(claim: ResourceClaim) -> tuple[str, str]:
    return claim.metadata.namespace, claim.metadata.name


def _allocated(claim: ResourceClaim, result: AllocationResult) -> ResourceClaim:
    status = ResourceClaimStatus(allocation=result)
    return msgspec.structs.replace(claim, status=status)
