"""Planning many claims over many nodes: the answers of ``allocate``, with nothing worked out twice.

A planner remembers for each set of claims what each node answers. Nodes that are alike (``node_shape``) share answers,
and an answer stays until something on its node is taken. It is a ledger for one planning run: ``take`` enters what a
placement uses, everything else only reads.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from dra_core.allocation.allocate import INVALID_POOLS, STEPS, Wrong, never, plan_of
from dra_core.allocation.allocated import Allocated, DeviceId, PoolId
from dra_core.allocation.in_flight import Chosen, Fatal, InFlight
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.node_shape import Shapes, in_use
from dra_core.allocation.outcome import results_of
from dra_core.allocation.pools import NodePools
from dra_core.allocation.requests import ReadClaim, read_claims
from dra_core.allocation.search import Found, GaveUp, Search, Solution
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import AllocationResult, ResourceClaim

_HELD_NOWHERE = Allocated()
_Key = TypeVar("_Key")
_Held = TypeVar("_Held")


class Placement(msgspec.Struct, frozen=True, eq=False):
    """Claims that fit on a node.

    Attributes:
        node: The node.
        solution: What each claim gets, found on this node or on one like it.
        pools: What this node draws from.
    """

    node: Node
    solution: Solution
    pools: NodePools


class Before(msgspec.Struct, frozen=True, eq=False):
    """What was held of the pools and devices that a placement uses, before it was entered."""

    devices: Mapping[PoolId, frozenset[str] | None]
    shared: Mapping[PoolId, frozenset[str] | None]
    consumed: Mapping[DeviceId, Mapping[str, int] | None]

    @property
    def pools(self) -> frozenset[PoolId]:
        """The pools that the placement takes devices from."""
        return frozenset((*self.devices, *self.shared))


NodeAnswer: TypeAlias = Solution | Wrong | GaveUp | None
"""What a node says to a set of claims: how they fit, an error, no answer in time, or that they do not fit."""


class _Template:
    """A set of claims that only differ in names from others like it, with what nodes answered."""

    __slots__ = ("answers", "claims", "memory", "shape_numbers", "shapes", "stale", "tell_apart", "waiting")

    def __init__(self, claims: tuple[ReadClaim, ...], tell_apart: Shapes, nodes: int) -> None:
        self.claims = claims
        self.tell_apart = tell_apart
        self.memory: dict[tuple[int, Hashable], Solution | None] = {}
        self.shape_numbers: dict[Hashable, int] = {}
        self.shapes: dict[int, int | None] = {}  # by node; None where every node must be asked for itself
        self.answers: list[NodeAnswer] = [None] * nodes
        self.stale: set[int] = set(range(nodes))  # nodes whose answer is not known, or no longer
        self.waiting: list[int] = list(range(nodes))  # a heap: nodes that may fit, the first of all on top


class Planner:
    """A ledger of what nodes have left, and what they answer to claims."""

    def __init__(
        self,
        inventory: Inventory,
        nodes: Sequence[Node],
        classes: Mapping[str, DeviceClass],
        questions: Questions,
        allocated: Allocated = _HELD_NOWHERE,
        budget: int = STEPS,
    ) -> None:
        self._inventory = inventory
        self._nodes = nodes
        self._classes = classes
        self._questions = questions
        self._budget = budget
        self._devices = dict(allocated.devices)
        self._shared = dict(allocated.shared)
        self._consumed = dict(allocated.consumed)
        # A view of these, which ``take`` changes.
        self._held = Allocated(devices=self._devices, shared=self._shared, consumed=self._consumed)
        self._users: dict[PoolId, list[int]] = {}  # worked out when something is taken
        self._templates: dict[bytes, _Template] = {}

    def first_fit(self, claims: Sequence[ResourceClaim]) -> Placement | Wrong | None:
        """The first node, in the order given, on which all claims fit; an error ends it, as in the scheduler."""
        template = self._template(claims)
        waiting = template.waiting
        while waiting:
            number = waiting[0]
            answer = self._answer(template, number)
            if isinstance(answer, Solution):
                return self.placement(number, answer)
            if isinstance(answer, Wrong) and not answer.node_only:
                return answer
            heapq.heappop(waiting)
        return None

    def everywhere(self, claims: Sequence[ResourceClaim]) -> Sequence[NodeAnswer]:
        """The answer of every node, in the order given; valid until something is taken."""
        template = self._template(claims)
        for number in sorted(template.stale):
            self._answer(template, number)
        return template.answers

    def placement(self, number: int, solution: Solution) -> Placement:
        """A node's answer as a placement."""
        node = self._nodes[number]
        return Placement(node, solution, self._inventory.for_node(node))

    def results(
        self, placement: Placement, claims: Sequence[ResourceClaim], share_ids: Callable[[], str]
    ) -> tuple[AllocationResult, ...] | str:
        """The AllocationResults of a placement, as ``allocate`` gives them."""
        read = read_claims(claims, self._classes, self._inventory.features, self._questions)
        return results_of(placement.solution, read, placement.node, self._inventory.features, share_ids)

    def take(self, placement: Placement) -> Before:
        """Enter what a placement uses."""
        devices: dict[PoolId, frozenset[str] | None] = {}
        shared: dict[PoolId, frozenset[str] | None] = {}
        consumed: dict[DeviceId, Mapping[str, int] | None] = {}
        for chosen in (item for items in placement.solution.chosen for item in items):
            if chosen.request.admin:
                continue  # takes nothing from others
            device, pool = chosen.candidate.device.id, chosen.candidate.device.pool
            if chosen.consumed is not None:
                shared.setdefault(pool, self._shared.get(pool))
                self._shared[pool] = self._shared.get(pool, frozenset()) | {device[2]}
                if chosen.consumed:
                    consumed.setdefault(device, self._consumed.get(device))
                    held = dict(self._consumed.get(device, {}))
                    for name, amount in chosen.consumed.items():
                        held[name] = held.get(name, 0) + amount.nanos
                    self._consumed[device] = held
            else:
                devices.setdefault(pool, self._devices.get(pool))
                self._devices[pool] = self._devices.get(pool, frozenset()) | {device[2]}
        before = Before(devices, shared, consumed)
        self._changed(before)
        return before

    def put_back(self, before: Before) -> None:
        """Undo the last ``take``."""
        _put_back(self._devices, before.devices)
        _put_back(self._shared, before.shared)
        _put_back(self._consumed, before.consumed)
        self._changed(before)

    def _changed(self, before: Before) -> None:
        for pool in before.pools:
            self._forget(self.users_of(pool))

    def users_of(self, pool: PoolId) -> Sequence[int]:
        """The numbers of the nodes that draw from a pool."""
        if not self._users:
            for number, node in enumerate(self._nodes):
                for item in self._inventory.for_node(node).pools:
                    self._users.setdefault(item.id, []).append(number)
        return self._users.get(pool, ())

    def _forget(self, numbers: Iterable[int]) -> None:
        """What these nodes answered holds no longer."""
        for template in self._templates.values():
            for number in numbers:
                if number not in template.stale:
                    template.stale.add(number)
                    if not isinstance(template.answers[number], Solution):
                        heapq.heappush(template.waiting, number)

    def _template(self, claims: Sequence[ResourceClaim]) -> _Template:
        key = b"\n".join(msgspec.json.encode(claim.spec) for claim in claims)
        found = self._templates.get(key)
        if found is None:
            read = read_claims(claims, self._classes, self._inventory.features, self._questions)
            shapes = Shapes(read, self._inventory.verdicts(self._questions))
            found = self._templates[key] = _Template(read, shapes, len(self._nodes))
        return found

    def _answer(self, template: _Template, number: int) -> NodeAnswer:
        if number not in template.stale:
            return template.answers[number]
        answer = self._ask(template, number)
        template.stale.discard(number)
        template.answers[number] = answer
        return answer

    def _ask(self, template: _Template, number: int) -> NodeAnswer:
        node = self._nodes[number]
        pools = self._inventory.for_node(node)
        if pools.error:
            return Wrong(pools.error)
        shape = self._shape(template, number, node, pools)
        if shape is None:
            return self._search(template, node, pools)
        key = (shape, in_use(self._held, pools))
        if key in template.memory:
            alike = template.memory[key]
            return None if alike is None else _moved(alike, pools)
        answer = self._search(template, node, pools)
        if answer is None or isinstance(answer, Solution):
            template.memory[key] = answer
        return answer

    def _shape(self, template: _Template, number: int, node: Node, pools: NodePools) -> int | None:
        if number not in template.shapes:
            shape = template.tell_apart.of(node, pools)
            numbers = template.shape_numbers
            template.shapes[number] = None if shape is None else numbers.setdefault(shape, len(numbers))
        return template.shapes[number]

    def _search(self, template: _Template, node: Node, pools: NodePools) -> NodeAnswer:
        state = InFlight(node, self._inventory.features, self._held, template.claims, self._questions)
        plan = plan_of(template.claims, pools, state)
        found: Found = plan if isinstance(plan, Fatal) else None
        if not isinstance(plan, Fatal):
            found = Search(plan, template.claims, pools.candidates, state, self._budget, never).run()
        if isinstance(found, Fatal):
            return Wrong(found.text)
        if found is None and any(pool.invalid_reason for pool in pools.pools):
            return Wrong(INVALID_POOLS, node_only=True)
        return found


def _put_back(held: dict[_Key, _Held], before: Mapping[_Key, _Held | None]) -> None:
    for key, value in before.items():
        if value is None:
            held.pop(key, None)
        else:
            held[key] = value


def _moved(solution: Solution, pools: NodePools) -> Solution:
    """The same places on another node."""
    return Solution(
        tuple(
            tuple(
                Chosen(pools.candidates[item.candidate.place], item.request, item.consumed, None, item.charged)
                for item in chosen
            )
            for chosen in solution.chosen
        ),
        solution.alternatives,
    )
