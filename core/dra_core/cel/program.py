"""From a checked tree to a function of the device: one Python closure per node.

Sources: cel-spec (errors, ``&&`` and ``||`` that absorb them), cel-go's interpreter where the specification leaves a
choice. Two kinds of programs: one that counts what cel-go counts and stops at the cost limit, and a plain one for
expressions that cannot reach it (``costs.bounded``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from dra_core.cel import steps
from dra_core.cel.costs import LIST_CREATION, MAP_CREATION, SELF_COMPARED
from dra_core.cel.frame import Frame
from dra_core.cel.functions import FUNCTIONS, MATCHES_CONSTANT
from dra_core.cel.operators import element, found, optional_element
from dra_core.cel.steps import Constant
from dra_core.cel.syntax import (
    Call,
    Comprehension,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Select,
    UnsignedLiteral,
    walk,
)
from dra_core.cel.values import EvaluationError, TypeName, Unsigned, Value

Closure: TypeAlias = Callable[[Frame], Value]
Slots: TypeAlias = Mapping[str, int]
"""Local variables in sight."""

_INDEX = ("_[_]", "_[?_]", "_?._")
_CONVERSIONS = frozenset(
    {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
)  # what cel-go computes beforehand if the argument is constant (overloads.IsTypeConversionFunction)
_AMBIGUOUS = frozenset({"_+_", "_<_", "_<=_", "_>_", "_>=_", "@in", "sort", "@sortByAssociatedKeys", "string", "bytes"})
"""Functions whose implementation depends on types, and whose costs are those of implementations."""

_DEVICE = "device"


class Program:
    """An expression that can be evaluated; it has no state.

    Raises:
        EvaluationError: A conversion of a constant fails.
    """

    def __init__(self, root: Node, types: Mapping[int, str], *, counted: bool) -> None:
        compiler = _Compiler(types, counted)
        self._run = compiler.closure(root, {})
        self._size = compiler.size

    def evaluate(self, device: dict[Value, Value]) -> tuple[Value, int]:
        """The value, and what it cost (0 if nothing was counted).

        Raises:
            EvaluationError: The expression fails on this device.
            AbortedError: It costs too much, or cel-go would crash.
        """
        frame = Frame(device, self._size)
        try:
            return self._run(frame), frame.cost
        except RecursionError:
            raise EvaluationError("the expression is nested too deeply") from None


class _Compiler:
    """Makes closures; knows how many local variables there are."""

    def __init__(self, types: Mapping[int, str], counted: bool) -> None:
        self._types = types
        self._counted = counted
        self.size = 0

    def closure(self, node: Node, slots: Slots) -> Closure:
        """The closure of a node."""
        match node:
            case Literal():
                value = node.value
                return Constant(Unsigned(value.value) if isinstance(value, UnsignedLiteral) else value)
            case Name():
                return self._name(node, slots)
            case Select():
                return self._select(node, slots)
            case Call():
                return self._call(node, slots)
            case ListOf():
                return self._list(node, slots)
            case MapOf():
                return self._map(node, slots)
            case Comprehension():
                return self._bound(node, slots) if _is_binding(node) else self._loop(node, slots)

    def _name(self, node: Name, slots: Slots) -> Closure:
        slot = slots.get(node.name)
        if slot is not None:
            read: Closure = partial(steps.read_slot, slot)
        elif node.name == _DEVICE:
            read = steps.read_device
        elif node.name.startswith(f"{_DEVICE}."):
            # The checker takes ``device.driver`` for one name; it costs what a variable and a field of it cost.
            read = partial(steps.read_field, node.name.removeprefix(f"{_DEVICE}."))
            return steps.charged(read, 2) if self._counted else read
        else:
            return Constant(TypeName(node.name))
        return steps.charged(read, 1) if self._counted else read

    def _select(self, node: Select, slots: Slots) -> Closure:
        operand, key = self._qualified(node.operand, slots), node.field
        if node.test_only:
            # Testing costs the fields on the way and the last, but not the variable (PresenceTestHasCost is off).
            return partial(steps.call_with, found, operand, key)
        cost = 1 if self._counted else 0
        return partial(steps.select, cost, operand, key)

    def _qualified(self, operand: Node, slots: Slots) -> Closure:
        """The operand of a field or index; what is no variable costs one more."""
        made = self.closure(operand, slots)
        return made if _is_variable(operand) or not self._counted else steps.charged(made, 1)

    def _call(self, node: Call, slots: Slots) -> Closure:
        nodes = node.arguments if node.target is None else (node.target, *node.arguments)
        if node.function in _INDEX:
            return self._index(node.function, nodes, slots)
        closures = tuple(self.closure(item, slots) for item in nodes)
        match node.function:
            case "_&&_":
                return partial(steps.both, closures[0], closures[1])
            case "_||_":
                return partial(steps.either, closures[0], closures[1])
            case "_?_:_":
                yes, no = (self._branch(part, made) for part, made in zip(nodes[1:], closures[1:], strict=True))
                return partial(steps.chosen, closures[0], yes, no)
            case "@not_strictly_false":
                made = partial(steps.not_strictly_false, closures[0])
                return steps.charged(made, 1) if self._counted else made
            case "or" | "orValue":
                return partial(steps.alternative, node.function == "orValue", closures[0], closures[1])
            case function:
                resolved = self._resolved(function, nodes)
                items = closures[1] if function == "@in" and resolved else None
                if isinstance(items, Constant) and isinstance(items.value, list):
                    return self._in_constant(closures[0], items.value)
                return self._strict(function, closures, resolved)

    def _resolved(self, function: str, nodes: tuple[Node, ...]) -> bool:
        """Whether the types say which implementation is meant; cel-go has costs for those only."""
        if function not in _AMBIGUOUS:
            return True
        types = [self._types.get(node.id, "dyn") for node in nodes]
        if function in ("sort", "@sortByAssociatedKeys"):
            return "dyn" not in types[-1]
        return types[1] != "dyn" if function == "@in" else any(name != "dyn" for name in types)

    def _branch(self, node: Node, made: Closure) -> Closure:
        """A side of ``? :``: what is a variable costs one less there."""
        return steps.charged(made, -1) if self._counted and _is_variable(node) and not _is_test(node) else made

    def _in_constant(self, item: Closure, items: list[Value]) -> Closure:
        """``in`` a constant list: free, and false without a look at the item if the list is empty."""
        if not items:
            return Constant(False)
        if all(isinstance(value, bool | int | float | str) for value in items):
            return partial(steps.call_with, steps.is_in, item, items)
        return self._strict("@in", (item, Constant(items)), True)

    def _index(self, function: str, nodes: tuple[Node, ...], slots: Slots) -> Closure:
        operand, key = self._qualified(nodes[0], slots), self.closure(nodes[1], slots)
        cost = 0 if not self._counted or (_is_variable(nodes[1]) and not isinstance(key, Constant)) else 1
        if function == "_[_]":
            return partial(steps.index, cost, element, operand, key)
        return partial(steps.optional_index, cost, optional_element, operand, key)

    def _strict(self, function: str, closures: tuple[Closure, ...], resolved: bool) -> Closure:
        implementation = FUNCTIONS.get(function)
        if implementation is None:
            raise EvaluationError(f"no such function: {function}")
        if function in _CONVERSIONS and len(closures) == 1 and isinstance(closures[0], Constant):
            return Constant(implementation(closures[0].value))
        pattern = closures[-1] if function == "matches" else None
        if isinstance(pattern, Constant) and isinstance(pattern.value, str):
            implementation = MATCHES_CONSTANT
        if function in SELF_COMPARED and resolved:
            closures = tuple(partial(steps.no_failure, closure) for closure in closures)
        if self._counted:
            return partial(steps.counted_call, function if resolved else "", implementation, closures)
        if len(closures) == 1:
            return partial(steps.call_one, implementation, closures[0])
        if len(closures) == 2:
            return partial(steps.call_two, implementation, closures[0], closures[1])
        return partial(steps.call_many, implementation, closures)

    def _list(self, node: ListOf, slots: Slots) -> Closure:
        elements = tuple((self.closure(item, slots), i in node.optional) for i, item in enumerate(node.elements))
        if all(isinstance(closure, Constant) and not optional for closure, optional in elements):
            return Constant([closure.value for closure, _ in elements if isinstance(closure, Constant)])
        build = partial(steps.build_list, elements)
        return steps.charged(build, LIST_CREATION) if self._counted else build

    def _map(self, node: MapOf, slots: Slots) -> Closure:
        if node.message:
            raise EvaluationError(f"unknown type: {node.message}")
        entries = tuple(
            (self.closure(entry.key, slots), self.closure(entry.value, slots), entry.optional) for entry in node.entries
        )
        build = partial(steps.build_map, entries)
        if all(isinstance(key, Constant) and isinstance(value, Constant) for key, value, _ in entries):
            return Constant(build(Frame({}, 0)))
        return steps.charged(build, MAP_CREATION) if self._counted else build

    def _bound(self, node: Comprehension, slots: Slots) -> Closure:
        """``cel.bind``: the value is computed when it is first read."""
        slot = self.size
        self.size += 1
        start = self.closure(node.start, slots)
        return partial(steps.bind, slot, start, self.closure(node.result, {**slots, node.accumulator: slot}))

    def _loop(self, node: Comprehension, slots: Slots) -> Closure:
        first, second, accumulator = self.size, self.size + 1, self.size + 2
        self.size += 3
        inside = {**slots, node.accumulator: accumulator}
        looped = {**inside, node.variable: first}
        if node.second_variable:
            looped[node.second_variable] = second
        pairs = bool(node.second_variable)
        return partial(
            steps.loop,
            steps.Loop(
                first,
                second,
                accumulator,
                partial(steps.items_of, pairs, self.closure(node.range, slots)),
                self._fresh(self.closure(node.start, slots)),
                self.closure(node.condition, looped),
                self._step(node, looped, accumulator),
                self.closure(node.result, inside),
            ),
        )

    def _fresh(self, start: Closure) -> Closure:
        """A constant that a loop adds to in place must be a new one each time."""
        if isinstance(start, Constant) and isinstance(start.value, list | dict):
            return partial(steps.copied, start.value)
        return start

    def _step(self, node: Comprehension, slots: Slots, accumulator: int) -> Closure:
        """What makes the next accumulator; lists and maps are added to in place, because nobody else holds them."""
        step = node.step
        if not isinstance(step, Call) or not isinstance(node.start, ListOf | MapOf):
            return self.closure(step, slots)
        if step.function == "_?_:_":
            condition, yes, no = step.arguments
            grown = self._grown(node, yes, slots, accumulator)
            if grown is not None:
                return partial(
                    steps.chosen, self.closure(condition, slots), grown, self._branch(no, self.closure(no, slots))
                )
        return self._grown(node, step, slots, accumulator) or self.closure(step, slots)

    def _grown(self, node: Comprehension, step: Node, slots: Slots, accumulator: int) -> Closure | None:
        if not isinstance(step, Call) or not step.arguments:
            return None
        held, *added = step.arguments
        own = isinstance(held, Name) and held.name == node.accumulator
        if not own or any(_mentions(part, node.accumulator) for part in added):
            return None
        closures = tuple(self.closure(part, slots) for part in added)
        cost = 2 if self._counted else 0  # reading the accumulator, and the call
        if step.function == "_+_":
            return partial(steps.extend, cost, accumulator, closures[0])
        if step.function == "cel.@mapInsert":
            return partial(steps.insert, cost, accumulator, closures)
        return None


def _is_binding(node: Comprehension) -> bool:
    """Whether the loop never runs and only names a value."""
    never = isinstance(node.condition, Literal) and node.condition.value is False
    return never and isinstance(node.range, ListOf) and not node.range.elements and not node.second_variable


def _mentions(node: Node, name: str) -> bool:
    return any(isinstance(part, Name) and part.name == name for part in walk(node))


def _is_test(node: Node) -> bool:
    return isinstance(node, Select) and node.test_only


def _is_variable(node: Node) -> bool:
    """Whether the node is a variable or something in one, which cel-go calls an attribute."""
    return isinstance(node, Name | Select) or (isinstance(node, Call) and node.function in _INDEX)
