"""JSON as Go reads Kubernetes objects: null is as good as absent, and an amount may be written as a number.

The records say what is an amount (``Amount``), what may be absent, and what belongs to drivers (``Json``) and is passed
on as it is. Only what Go's decoder accepts is accepted: a number where an API field is a plain text stays a fault.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Mapping

import msgspec

from dra_core.snapshot.api_record import Int64
from dra_core.snapshot.json_value import Json
from dra_core.snapshot.quantity import Amount


def as_go_reads(kind: type[msgspec.Struct], value: Json) -> Json:
    """A record's JSON without nulls, and with amounts as texts; what is required and absent stays a fault."""
    return _read(kind, value, zeros=False)


def with_go_zeros(kind: type[msgspec.Struct], value: Json) -> Json:
    """The same, with Go's zero in place of all that is required and absent."""
    return _read(kind, value, zeros=True)


def amount(item: Json) -> Json:
    """An amount that was written as a number, as a text; null as zero; anything else as it is."""
    match item:
        case None:
            return "0"
        case bool():
            return item
        case int():
            return str(item)
        case float():
            # A YAML number such as .inf is no amount; it stays, and is refused as what it is.
            if not math.isfinite(item):
                return item
            return f"{item:.0f}" if abs(item) < 2**63 and item == int(item) else str(item)
        case str():
            return item.strip()
        case _:
            return item


def _read(expected: object, value: Json, zeros: bool) -> Json:
    if expected == Amount:
        return amount(value)
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        members = [argument for argument in arguments if argument is not type(None)]
        return _read(members[0], value, zeros) if len(members) == 1 else value
    if origin is tuple and isinstance(value, list | tuple):
        return [_item(arguments[0], item, zeros) for item in value]
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: _item(arguments[1], item, zeros) for key, item in value.items()}
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct) and isinstance(value, Mapping):
        return _record(expected, value, zeros)
    return value


def _record(expected: type[msgspec.Struct], value: Mapping[str, Json], zeros: bool) -> Json:
    fields = _fields(expected)
    read = {
        name: _read(fields[name].type, item, zeros) if name in fields else item
        for name, item in value.items()
        if item is not None
    }
    if zeros:
        missing = (field for name, field in fields.items() if field.required and name not in read)
        read |= {field.encode_name: _zero(field.type, zeros) for field in missing}
    return read


def _item(expected: object, item: Json, zeros: bool) -> Json:
    """What a list or an object holds: null is zero there, not absent."""
    return _zero(expected, zeros) if item is None else _read(expected, item, zeros)


def _zero(expected: object, zeros: bool) -> Json:
    if expected == Amount:
        return "0"
    if expected == Int64:
        return 0
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
        return _record(expected, {}, zeros)
    if typing.get_origin(expected) is tuple:
        return []
    return _ZEROS.get(expected) if isinstance(expected, type) else None


_ZEROS: Mapping[type, Json] = {str: "", int: 0, bool: False}


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}
