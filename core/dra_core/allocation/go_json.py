"""JSON as Go reads Kubernetes objects: null is as good as absent, absent as good as zero, a number as a quantity."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping

import msgspec

from dra_core.snapshot.json_value import Json

_AMOUNTS = ("value", "default", "min", "max", "step")  # fields of DeviceCapacity, its policies, and Counter
_OPAQUE = "parameters"  # belongs to drivers: passed on as it is


def as_go_reads(kind: type[msgspec.Struct], value: Json) -> Json:
    """The same without nulls, with amounts as texts, and with what a record of this kind must have."""
    return _with_zeros(kind, _cleaned(value))


def amount(item: Json) -> Json:
    """A quantity as text."""
    if isinstance(item, int | float) and not isinstance(item, bool):
        return f"{item:.0f}" if item == int(item) else str(item)
    return item.strip() if isinstance(item, str) else _cleaned(item)


def _cleaned(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _field(key, item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


def _field(key: str, item: Json) -> Json:
    if key == _OPAQUE:
        return item
    if key in _AMOUNTS:
        return amount(item)
    if key == "validValues" and isinstance(item, list | tuple):
        return [amount(value) for value in item]
    if key == "requests" and isinstance(item, Mapping):
        return {name: amount(value) for name, value in item.items()}
    return _cleaned(item)


def _with_zeros(expected: object, value: Json) -> Json:
    """The value with Go's zero in place of every required field that is missing."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        members = [argument for argument in arguments if argument is not type(None)]
        return _with_zeros(members[0], value) if len(members) == 1 else value
    if origin is tuple and isinstance(value, list):
        return [_with_zeros(arguments[0], item) for item in value]
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: _with_zeros(arguments[1], item) for key, item in value.items()}
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct) and isinstance(value, Mapping):
        filled = dict(value)
        for field in msgspec.structs.fields(expected):
            name = field.encode_name
            if name in filled:
                filled[name] = _with_zeros(field.type, filled[name])
            elif field.required:
                filled[name] = _zero(field.type)
        return filled
    return value


def _zero(expected: object) -> Json:
    if expected is str:
        return ""
    if expected is int:
        return 0
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
        return _with_zeros(expected, {})
    return [] if typing.get_origin(expected) is tuple else None
