"""Between JSON objects and records: one decoder and one encoder for every record type.

Laws (tests/property/test_codec.py): ``decode(T, encode(x)) == x``; every fault of an object is reported at once, each
with its field path; an unknown field is never dropped in silence.

The fast path is msgspec's own conversion; only an object that it refuses is walked field by field to say everything
that is wrong with it.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals, join
from dra_core.snapshot.api_record import Int64
from dra_core.snapshot.json_value import Json

Record = TypeVar("Record", bound=msgspec.Struct)


class Decoded(msgspec.Struct, typing.Generic[Record], frozen=True):
    """A record and what of its source it could not hold."""

    record: Record
    unknown: Refusals


def decode(record_type: type[Record], value: Json) -> Result[Record, Refusals]:
    """Turn a JSON value into a record; unknown fields, missing fields and wrong types are refused, all at once."""
    try:
        return Success(msgspec.convert(value, record_type))
    except msgspec.ValidationError:
        faults = _walk(record_type, value, "")
        return Failure(faults or (_refused(record_type),))


def decode_reporting(record_type: type[Record], value: Json) -> Result[Decoded[Record], Refusals]:
    """The same, but unknown fields are reported beside the record instead of refused.

    For objects written by a newer API server than this library knows: reading goes on, and the reader is told.
    """
    try:
        return Success(Decoded(msgspec.convert(value, record_type), ()))
    except msgspec.ValidationError:
        faults = _walk(record_type, value, "")
    unknown = tuple(fault for fault in faults if fault.code == "UnknownField")
    others = tuple(fault for fault in faults if fault.code != "UnknownField")
    if others:
        return Failure(others + unknown)
    try:
        record = msgspec.convert(_without(value, {fault.path for fault in unknown}, ""), record_type)
    except msgspec.ValidationError:
        return Failure((_refused(record_type),))
    return Success(Decoded(record, unknown))


def encode(record: msgspec.Struct) -> dict[str, Json]:
    """Turn a record into a JSON object of plain dicts and lists.

    Fields at their default are left out, but for ``apiVersion`` and ``kind``, which name the object.
    """
    value: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(record))
    names = zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True)
    named = {encoded: getattr(record, name) for encoded, name in names if encoded in ("apiVersion", "kind")}
    return {**named, **value}


def _refused(record_type: type[msgspec.Struct]) -> Refusal:
    return Refusal(
        code="NotDecodable",
        fault=Fault.USER,
        seen=f"the value is not a {record_type.__name__}",
        hint="compare it with the API reference",
    )


def _wrong(path: str, expected: str, value: Json) -> Refusal:
    return Refusal(code="WrongType", fault=Fault.USER, path=path, seen=f"expected {expected}, found {describe(value)}")


def describe(value: Json) -> str:
    """A JSON value in a few words: its kind and, where short, itself."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= 64 else f"a text of {len(value)} characters"
        case int() | float():
            return f"the number {value}"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _walk(expected: object, value: Json, path: str) -> Refusals:
    """Every fault of ``value`` against the type ``expected``."""
    origin = typing.get_origin(expected)
    arguments = typing.get_args(expected)
    if origin is typing.Annotated:
        faults = _walk(arguments[0], value, path)
        if not faults and expected == Int64 and isinstance(value, int) and not -(2**63) <= value < 2**63:
            return (_wrong(path, "a whole number of 64 bits", value),)
        return faults
    if origin in (typing.Union, types.UnionType):
        return _walk_union(arguments, value, path)
    if origin is typing.Literal:
        allowed = ", ".join(str(argument) for argument in arguments)
        return () if value in arguments else (_not_allowed(path, allowed, value),)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            return (_wrong(path, "a list", value),)
        return tuple(fault for i, item in enumerate(value) for fault in _walk(arguments[0], item, f"{path}[{i}]"))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return (_wrong(path, "an object", value),)
        return tuple(fault for key, item in value.items() for fault in _walk(arguments[1], item, join(path, key)))
    if isinstance(expected, type):
        return _walk_class(expected, value, path)
    return ()  # Json: anything goes


def _walk_union(arguments: tuple[object, ...], value: Json, path: str) -> Refusals:
    if value is None and type(None) in arguments:
        return ()
    members = [argument for argument in arguments if argument is not type(None)]
    if len(members) == 1:
        return _walk(members[0], value, path)
    attempts = [_walk(member, value, path) for member in members]
    return min(attempts, key=len)


def _walk_class(expected: type, value: Json, path: str) -> Refusals:
    if issubclass(expected, msgspec.Struct):
        if not isinstance(value, Mapping):
            return (_wrong(path, "an object", value),)
        return _walk_struct(expected, value, path)
    if issubclass(expected, enum.Enum):
        allowed = ", ".join(str(member.value) for member in expected)
        return () if value in [member.value for member in expected] else (_not_allowed(path, allowed, value),)
    names = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
    if expected not in names:
        return ()
    fits = isinstance(value, bool) if expected is bool else isinstance(value, expected) and not isinstance(value, bool)
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        fits = True
    return () if fits else (_wrong(path, names[expected], value),)


def _not_allowed(path: str, allowed: str, value: Json) -> Refusal:
    return Refusal(
        code="NotAllowed",
        fault=Fault.USER,
        path=path,
        seen=f"{describe(value)} is not one of {allowed}",
        hint="use one of these",
    )


def _walk_struct(expected: type[msgspec.Struct], value: Mapping[str, Json], path: str) -> Refusals:
    faults: list[Refusal] = []
    fields = {field.encode_name: field for field in msgspec.structs.fields(expected)}
    for name, field in fields.items():
        if name in value:
            faults += _walk(field.type, value[name], join(path, name))
        elif field.required:
            faults.append(
                Refusal(
                    code="Required", fault=Fault.USER, path=join(path, name), seen="the field is missing", hint="add it"
                )
            )
    if expected.__struct_config__.forbid_unknown_fields:
        for name in value:
            if name not in fields:
                close = [known for known in fields if known.lower() == name.lower()]
                hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(fields))}"
                faults.append(
                    Refusal(
                        code="UnknownField",
                        fault=Fault.USER,
                        path=join(path, name),
                        seen="the field is not known",
                        hint=hint,
                    )
                )
    return tuple(faults)


def _without(value: Json, paths: set[str], path: str) -> Json:
    if path in paths:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {
            key: _without(item, paths, join(path, key)) for key, item in value.items() if join(path, key) not in paths
        }
    if isinstance(value, Sequence):
        return [_without(item, paths, f"{path}[{i}]") for i, item in enumerate(value)]
    return value
