"""Planning many claims over many nodes: the answers of ``allocate``, with nothing worked out twice.

A planner remembers for each set of claims what each node answers. Nodes that are alike (``node_shape``) share answers,
and an answer stays until something on its node is taken. It is a ledger for one planning run: ``take`` enters what a
placement uses, everything else only reads.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from dra_core.allocation.allocate import INVALID_POOLS, STEPS, Wrong, never, plan_of
from dra_core.allocation.allocated import Allocated, DeviceId, PoolId
from dra_core.allocation.in_flight import Chosen, Fatal, InFlight
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.node_shape import private, shape_of
from dra_core.allocation.outcome import results_of
from dra_core.allocation.pools import NodePools
from dra_core.allocation.requests import ReadClaim, read_claims
from dra_core.allocation.search import Found, GaveUp, Search, Solution
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import AllocationResult, ResourceClaim

_HELD_NOWHERE = Allocated()


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


NodeAnswer: TypeAlias = Solution | Wrong | GaveUp | None
"""What a node says to a set of claims: how they fit, an error, no answer in time, or that they do not fit."""


class _Template:
    """A set of claims that only differ in names from others like it, with what nodes answered."""

    __slots__ = ("answers", "claims", "fitting", "memory", "shape_numbers", "shapes", "stale", "waiting")

    def __init__(self, claims: tuple[ReadClaim, ...], nodes: int) -> None:
        self.claims = claims
        self.memory: dict[tuple[int, Hashable], Solution | None] = {}
        self.shape_numbers: dict[Hashable, int] = {}
        self.shapes: dict[int, int | None] = {}  # by node; None where every node must be asked for itself
        self.answers: list[NodeAnswer] = [None] * nodes
        self.stale: set[int] = set(range(nodes))  # nodes whose answer is not known, or no longer
        self.waiting: list[int] = list(range(nodes))  # a heap: nodes that may fit, the first of all on top
        self.fitting = 0


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
        self._allocated = allocated
        self._held: dict[PoolId, Allocated] = {}
        self._users: dict[PoolId, list[int]] = {}
        self._private: list[bool] = []
        for number, node in enumerate(nodes):
            pools = inventory.for_node(node)
            self._private.append(private(pools, node))
            for pool in pools.pools:
                self._users.setdefault(pool.id, []).append(number)
        self._templates: dict[bytes, _Template] = {}

    def first_fit(self, claims: Sequence[ResourceClaim]) -> Placement | Wrong | None:
        """The first node, in the order given, on which all claims fit; an error ends it, as in the scheduler."""
        template = self._template(claims)
        waiting = template.waiting
        while waiting:
            number = waiting[0]
            answer = self._answer(template, number)
            if isinstance(answer, Solution):
                return self._placement(number, answer)
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
        return self._placement(number, solution)

    def results(
        self, placement: Placement, claims: Sequence[ResourceClaim], share_ids: Callable[[], str]
    ) -> tuple[AllocationResult, ...] | str:
        """The AllocationResults of a placement, as ``allocate`` gives them."""
        read = read_claims(claims, self._classes, self._inventory.features, self._questions)
        return results_of(placement.solution, read, placement.node, self._inventory.features, share_ids)

    def take(self, placement: Placement) -> None:
        """Enter what a placement uses."""
        devices: list[DeviceId] = []
        shared: list[DeviceId] = []
        consumed: list[tuple[DeviceId, Mapping[str, int]]] = []
        for chosen in (item for items in placement.solution.chosen for item in items):
            device = chosen.candidate.device.id
            if chosen.consumed is not None:
                shared.append(device)
                amounts = {name: amount.nanos for name, amount in chosen.consumed.items()}
                if amounts:
                    consumed.append((device, amounts))
            elif not chosen.request.admin:
                devices.append(device)
        for pool in {device[:2] for device in (*devices, *shared)}:
            held = self._pool_held(pool)
            self._held[pool] = held.having(
                [device for device in devices if device[:2] == pool],
                [device for device in shared if device[:2] == pool],
                [item for item in consumed if item[0][:2] == pool],
            )
            self._forget(self._users.get(pool, ()))

    def _forget(self, numbers: Iterable[int]) -> None:
        """What these nodes answered holds no longer."""
        for template in self._templates.values():
            for number in numbers:
                if number not in template.stale:
                    template.stale.add(number)
                    if not isinstance(template.answers[number], Solution):
                        heapq.heappush(template.waiting, number)

    def _pool_held(self, pool: PoolId) -> Allocated:
        found = self._held.get(pool)
        if found is None:
            whole = self._allocated
            found = Allocated(
                devices={pool: whole.devices[pool]} if pool in whole.devices else {},
                shared={pool: whole.shared[pool]} if pool in whole.shared else {},
                consumed={device: held for device, held in whole.consumed.items() if device[:2] == pool},
            )
            self._held[pool] = found
        return found

    def _node_held(self, pools: NodePools) -> Allocated:
        """What is in use in a node's pools."""
        if len(pools.pools) == 1:
            return self._pool_held(pools.pools[0].id)
        parts = [self._pool_held(pool.id) for pool in pools.pools]
        return Allocated(
            devices={pool: names for part in parts for pool, names in part.devices.items()},
            shared={pool: names for part in parts for pool, names in part.shared.items()},
            consumed={device: held for part in parts for device, held in part.consumed.items()},
        )

    def _template(self, claims: Sequence[ResourceClaim]) -> _Template:
        key = b"\n".join(msgspec.json.encode(claim.spec) for claim in claims)
        found = self._templates.get(key)
        if found is None:
            read = read_claims(claims, self._classes, self._inventory.features, self._questions)
            found = self._templates[key] = _Template(read, len(self._nodes))
        return found

    def _answer(self, template: _Template, number: int) -> NodeAnswer:
        if number not in template.stale:
            return template.answers[number]
        before = template.answers[number]
        answer = self._ask(template, number)
        template.stale.discard(number)
        template.answers[number] = answer
        template.fitting += isinstance(answer, Solution) - isinstance(before, Solution)
        return answer

    def _ask(self, template: _Template, number: int) -> NodeAnswer:
        node = self._nodes[number]
        pools = self._inventory.for_node(node)
        if pools.error:
            return Wrong(pools.error)
        held = self._node_held(pools)
        state = InFlight(node, self._inventory.features, held, template.claims, self._questions)
        if not self._private[number]:
            return self._search(template, pools, state)
        shape = self._shape(template, number, node, pools, state)
        if shape is None:
            return self._search(template, pools, state)
        key = (shape, _use(pools, held))
        if key in template.memory:
            alike = template.memory[key]
            return None if alike is None else _moved(alike, pools)
        answer = self._search(template, pools, state)
        if answer is None or isinstance(answer, Solution):
            template.memory[key] = answer
        return answer

    def _shape(self, template: _Template, number: int, node: Node, pools: NodePools, state: InFlight) -> int | None:
        if number not in template.shapes:
            shape = shape_of(pools, node, template.claims, state)
            numbers = template.shape_numbers
            template.shapes[number] = None if shape is None else numbers.setdefault(shape, len(numbers))
        return template.shapes[number]

    def _search(self, template: _Template, pools: NodePools, state: InFlight) -> NodeAnswer:
        plan = plan_of(template.claims, pools, state)
        found: Found = plan if isinstance(plan, Fatal) else None
        if not isinstance(plan, Fatal):
            found = Search(plan, template.claims, pools.candidates, state, self._budget, never).run()
        if isinstance(found, Fatal):
            return Wrong(found.text)
        if found is None and any(pool.invalid_reason for pool in pools.pools):
            return Wrong(INVALID_POOLS, node_only=True)
        return found

    def _placement(self, number: int, solution: Solution) -> Placement:
        node = self._nodes[number]
        return Placement(node, solution, self._inventory.for_node(node))


def _use(pools: NodePools, held: Allocated) -> Hashable:
    """What is in use, without the names of pools."""
    return tuple(
        (
            held.devices.get(pool.id),
            held.shared.get(pool.id),
            tuple(
                (device[2], tuple(amounts.items()))
                for device, amounts in held.consumed.items()
                if device[:2] == pool.id
            )
            if held.consumed
            else (),
        )
        for pool in pools.pools
    )


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
