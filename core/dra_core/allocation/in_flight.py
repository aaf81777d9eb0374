"""What a run has given away so far, and the checks of one device against it (allocateDevice of the scheduler)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from dra_core.allocation.allocated import Allocated, DeviceId, PoolId
from dra_core.allocation.attributes import ConstraintState, applies, static_attribute
from dra_core.allocation.capacity import Shortage, Unusable, effective_amounts, shortage
from dra_core.allocation.counters import Groups, PoolCounters
from dra_core.allocation.features import Features, Variant
from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.allocation.node_match import node_matches
from dra_core.allocation.pools import Candidate, Pool
from dra_core.allocation.requests import ReadClaim, Request
from dra_core.allocation.selectors import Failure, Questions
from dra_core.allocation.taints import preventing
from dra_core.snapshot.device import DeviceAttribute
from dra_core.snapshot.node import Node
from dra_core.snapshot.quantity import Quantity

NODE_OPERATIONS_FEATURE = "DRAOptionalNodeOperations"  # what a node declares that can leave node operations out
_NO_SUCH_KEY_ADVICE = (  # the scheduler adds it to this kind of error
    ". consider using CEL optional chaining (.? followed by orValue())"
    " or guarding the check with has() for optional fields"
)
_NOTHING: Mapping[str, int] = {}


class Chosen(msgspec.Struct, frozen=True):
    """A device that a request was given, and what undoes it."""

    candidate: Candidate
    request: Request
    consumed: Mapping[str, Quantity] | None
    groups_before: Mapping[str, Groups | None] | None
    charged: bool


class No(msgspec.Struct, frozen=True):
    """Why a device was not given.

    Attributes:
        rule: ``InUse``, ``NodeOperations``, ``Partitions``, ``CompatibilityGroups``, ``Counter``, ``Taint``,
            ``Constraint`` or ``Capacity``.
        detail: The constraint's number, for ``Constraint``.
        shortage: What is missing, for ``Capacity``.
    """

    rule: str
    detail: int = -1
    shortage: Shortage | None = None


class Fatal(msgspec.Struct, frozen=True):
    """Why the allocation fails as a whole."""

    text: str


Attempt: TypeAlias = Chosen | No | Fatal

_IN_USE, _NODE_OPERATIONS, _PARTITIONS = No("InUse"), No("NodeOperations"), No("Partitions")
_GROUPS, _COUNTER, _TAINT = No("CompatibilityGroups"), No("Counter"), No("Taint")


class InFlight:
    """The state of one run; everything that is taken can be given back in reverse order."""

    def __init__(
        self, node: Node, features: Features, allocated: Allocated, claims: Sequence[ReadClaim], questions: Questions
    ) -> None:
        self.node = node
        self.features = features
        self._allocated = allocated
        self._held = allocated.devices
        self._claims = claims
        self.questions = questions
        self._skips = features.variant is Variant.EXPERIMENTAL
        lists = features.list_type_attributes
        self._constraints = [
            [ConstraintState(number, item, lists) for number, item in enumerate(claim.constraints)] for claim in claims
        ]
        self._applying: dict[Request, list[ConstraintState]] = {}
        self._busy: dict[DeviceId, list[int]] = {}
        self._taken = [0] * len(claims)  # whole devices by claim, as bits by place
        self._again = 0  # how often a device that a claim has was taken for a further one: admin access allows it
        self._consuming: dict[DeviceId, list[Mapping[str, Quantity]]] = {}
        self._counters: dict[PoolId, PoolCounters] = {}
        self._verdicts: dict[tuple[int, int], bool | Fatal] = {}
        self._derived: dict[tuple[str, DeviceId], DeviceAttribute] = {}
        self.chosen: list[list[Chosen]] = [[] for _ in claims]

    def usable(self, request: Request, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """Those where nobody else's use stands in the way; the cheapest check, before any expression is asked."""
        busy = self._busy
        if request.admin:
            for candidate in candidates:
                if request.claim not in busy.get(candidate.device.id, ()):
                    yield candidate
            return
        held = self._held
        for candidate in candidates:
            device = candidate.device
            names = held.get(device.pool)
            if (names is None or device.record.name not in names) and not (busy and busy.get(device.id)):
                yield candidate

    def selectable(self, request: Request, candidate: Candidate) -> bool | Fatal:
        """Whether class and request select the device and it can be used on the node."""
        device = candidate.device
        if device.record.binding_conditions and not self.features.device_binding_and_status:
            return False
        key = (id(request), id(device))  # both live longer than this run
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = self._selects(request, candidate)
        return found

    def _selects(self, request: Request, candidate: Candidate) -> bool | Fatal:
        device = candidate.device
        for condition in request.conditions:
            if condition.failure is not None:
                return Fatal(f"{condition.blame}: CEL compile error: {condition.failure.text}")
            answer = self.questions.ask(condition.expression, device)
            if isinstance(answer, Failure):
                advice = _NO_SUCH_KEY_ADVICE if "no such key:" in answer.text else ""
                where = "/".join(device.id)
                return Fatal(f"{condition.blame} on device {where}: CEL runtime error: {answer.text}{advice}")
            if not answer:
                return False
        if candidate.slice.record.spec.per_device_node_selection:
            record = device.record
            matches = node_matches(self.node, record.node_name, record.all_nodes, record.node_selector)
            return Fatal(matches) if isinstance(matches, str) else matches
        return True

    def short_of(self, request: Request, device: InventoryDevice, alone: bool = False) -> Shortage | Fatal | None:
        """What capacity is missing; ``alone``: not counting what others consume."""
        if not self.features.consumable_capacity:
            return None
        consumed = _NOTHING if alone else self._allocated.consumed.get(device.id, _NOTHING)
        if device.roomy and not request.capacity and not consumed and (alone or device.id not in self._consuming):
            return None
        found = shortage(
            request.capacity,
            device.capacity,
            consumed,
            _NOTHING if alone else self._amounts(device.id),
            self.features.fractional_capacity_range,
        )
        if isinstance(found, Unusable):
            where = device.record.name if alone else "/".join(device.id)
            return Fatal(self._blame(request, f"checking capacity for device {where}: {found.text}"))
        return found

    def take(self, request: Request, candidate: Candidate, must: bool) -> Attempt:
        """Give a selectable device to a request, if all rules allow it.

        Args:
            request: Who asks.
            candidate: The device.
            must: All devices are wanted: a constraint in the way is an error. Otherwise the device is known to be
                ``usable``.
        """
        device, features = candidate.device, self.features
        multiple = features.consumable_capacity and device.multiple
        if must and not (multiple and request.admin) and not any(self.usable(request, (candidate,))):
            return _IN_USE
        if self._skips and candidate.slice.record.spec.skip_node_operations and not self._node_may_skip():
            return _NODE_OPERATIONS
        charged = False
        groups_before: Mapping[str, Groups | None] | None = None
        counters: PoolCounters | None = None
        if device.consumes:
            if not features.partitionable_devices:
                return _PARTITIONS
            if not (multiple and self._shared_already(device)):
                counters = self.counters(candidate.pool)
                if features.compatibility_groups and counters.incompatible(device):
                    return _GROUPS
                if counters.short(device) is not None:
                    return _COUNTER
        if device.blocking and features.device_taints and preventing(device, request.tolerations) is not None:
            return _TAINT
        refusal = self._constrain(request, device, must)
        if refusal is not None:
            return refusal
        consumed: Mapping[str, Quantity] | None = None
        if features.consumable_capacity:
            missing = self.short_of(request, device)
            if missing is not None:
                _release(self._applying_to(request))
                if isinstance(missing, Fatal):
                    return missing
                return No("Capacity", shortage=missing)
            if multiple:
                amounts = effective_amounts(request.capacity, device.capacity, features.fractional_capacity_range)
                consumed = {} if isinstance(amounts, Unusable) else amounts
        if counters is not None:
            counters.take(device)
            charged = True
            if features.compatibility_groups:
                groups_before = counters.join(device)
        if consumed is not None:
            self._consuming.setdefault(device.id, []).append(consumed)
        else:
            takers = self._busy.setdefault(device.id, [])
            self._again += bool(takers)
            takers.append(request.claim)
            self._taken[request.claim] |= 1 << candidate.place
        chosen = Chosen(candidate, request, consumed, groups_before, charged)
        self.chosen[request.claim].append(chosen)
        return chosen

    def give_back(self, chosen: Chosen) -> None:
        """Undo the last ``take`` that is not undone yet."""
        device, request = chosen.candidate.device, chosen.request
        self.chosen[request.claim].pop()
        if chosen.consumed is not None:
            shares = self._consuming[device.id]
            shares.pop()
            if not shares:
                del self._consuming[device.id]
        else:
            takers = self._busy[device.id]
            takers.pop()
            self._again -= bool(takers)
            self._taken[request.claim] &= ~(1 << chosen.candidate.place)
        _release(self._applying_to(request))
        if chosen.charged:
            counters = self.counters(chosen.candidate.pool)
            counters.give_back(device)
            if chosen.groups_before is not None:
                counters.leave(chosen.groups_before)

    def counters(self, pool: Pool) -> PoolCounters:
        """The pool's counters as this run leaves them."""
        found = self._counters.get(pool.id)
        if found is None:
            found = self._counters[pool.id] = PoolCounters(pool, self._allocated, self.features)
        return found

    def constraint(self, claim: int, number: int) -> ConstraintState:
        """A constraint of a claim with what it has seen."""
        return self._constraints[claim][number]

    def held(self, device: InventoryDevice) -> Hashable:
        """What others than this run have of the device; equal for devices of which they have as much."""
        allocated = self._allocated
        return (
            device.record.name in allocated.devices.get(device.pool, ()),
            device.record.name in allocated.shared.get(device.pool, ()),
            frozenset(allocated.consumed.get(device.id, _NOTHING).items()),
            device.id in allocated.consumed,
        )

    def given(self, device: InventoryDevice) -> Hashable:
        """What this run gave of the device; equal for devices of which it gave as much to the same claims."""
        shared = frozenset(self._amounts(device.id).items()) if device.id in self._consuming else None
        return tuple(self._busy.get(device.id, ())), shared

    def fingerprint(self, claim: int, chosen: int, twins: Sequence[int]) -> Hashable:
        """Equal for states in which this claim and the later ones have the same ways on.

        What earlier claims got counts only as taken, and how often; counters and groups follow from that. Of ``twins``
        it counts how many are in use: where a request begins, of all; later only of the last ``chosen`` devices, which
        are behind it, since of the others it may still get some.
        """
        seen = tuple(state.fingerprint() for state in self._constraints[claim])
        count = len(self.chosen[claim])
        if not chosen:
            places = {item.candidate.place: item.candidate.device.id for items in self.chosen for item in items}
            mine, busy = self._taken[claim], self._busy
            used = Counter(
                (
                    twins[place],
                    len(busy.get(device, ())),
                    mine >> place & 1,
                    frozenset(self._amounts(device).items()),
                )
                for place, device in places.items()
            )
            return frozenset(used.items()), seen, count
        taken, last = self._taken[claim], []
        for item in self.chosen[claim][count - chosen :]:
            if item.consumed is None:
                taken &= ~(1 << item.candidate.place)
                last.append(twins[item.candidate.place])
        consumed = frozenset((device, frozenset(self._amounts(device).items())) for device in self._consuming)
        takers = self._busy.items() if self._again else ()
        often = frozenset((device, len(several)) for device, several in takers if len(several) > 1)
        return self._taken_before(claim), often, taken, tuple(sorted(last)), consumed, seen, count

    def _taken_before(self, claim: int) -> int:
        earlier = 0
        for mask in self._taken[:claim]:
            earlier |= mask
        return earlier

    def _constrain(self, request: Request, device: InventoryDevice, must: bool) -> No | Fatal | None:
        states = self._applying_to(request)
        for position, state in enumerate(states):
            attribute = self.attribute(request, device, state.attribute)
            if isinstance(attribute, Fatal):
                _release(states[:position])
                return attribute
            if state.add(attribute):
                continue
            _release(states[:position])
            if must:
                where = "/".join(device.id)
                text = f"cannot add device {where} because a claim constraint would not be satisfied"
                return Fatal(self._blame(request, text))
            return No("Constraint", state.number)
        return None

    def _applying_to(self, request: Request) -> list[ConstraintState]:
        """The constraints that are about the request."""
        found = self._applying.get(request)
        if found is None:
            states = self._constraints[request.claim]
            found = self._applying[request] = [state for state in states if applies(state.constraint, request)]
        return found

    def attribute(self, request: Request, device: InventoryDevice, name: str) -> DeviceAttribute | None | Fatal:
        """An attribute of the device as the request sees it: derived ones hide published ones."""
        expression = request.derived.get(name) if request.derived else None
        if expression is None:
            return static_attribute(device, name)
        key = (expression, device.id)
        found = self._derived.get(key)
        if found is not None:
            return found
        failure = self.questions.compiles(expression)
        if failure is not None:
            return Fatal(f"compile derived attribute {name} failed: {failure.text}")
        derived = self.questions.derive(expression, device)
        if isinstance(derived, Failure):
            where = "/".join(device.id)
            return Fatal(f"evaluate derived attribute {name} on device {where} failed: {derived.text}")
        self._derived[key] = derived
        return derived

    def _shared_already(self, device: InventoryDevice) -> bool:
        """Whether a share is out already, so that the counters were charged."""
        return (
            device.id in self._allocated.consumed
            or device.record.name in self._allocated.shared.get(device.pool, ())
            or device.id in self._consuming
        )

    def _amounts(self, device: DeviceId) -> Mapping[str, int]:
        shares = self._consuming.get(device)
        if not shares:
            return _NOTHING
        total: dict[str, int] = {}
        for share in shares:
            for name, amount in share.items():
                total[name] = total.get(name, 0) + amount.nanos
        return total

    def _node_may_skip(self) -> bool:
        declared = self.node.status.declared_features
        return self.features.optional_node_operations and NODE_OPERATIONS_FEATURE in declared

    def _blame(self, request: Request, text: str) -> str:
        return f"claim {self._claims[request.claim].label}, request {request.name}: {text}"


def _release(states: Iterable[ConstraintState]) -> None:
    for state in states:
        state.remove()
