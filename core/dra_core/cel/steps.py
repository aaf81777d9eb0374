"""What closures do when they run; ``program`` puts them together.

A closure either returns a value or raises ``EvaluationError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from dra_core.cel.costs import call_cost
from dra_core.cel.frame import AbortedError, Frame
from dra_core.cel.functions import Function
from dra_core.cel.operators import contained, element, shown
from dra_core.cel.values import EvaluationError, Optional, Value, go_type, has_key, no_such_overload, type_name
from dra_core.snapshot.semantic_version import SemanticVersion

Closure: TypeAlias = Callable[[Frame], Value]


class Constant:
    """A value that is known beforehand."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __call__(self, frame: Frame) -> Value:  # noqa: ARG002 - all closures take the frame
        """The value."""
        return self.value


class Loop(msgspec.Struct, frozen=True):
    """The parts of a comprehension; numbers are slots."""

    first: int
    second: int
    accumulator: int
    items: Callable[[Frame], Iterable[tuple[Value, Value]]]
    start: Closure
    condition: Closure
    step: Closure
    result: Closure


class Pending:
    """What a slot holds until it is first read."""

    __slots__ = ("start",)

    def __init__(self, start: Closure) -> None:
        self.start = start


def charged(closure: Closure, cost: int) -> Closure:
    """The closure, at a cost; also if it fails."""

    def run(frame: Frame) -> Value:
        frame.charge(cost)
        return closure(frame)

    return run


def read_slot(slot: int, frame: Frame) -> Value:
    """A local variable."""
    value = frame.slots[slot]
    if isinstance(value, Pending):
        value = frame.slots[slot] = or_error(value.start, frame)
    if isinstance(value, EvaluationError):
        raise value
    return value


def read_device(frame: Frame) -> Value:
    """``device``."""
    return frame.device


def read_field(field: str, frame: Frame) -> Value:
    """A field of ``device``."""
    return frame.device[field]


def select(cost: int, operand: Closure, key: str, frame: Frame) -> Value:
    """``operand.key``."""
    container = operand(frame)
    if isinstance(container, Optional):
        value = element(container, key)
        frame.charge(cost if isinstance(value, Optional) and value.present else 0)
        return value
    frame.charge(cost)
    return element(container, key)


def index(cost: int, take: Function, operand: Closure, key: Closure, frame: Frame) -> Value:
    """``operand[key]``."""
    container, wanted = operand(frame), key(frame)
    frame.charge(cost)
    return take(container, wanted)


def optional_index(cost: int, take: Function, operand: Closure, key: Closure, frame: Frame) -> Value:
    """``operand[?key]``: what is not there costs nothing."""
    value = take(operand(frame), key(frame))
    if isinstance(value, Optional) and value.present:
        frame.charge(cost)
    return value


def call_with(function: Function, argument: Closure, constant: Value, frame: Frame) -> Value:
    """A function of a value and a constant."""
    return function(argument(frame), constant)


def call_one(function: Function, argument: Closure, frame: Frame) -> Value:
    """A function of one value."""
    return function(argument(frame))


def call_two(function: Function, left: Closure, right: Closure, frame: Frame) -> Value:
    """A function of two values."""
    return function(left(frame), right(frame))


def call_many(function: Function, arguments: tuple[Closure, ...], frame: Frame) -> Value:
    """A function of as many values as there are."""
    return function(*[argument(frame) for argument in arguments])


def counted_call(name: str, function: Function, arguments: tuple[Closure, ...], frame: Frame) -> Value:
    """The same, counting; both sides of a function of two are evaluated even if the first fails."""
    if len(arguments) > 2:
        values = [argument(frame) for argument in arguments]
    else:
        outcomes = [or_error(argument, frame) for argument in arguments]
        values = [value for value in outcomes if not isinstance(value, EvaluationError)]
        for value in outcomes:
            if isinstance(value, EvaluationError):
                frame.charge(1)
                raise value
    result: Value = None
    try:
        result = function(*values)
    finally:
        frame.charge(call_cost(name, tuple(values), result))
    return result


def no_failure(argument: Closure, frame: Frame) -> Value:
    """An argument whose failure cel-go's cost counting crashes on (ext/lists.go, trackListSelfCompare).

    Raises:
        AbortedError: It failed.
    """
    try:
        return argument(frame)
    except EvaluationError:
        raise AbortedError(
            "internal error: interface conversion: *types.Err is not traits.Lister: missing method Add"
        ) from None


def is_in(item: Value, items: Value) -> Value:
    """``item in items`` for constants, which cel-go keeps in a hash table: not every type goes into one.

    Raises:
        AbortedError: The item's type does not.
    """
    if isinstance(item, SemanticVersion | bytes):
        raise AbortedError(f"internal error: runtime error: hash of unhashable type {go_type(item)}")
    return contained(item, items)


def build_list(elements: tuple[tuple[Closure, bool], ...], frame: Frame) -> Value:
    """A list literal; optional elements that are not present are left out."""
    made: list[Value] = []
    for closure, optional in elements:
        value = closure(frame)
        if not optional:
            made.append(value)
        elif not isinstance(value, Optional):
            raise EvaluationError(f"cannot initialize optional list element from non-optional value {shown(value)}")
        elif value.present:
            made.append(value.value)
    return made


def build_map(entries: tuple[tuple[Closure, Closure, bool], ...], frame: Frame) -> Value:
    """A map literal; of equal keys the last counts."""
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
                made.pop(key, None)
                continue
            value = value.value
        made[key] = value
    return made


def copied(value: list[Value] | dict[Value, Value], frame: Frame) -> Value:  # noqa: ARG001 - all closures take the frame
    """A shallow copy."""
    return value.copy()


def both(left: Closure, right: Closure, frame: Frame) -> Value:
    """``&&``: false if one side is, whatever the other does."""
    first = truth(left, frame)
    if first is False:
        return False
    second = truth(right, frame)
    return False if second is False else _raised(first, second)


def either(left: Closure, right: Closure, frame: Frame) -> Value:
    """``||``: true if one side is, whatever the other does."""
    first = truth(left, frame)
    if first is True:
        return True
    second = truth(right, frame)
    return True if second is True else _raised(first, second)


def _raised(first: bool | EvaluationError, second: bool | EvaluationError) -> bool:
    """The truth of both sides, which are alike; the first failure if there is one."""
    if isinstance(first, EvaluationError):
        raise first
    if isinstance(second, EvaluationError):
        raise second
    return second


def truth(closure: Closure, frame: Frame) -> bool | EvaluationError:
    """A truth value, or why there is none."""
    try:
        value = closure(frame)
    except EvaluationError as error:
        return error
    return value if isinstance(value, bool) else no_such_overload()


def or_error(closure: Closure, frame: Frame) -> Value | EvaluationError:
    """A value, or why there is none."""
    try:
        return closure(frame)
    except EvaluationError as error:
        return error


def chosen(condition: Closure, yes: Closure, no: Closure, frame: Frame) -> Value:
    """``? :``."""
    value = condition(frame)
    if not isinstance(value, bool):
        raise no_such_overload()
    return yes(frame) if value else no(frame)


def not_strictly_false(closure: Closure, frame: Frame) -> Value:
    """Whether a loop goes on: its condition is not false, though it may have failed."""
    return truth(closure, frame) is not False


def alternative(unwrapped: bool, target: Closure, other: Closure, frame: Frame) -> Value:
    """``or`` and ``orValue``: the other side is looked at only if there is nothing on the first."""
    value = target(frame)
    if not isinstance(value, Optional):
        raise no_such_overload()
    if value.present:
        return value.value if unwrapped else value
    return other(frame)


def bind(slot: int, start: Closure, result: Closure, frame: Frame) -> Value:
    """``cel.bind``."""
    frame.slots[slot] = Pending(start)
    return result(frame)


def items_of(pairs: bool, sequence: Closure, frame: Frame) -> Iterable[tuple[Value, Value]]:
    """What a loop goes through: elements or keys, or with two variables index and element, key and value."""
    value = sequence(frame)
    if isinstance(value, list):
        return [*enumerate(value)] if pairs else [(item, None) for item in value]
    if isinstance(value, dict):
        return [*value.items()] if pairs else [(key, None) for key in value]
    if pairs:
        raise EvaluationError(f"unsupported comprehension range type: {go_type(value)}")
    raise EvaluationError(f"got '{go_type(value)}', expected iterable type")


def loop(parts: Loop, frame: Frame) -> Value:
    """A comprehension; a step that fails leaves its failure in the accumulator, and the loop goes on."""
    slots = frame.slots
    sequence = parts.items(frame)
    slots[parts.accumulator] = Pending(parts.start)
    for slots[parts.first], slots[parts.second] in sequence:
        if or_error(parts.condition, frame) is False:
            break
        slots[parts.accumulator] = or_error(parts.step, frame)
    return parts.result(frame)


def extend(cost: int, accumulator: int, added: Closure, frame: Frame) -> Value:
    """``accumulator + added`` in place."""
    held, more = read_slot(accumulator, frame), added(frame)
    frame.charge(cost)
    if not isinstance(held, list) or not isinstance(more, list):
        raise no_such_overload()
    held += more
    return held


def insert(cost: int, accumulator: int, added: tuple[Closure, ...], frame: Frame) -> Value:
    """``cel.@mapInsert(accumulator, …)`` in place: a key and a value, or a map of them."""
    held = read_slot(accumulator, frame)
    values = [closure(frame) for closure in added]
    frame.charge(cost)
    entries = {values[0]: values[1]} if len(values) == 2 else values[0]
    if not isinstance(held, dict) or not isinstance(entries, dict):
        raise no_such_overload()
    for key, value in entries.items():
        if has_key(held, key):
            raise EvaluationError(f"insert failed: key {shown(key)} already exists")
        held[key] = value
    return held
