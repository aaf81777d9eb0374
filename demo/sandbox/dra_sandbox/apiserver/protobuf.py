"""Kubernetes' protobuf, read as JSON: typed clients of Go send it by default, and so does ``kubectl create``.

Answers are always JSON, which those clients accept. What the table of fields does not know is refused, never dropped.
Source of the envelope: apimachinery runtime/serializer/protobuf.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.protobuf_fields import FIELDS
from dra_sandbox.world.times import micro_stamp, stamp

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_EIGHT_BYTES = 1  # wire type of fixed64


class UnreadableError(ValueError):
    """Bytes that are no protobuf of a known type."""


class Field(msgspec.Struct, frozen=True):
    """A field: its JSON name ("" if inlined), its type, and whether it is a pointer."""

    name: str
    type: str
    pointer: bool


@cache
def messages() -> Mapping[str, Mapping[int, Field]]:
    """The fields of each message, by number."""
    messages: dict[str, Mapping[int, Field]] = {}
    for line in re.sub(r"\n ", " ", FIELDS.strip()).splitlines():
        name, _, rest = line.partition(": ")
        fields: dict[int, Field] = {}
        for written in rest.split():
            number, _, named = written.partition("=")
            field, _, kind = named.partition(":")
            fields[int(number)] = Field(field, kind.rstrip("!"), kind.endswith("!"))
        messages[name] = fields
    return messages


def decoded(data: bytes) -> JsonObject:
    """The object in an envelope.

    Raises:
        UnreadableError: The bytes are something else, or of a type that is not known here.
    """
    if not data.startswith(MAGIC):
        raise UnreadableError("the body does not begin as Kubernetes' protobuf does")
    try:
        return _opened(data[len(MAGIC) :])
    except (UnicodeDecodeError, OverflowError, OSError, msgspec.DecodeError) as error:
        raise UnreadableError(str(error)) from error


def _opened(data: bytes) -> JsonObject:
    kinds, raw = {1: "", 2: ""}, b""
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            kinds |= {n: item.decode() for n, item in _fields(value) if isinstance(item, bytes)}
        elif number == 2 and isinstance(value, bytes):
            raw = value
    api_version, kind = kinds[1], kinds[2]
    message = f"New{kind}" if api_version.startswith("events.k8s.io/") else kind
    if message not in messages():
        raise UnreadableError(f"{kind} of {api_version} is not known as protobuf here; send JSON")
    return {"apiVersion": api_version, "kind": kind, **_object(message, raw)}


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of the wire format."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        match key & 7:
            case 0:
                value, position = _varint(data, position)
                yield key >> 3, value
            case 2:
                length, position = _varint(data, position)
                if position + length > len(data):
                    raise UnreadableError("the body ends in the middle of a field")
                yield key >> 3, data[position : position + length]
                position += length
            case 1 | 5 as width:
                size = 8 if width == _EIGHT_BYTES else 4
                yield key >> 3, data[position : position + size]
                position += size
            case other:
                raise UnreadableError(f"unknown wire type {other}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
    raise UnreadableError("the body ends in the middle of a number")


def _object(message: str, data: bytes) -> dict[str, Json]:
    known = messages()[message]
    result: dict[str, Json] = {}
    for number, raw in _fields(data):
        field = known.get(number)
        if field is None:
            raise UnreadableError(f"field {number} of {message} is not known here; send JSON")
        kind = field.type
        if not field.name:
            result |= _object(kind, _as_bytes(raw))
        elif kind.startswith("["):
            items = result.setdefault(field.name, [])
            assert isinstance(items, list)
            items.append(_value(kind[1:-1], raw))
        elif kind.startswith("<"):
            entries = result.setdefault(field.name, {})
            assert isinstance(entries, dict)
            key, value = _entry(kind[1:-1], _as_bytes(raw))
            entries[key] = value
        else:
            value = _value(kind, raw)
            # A field that is no pointer is always sent; zero means that it is not there. (False counts as 0.)
            zeros: tuple[Json, ...] = (None,) if kind == "r" else (None, "", 0, {})
            if field.pointer or value not in zeros:
                result[field.name] = value
    return result


def _entry(kind: str, data: bytes) -> tuple[str, Json]:
    """An entry of a map: key 1, value 2; what is missing is zero."""
    key, value = "", _value(kind, b"" if kind not in ("i", "b") else 0)
    for number, raw in _fields(data):
        if number == 1:
            key = _as_bytes(raw).decode()
        else:
            value = _value(kind, raw)
    return key, value


def _as_bytes(raw: int | bytes) -> bytes:
    if not isinstance(raw, bytes):
        raise UnreadableError("a number where bytes were expected")
    return raw


def _as_number(raw: int | bytes) -> int:
    if not isinstance(raw, int):
        raise UnreadableError("bytes where a number was expected")
    return raw - (1 << 64) if raw >> 63 else raw


def _value(kind: str, raw: int | bytes) -> Json:
    match kind:
        case "s":
            return _as_bytes(raw).decode()
        case "i":
            return _as_number(raw)
        case "b":
            return _as_number(raw) != 0
        case "n":
            number: float = struct.unpack("<d", _as_bytes(raw))[0]
            return number
        case "y":
            return base64.b64encode(_as_bytes(raw)).decode()
        case "q":
            return next((_as_bytes(item).decode() for number, item in _fields(_as_bytes(raw)) if number == 1), "0")
        case "x":
            return _number_or_text(_as_bytes(raw))
        case "t" | "T":
            return _time(kind, _as_bytes(raw))
        case "r":
            written = next((_as_bytes(item) for _, item in _fields(_as_bytes(raw))), b"")
            content: Json = msgspec.json.decode(written) if written else None
            return content
        case _ if kind.startswith("["):
            return [_value(kind[1:-1], item) for _, item in _fields(_as_bytes(raw))]
        case _:
            return _object(kind, _as_bytes(raw))


def _number_or_text(data: bytes) -> Json:
    """util/intstr: type, number, text."""
    parts = dict(_fields(data))
    return _as_bytes(parts.get(3, b"")).decode() if parts.get(1) else _as_number(parts.get(2, 0))


def _time(kind: str, data: bytes) -> Json:
    """meta/v1 Time and MicroTime: seconds, nanoseconds; nothing at all is no time."""
    parts = dict(_fields(data))
    if not parts:
        return None
    seconds, nanos = _as_number(parts.get(1, 0)), _as_number(parts.get(2, 0))
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    return micro_stamp(moment) if kind == "T" else stamp(moment)
