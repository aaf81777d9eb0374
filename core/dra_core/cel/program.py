"""From a checked tree to a function of the device: one Python closure per node.

Sources: cel-spec (errors, ``&&`` and ``||`` that absorb them), cel-go's interpreter where the specification leaves a
choice. Two kinds of programs: one that counts what cel-go counts and stops at the cost limit, and a plain one for
expressions that cannot reach it (``costs.bounded``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from dra_core.cel.costs import call_cost, creation_cost
from dra_core.cel.frame import Frame
from dra_core.cel.functions import FUNCTIONS, Function
from dra_core.cel.operators import element, found, optional_element, shown
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
from dra_core.cel.values import (
    EvaluationError,
    Optional,
    TypeName,
    Unsigned,
    Value,
    has_key,
    no_such_overload,
    type_name,
)

Closure: TypeAlias = Callable[[Frame], Value]
Slots: TypeAlias = Mapping[str, int]
"""Local variables in sight."""

_INDEX = ("_[_]", "_[?_]", "_?._")
_DEVICE = "device"


class Program:
    """An expression that can be evaluated; it has no state."""

    def __init__(self, root: Node, *, counted: bool) -> None:
        compiler = _Compiler(counted)
        self._run = compiler.closure(root, {})
        self._size = compiler.size

    def evaluate(self, device: dict[Value, Value]) -> tuple[Value, int]:
        """The value, and what it cost (0 if nothing was counted).

        Raises:
            EvaluationError: The expression fails on this device.
            CostExceededError: It costs too much.
        """
        frame = Frame(device, self._size)
        try:
            return self._run(frame), frame.cost
        except RecursionError:
            raise EvaluationError("the expression is nested too deeply") from None


class _Compiler:
    """Makes closures; knows how many local variables there are."""

    def __init__(self, counted: bool) -> None:
        self._counted = counted
        self.size = 0

    def closure(self, node: Node, slots: Slots) -> Closure:
        """The closure of a node."""
        match node:
            case Literal():
                return _constant(_literal(node))
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
                return self._comprehension(node, slots)

    def _name(self, node: Name, slots: Slots) -> Closure:
        slot = slots.get(node.name)
        if slot is not None:
            read: Closure = partial(_read_slot, slot)
        elif node.name == _DEVICE:
            read = _read_device
        elif node.name.startswith(f"{_DEVICE}."):
            # The checker takes ``device.driver`` for one name; it costs what a variable and a field of it cost.
            read = partial(_read_field, node.name.removeprefix(f"{_DEVICE}."))
            return _charged(read, 2) if self._counted else read
        else:
            return _constant(TypeName(node.name))
        return _charged(read, 1) if self._counted else read

    def _select(self, node: Select, slots: Slots) -> Closure:
        operand, key = self._qualified(node.operand, slots), node.field
        if node.test_only:

            def test(frame: Frame) -> Value:
                return found(operand(frame), key)

            # Testing costs the fields on the way, but not the variable they start from (PresenceTestHasCost).
            return test

        def select(frame: Frame) -> Value:
            return element(operand(frame), key)

        return _charged(select, 1) if self._counted else select

    def _qualified(self, operand: Node, slots: Slots) -> Closure:
        """The operand of a field or index; what is no variable costs one more."""
        made = self.closure(operand, slots)
        return _charged(made, 1) if self._counted and _starts_from_call(operand) else made

    def _call(self, node: Call, slots: Slots) -> Closure:
        nodes = node.arguments if node.target is None else (node.target, *node.arguments)
        if node.function in _INDEX:
            return self._index(node.function, nodes, slots)
        closures = tuple(self.closure(item, slots) for item in nodes)
        match node.function:
            case "_&&_":
                return partial(_both, closures[0], closures[1])
            case "_||_":
                return partial(_either, closures[0], closures[1])
            case "_?:_":
                return partial(_chosen, closures[0], closures[1], closures[2])
            case "@not_strictly_false":
                return self._counting("@not_strictly_false", partial(_not_strictly_false, closures[0]))
            case "or" | "orValue":
                unwrapped = node.function == "orValue"
                return self._counting(node.function, partial(_alternative, unwrapped, closures[0], closures[1]))
            case function:
                return self._strict(function, closures)

    def _counting(self, function: str, made: Closure) -> Closure:
        return _charged(made, call_cost(function, (), None)) if self._counted else made

    def _index(self, function: str, nodes: tuple[Node, ...], slots: Slots) -> Closure:
        operand, key = self._qualified(nodes[0], slots), self.closure(nodes[1], slots)
        take = element if function == "_[_]" else optional_element

        def index(frame: Frame) -> Value:
            return take(operand(frame), key(frame))

        return _charged(index, 1) if self._counted else index

    def _strict(self, function: str, closures: tuple[Closure, ...]) -> Closure:
        implementation = FUNCTIONS.get(function)
        if implementation is None:
            raise EvaluationError(f"no such function: {function}")
        if self._counted:
            return partial(_counted_call, function, implementation, closures)
        if len(closures) == 1:
            return partial(_call_one, implementation, closures[0])
        if len(closures) == 2:
            return partial(_call_two, implementation, closures[0], closures[1])
        return partial(_call_many, implementation, closures)

    def _list(self, node: ListOf, slots: Slots) -> Closure:
        elements = tuple((self.closure(item, slots), i in node.optional) for i, item in enumerate(node.elements))

        def build(frame: Frame) -> Value:
            made: list[Value] = []
            for closure, optional in elements:
                value = closure(frame)
                if not optional:
                    made.append(value)
                elif not isinstance(value, Optional):
                    raise EvaluationError(
                        f"cannot initialize optional list element from non-optional value {shown(value)}"
                    )
                elif value.present:
                    made.append(value.value)
            return made

        return _charged(build, creation_cost(node)) if self._counted else build

    def _map(self, node: MapOf, slots: Slots) -> Closure:
        if node.message:
            raise EvaluationError(f"unknown type: {node.message}")
        entries = tuple(
            (self.closure(entry.key, slots), self.closure(entry.value, slots), entry.optional) for entry in node.entries
        )

        def build(frame: Frame) -> Value:
            made: dict[Value, Value] = {}
            for key_closure, value_closure, optional in entries:
                key, value = key_closure(frame), value_closure(frame)
                if not isinstance(key, bool | int | float | str):
                    raise EvaluationError(f"unsupported key type: {type_name(key)}")
                if optional:
                    if not isinstance(value, Optional):
                        raise EvaluationError(
                            f"cannot initialize optional entry '{shown(key)}' from non-optional value {shown(value)}"
                        )
                    if not value.present:
                        continue
                    value = value.value
                if has_key(made, key):
                    raise EvaluationError(f"Failed with repeated key: {shown(key)}")
                made[key] = value
            return made

        return _charged(build, creation_cost(node)) if self._counted else build

    def _comprehension(self, node: Comprehension, slots: Slots) -> Closure:
        first, second, accumulator = self.size, self.size + 1, self.size + 2
        self.size += 3
        inside = {**slots, node.accumulator: accumulator}
        looped = {**inside, node.variable: first}
        if node.second_variable:
            looped[node.second_variable] = second
        items = self.closure(node.range, slots)
        start = self.closure(node.start, slots)
        condition = self.closure(node.condition, looped)
        step = self._step(node, looped, accumulator)
        result = self.closure(node.result, inside)
        pairs = bool(node.second_variable)

        def loop(frame: Frame) -> Value:
            slots = frame.slots
            sequence = _iterated(items(frame), pairs)
            slots[accumulator] = _or_error(start, frame)
            for slots[first], slots[second] in sequence:
                if _or_error(condition, frame) is False:
                    break
                slots[accumulator] = _or_error(step, frame)
            return result(frame)

        return loop

    def _step(self, node: Comprehension, slots: Slots, accumulator: int) -> Closure:
        """What makes the next accumulator; lists are added to in place, because nobody else holds them."""
        step = node.step
        grows = (
            isinstance(step, Call)
            and step.function == "_+_"
            and isinstance(step.arguments[0], Name)
            and step.arguments[0].name == node.accumulator
            and isinstance(node.start, ListOf)
        )
        if not grows or not isinstance(step, Call) or _mentions(step.arguments[1], node.accumulator):
            return self.closure(step, slots)
        added = self.closure(step.arguments[1], slots)
        cost = 1 + call_cost("_+_", ([], []), []) if self._counted else 0

        def extend(frame: Frame) -> Value:
            held = _read_slot(accumulator, frame)
            more = added(frame)
            if not isinstance(held, list) or not isinstance(more, list):
                raise no_such_overload()
            frame.charge(cost)
            held += more
            return held

        return extend


def _mentions(node: Node, name: str) -> bool:
    return any(isinstance(part, Name) and part.name == name for part in walk(node))


def _starts_from_call(node: Node) -> bool:
    """Whether a field or index of the node is one of a computed value rather than of a variable."""
    return not isinstance(node, Name | Select) and not (isinstance(node, Call) and node.function in _INDEX)


def _literal(node: Literal) -> Value:
    return Unsigned(node.value.value) if isinstance(node.value, UnsignedLiteral) else node.value


def _constant(value: Value) -> Closure:
    def constant(frame: Frame) -> Value:  # noqa: ARG001 - all closures take the frame
        return value

    return constant


def _charged(closure: Closure, cost: int) -> Closure:
    def charged(frame: Frame) -> Value:
        value = closure(frame)
        frame.charge(cost)
        return value

    return charged


def _read_slot(slot: int, frame: Frame) -> Value:
    value = frame.slots[slot]
    if isinstance(value, EvaluationError):
        raise value
    return value


def _read_device(frame: Frame) -> Value:
    return frame.device


def _read_field(field: str, frame: Frame) -> Value:
    return frame.device[field]


def _call_one(function: Function, argument: Closure, frame: Frame) -> Value:
    return function(argument(frame))


def _call_two(function: Function, left: Closure, right: Closure, frame: Frame) -> Value:
    return function(left(frame), right(frame))


def _call_many(function: Function, arguments: tuple[Closure, ...], frame: Frame) -> Value:
    return function(*[argument(frame) for argument in arguments])


def _counted_call(name: str, function: Function, arguments: tuple[Closure, ...], frame: Frame) -> Value:
    values = tuple(argument(frame) for argument in arguments)
    result: Value = None
    try:
        result = function(*values)
    finally:
        frame.charge(call_cost(name, values, result))
    return result


def _both(left: Closure, right: Closure, frame: Frame) -> Value:
    """``&&``: false if one side is, whatever the other does."""
    first = _truth(left, frame)
    if first is False:
        return False
    second = _truth(right, frame)
    if second is False:
        return False
    return _raised(first, second)


def _either(left: Closure, right: Closure, frame: Frame) -> Value:
    """``||``: true if one side is, whatever the other does."""
    first = _truth(left, frame)
    if first is True:
        return True
    second = _truth(right, frame)
    if second is True:
        return True
    return _raised(first, second)


def _raised(first: bool | EvaluationError, second: bool | EvaluationError) -> bool:
    """The truth of both sides, which are alike; the first failure if there is one."""
    if isinstance(first, EvaluationError):
        raise first
    if isinstance(second, EvaluationError):
        raise second
    return second


def _truth(closure: Closure, frame: Frame) -> bool | EvaluationError:
    try:
        value = closure(frame)
    except EvaluationError as error:
        return error
    return value if isinstance(value, bool) else no_such_overload()


def _or_error(closure: Closure, frame: Frame) -> Value | EvaluationError:
    try:
        return closure(frame)
    except EvaluationError as error:
        return error


def _chosen(condition: Closure, yes: Closure, no: Closure, frame: Frame) -> Value:
    """``? :``."""
    value = condition(frame)
    if not isinstance(value, bool):
        raise no_such_overload()
    return yes(frame) if value else no(frame)


def _not_strictly_false(closure: Closure, frame: Frame) -> Value:
    return _truth(closure, frame) is not False


def _alternative(unwrapped: bool, target: Closure, other: Closure, frame: Frame) -> Value:
    """``or`` and ``orValue``: the other side is looked at only if there is nothing on the first."""
    value = target(frame)
    if not isinstance(value, Optional):
        raise no_such_overload()
    if value.present:
        return value.value if unwrapped else value
    return other(frame)


def _iterated(value: Value, pairs: bool) -> list[tuple[Value, Value]]:
    """What a loop goes through: elements or keys, or with two variables index and element, key and value."""
    if isinstance(value, list):
        return [*enumerate(value)] if pairs else [(item, None) for item in value]
    if isinstance(value, dict):
        return [*value.items()] if pairs else [(key, None) for key in value]
    raise EvaluationError(f"got '{type_name(value)}', expected iterable type")
