"""Functions of lists and sets: Kubernetes' own, cel-go's ext.Lists version 3, ext.Sets, and those of optionals."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise

from dra_core.cel.operators import add, shown
from dra_core.cel.text_functions import index_of as text_index_of
from dra_core.cel.text_functions import last_index_of as text_last_index_of
from dra_core.cel.values import (
    NONE,
    Duration,
    EvaluationError,
    Optional,
    Unsigned,
    Value,
    compare,
    equal,
    has_key,
    no_such_overload,
    type_name,
)


def _items(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    raise no_such_overload()


def _same(left: Value, right: Value) -> bool:
    """Equal, where what cannot be compared is not equal."""
    try:
        return equal(left, right)
    except EvaluationError:
        return False


def index_of(target: Value, item: Value, *offset: Value) -> Value:
    """``indexOf`` of strings and lists."""
    if isinstance(target, str):
        return text_index_of(target, item, *offset)
    return next((position for position, other in enumerate(_items(target)) if _same(other, item)), -1)


def last_index_of(target: Value, item: Value, *offset: Value) -> Value:
    """``lastIndexOf`` of strings and lists."""
    if isinstance(target, str):
        return text_last_index_of(target, item, *offset)
    items = _items(target)
    return next((position for position in reversed(range(len(items))) if _same(items[position], item)), -1)


def includes(target: Value, item: Value) -> Value:
    """``includes``: in the list, or equal to what is no list (1.36 with list attributes, 1.37)."""
    return any(_same(other, item) for other in target) if isinstance(target, list) else _same(target, item)


def is_sorted(target: Value) -> Value:
    """``isSorted``."""
    items = _items(target)
    return all(compare(left, right) <= 0 for left, right in pairwise(items))


def total(target: Value, zero: Value = 0) -> Value:
    """``sum``; of an empty list it is the zero of the list's type."""
    items = _items(target)
    if not items:
        return zero
    first = items[0]
    start: Value = 0
    if isinstance(first, Duration):
        start = Duration(0)
    elif isinstance(first, int | float):
        start = type(first)(0)
    for item in items:
        start = add(start, item)
    return start


def smallest(target: Value) -> Value:
    """``min``."""
    return _extreme("min", _items(target), 1)


def largest(target: Value) -> Value:
    """``max``."""
    return _extreme("max", _items(target), -1)


def _extreme(name: str, items: list[Value], worse: int) -> Value:
    if not items:
        raise EvaluationError(f"{name} called on empty list")
    best = items[0]
    for item in items[1:]:
        if compare(best, item) == worse:
            best = item
    return best


def sliced(target: Value, start: Value, end: Value) -> Value:
    """``slice``."""
    items = _items(target)
    if type(start) is not int or type(end) is not int:
        raise no_such_overload()
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(items) < end:
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def flatten(target: Value, depth: Value = 1) -> Value:
    """``flatten``."""
    if type(depth) is not int:
        raise no_such_overload()
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    found: list[Value] = []
    for item in _items(target):
        if isinstance(item, list) and depth > 0:
            found += _items(flatten(item, depth - 1))
        else:
            found.append(item)
    return found


def sort(target: Value) -> Value:
    """``sort``."""
    return sort_by(target, target)


def sort_by(target: Value, keys: Value) -> Value:
    """What ``sortBy`` is expanded to."""
    items, by = _items(target), _items(keys)
    if items and len({type_name(key) for key in by}) > 1:
        raise EvaluationError("list elements must have the same type")

    def order(left: int, right: int) -> int:
        return compare(by[left], by[right])

    return [items[position] for position in sorted(range(len(items)), key=cmp_to_key(order))]


def numbers(count: Value) -> Value:
    """``lists.range``."""
    if type(count) is not int:
        raise no_such_overload()
    if count < 0:
        raise EvaluationError(f"lists.range: size must be non-negative, got {count}")
    if count > 1_000_000:  # far beyond any cost limit
        raise EvaluationError("operation cancelled: actual cost limit exceeded")
    return [*range(count)]


def reverse(target: Value) -> Value:
    """``reverse``."""
    return _items(target)[::-1]


def distinct(target: Value) -> Value:
    """``distinct``: the first of equal ones stays."""
    found: list[Value] = []
    for item in _items(target):
        if not any(_same(other, item) for other in found):
            found.append(item)
    return found


def first(target: Value) -> Value:
    """``first``, as an optional."""
    items = _items(target)
    return Optional(items[0]) if items else NONE


def last(target: Value) -> Value:
    """``last``, as an optional."""
    items = _items(target)
    return Optional(items[-1]) if items else NONE


def set_contains(target: Value, part: Value) -> Value:
    """``sets.contains``: all of the second are in the first."""
    items = _items(target)
    return all(any(_same(item, other) for other in items) for item in _items(part))


def set_equivalent(left: Value, right: Value) -> Value:
    """``sets.equivalent``."""
    return set_contains(left, right) is True and set_contains(right, left) is True


def set_intersects(left: Value, right: Value) -> Value:
    """``sets.intersects``."""
    items = _items(left)
    return any(_same(item, other) for item in _items(right) for other in items)


def optional_of(value: Value) -> Value:
    """``optional.of``."""
    return Optional(value)


def optional_none() -> Value:
    """``optional.none``."""
    return NONE


def optional_of_non_zero(value: Value) -> Value:
    """``optional.ofNonZeroValue``."""
    zero = value is None or value in (0, "", b"") or (isinstance(value, list | dict) and not value)
    return NONE if zero or value == Duration(0) else Optional(value)


def optional_value(target: Value) -> Value:
    """``value`` of an optional."""
    if not isinstance(target, Optional):
        raise no_such_overload()
    if not target.present:
        raise EvaluationError("optional.none() dereference")
    return target.value


def has_value(target: Value) -> Value:
    """``hasValue``."""
    if not isinstance(target, Optional):
        raise no_such_overload()
    return target.present


def unwrap(target: Value) -> Value:
    """``optional.unwrap`` and ``unwrapOpt``: the values that are present."""
    found: list[Value] = []
    for item in _items(target):
        if not isinstance(item, Optional):
            raise EvaluationError(f"value {shown(item)} is not optional")
        if item.present:
            found.append(item.value)
    return found


def insert(mapping: Value, key: Value, *value: Value) -> Value:
    """``cel.@mapInsert``: what transformMap and its kind build their result with."""
    if not isinstance(mapping, dict):
        raise no_such_overload()
    added = {key: value[0]} if value else key
    if not isinstance(added, dict):
        raise no_such_overload()
    for name in added:
        if has_key(mapping, name):
            raise EvaluationError(f"insert failed: key {shown(name)} already exists")
    return {**mapping, **added}


ZEROS: dict[str, Value] = {"uint": Unsigned(0), "double": 0.0, "google.protobuf.Duration": Duration(0)}
