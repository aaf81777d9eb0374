"""Reading cel.expr.CheckedExpr from its protobuf bytes.

The parser hands its tree over in this form only. The few message types are read here, by field number
(cel-spec, proto/cel/expr/checked.proto and syntax.proto), because the core does not depend on protobuf.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from dra_core.cel.rewriting import as_written
from dra_core.cel.syntax import (
    Call,
    Checked,
    Comprehension,
    Constant,
    Entry,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Select,
    UnsignedLiteral,
)

Field: TypeAlias = int | bytes
Fields: TypeAlias = dict[int, list[Field]]

_PRIMITIVE = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
_WELL_KNOWN = {1: "any", 2: "google.protobuf.Timestamp", 3: "google.protobuf.Duration"}


def read_checked(data: bytes) -> Checked:
    """The tree of a CheckedExpr, serialized inside a google.protobuf.Any."""
    checked = _fields(_body(_fields(data), 2))
    references = {}
    for pair in checked.get(2, ()):
        entry = _fields(_bytes(pair))
        name = _text(_fields(_body(entry, 2)), 1)
        if name:
            references[_number(entry, 1)] = name
    source = _fields(_body(checked, 5))
    macros = {}
    for pair in source.get(5, ()):
        entry = _fields(_bytes(pair))
        macros[_number(entry, 1)] = _Reader({}).node(_body(entry, 2))
    root = _Reader(references).node(_body(checked, 4))
    types = {}
    for pair in checked.get(3, ()):
        entry = _fields(_bytes(pair))
        types[_number(entry, 1)] = _type(_body(entry, 2))
    positions = {}
    for pair in source.get(4, ()):
        entry = _fields(_bytes(pair))
        positions[_number(entry, 1)] = _number(entry, 2)
    return Checked(root, macros, types.get(root.id, "dyn"), types, positions)


class _Reader:
    """Expressions, with the names that the checker resolved."""

    def __init__(self, references: dict[int, str]) -> None:
        self._references = references

    def node(self, data: bytes) -> Node:
        fields = _fields(data)
        number = _number(fields, 2)
        if 3 in fields:
            return Literal(number, _constant(_body(fields, 3)))
        if 5 in fields:
            return self._select(number, _fields(_body(fields, 5)))
        if 6 in fields:
            return self._call(number, _fields(_body(fields, 6)))
        if 7 in fields:
            list_fields = _fields(_body(fields, 7))
            elements = tuple(self.node(_bytes(item)) for item in list_fields.get(1, ()))
            return ListOf(number, elements, _packed(list_fields.get(2, [])))
        if 8 in fields:
            return self._map(number, _fields(_body(fields, 8)))
        if 9 in fields:
            return self._comprehension(number, _fields(_body(fields, 9)))
        name = _text(_fields(_body(fields, 4)), 1)
        return Name(number, self._references.get(number, name))

    def _select(self, number: int, fields: Fields) -> Node:
        if number in self._references:  # a qualified name: device.driver
            return Name(number, self._references[number])
        return Select(number, self.node(_body(fields, 1)), _text(fields, 2), bool(_number(fields, 3)))

    def _call(self, number: int, fields: Fields) -> Node:
        target = self.node(_body(fields, 1)) if 1 in fields else None
        arguments = tuple(self.node(_bytes(item)) for item in fields.get(3, ()))
        return Call(number, as_written(_text(fields, 2)), target, arguments)

    def _map(self, number: int, fields: Fields) -> Node:
        entries = []
        for item in fields.get(2, ()):
            entry = _fields(_bytes(item))
            key: Node = self.node(_body(entry, 3)) if 3 in entry else Literal(0, _text(entry, 2))
            entries.append(Entry(key, self.node(_body(entry, 4)), bool(_number(entry, 5))))
        return MapOf(number, _text(fields, 1), tuple(entries))

    def _comprehension(self, number: int, fields: Fields) -> Node:
        return Comprehension(
            id=number,
            variable=_text(fields, 1),
            second_variable=_text(fields, 8),
            range=self.node(_body(fields, 2)),
            accumulator=_text(fields, 3),
            start=self.node(_body(fields, 4)),
            condition=self.node(_body(fields, 5)),
            step=self.node(_body(fields, 6)),
            result=self.node(_body(fields, 7)),
        )


def _constant(data: bytes) -> Constant:
    fields = _fields(data)
    for number, values in fields.items():
        value = values[-1]
        match number, value:
            case 2, int():
                return bool(value)
            case 3, int():
                return value - 2**64 if value >= 2**63 else value
            case 4, int():
                return UnsignedLiteral(value)
            case 5, bytes():
                double: float = struct.unpack("<d", value)[0]
                return double
            case 6, bytes():
                return value.decode("utf-8", "surrogatepass")
            case 7, bytes():
                return value
            case _:
                pass
    return None


def _type(data: bytes) -> str:
    for number, values in _fields(data).items():
        value = values[-1]
        match number, value:
            case 3, int():
                return _PRIMITIVE.get(value, "dyn")
            case 5, int():
                return _WELL_KNOWN.get(value, "dyn")
            case 2, _:
                return "null_type"
            case 6, bytes():
                return f"list({_type(_body(_fields(value), 1))})"
            case 7, bytes():
                pair = _fields(value)
                return f"map({_type(_body(pair, 1))}, {_type(_body(pair, 2))})"
            case 9, bytes():
                return value.decode()
            case 11, bytes():
                return f"type({_type(value)})"
            case 14, bytes():
                abstract = _fields(value)
                parameters = ", ".join(_type(_bytes(item)) for item in abstract.get(2, ()))
                return _text(abstract, 1) + (f"({parameters})" if parameters else "")
            case _:
                pass
    return "dyn"


def _fields(data: bytes) -> Fields:
    """The fields of a message by number; varints as int, all else as bytes."""
    found: Fields = {}
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        value: Field
        if kind == 0:
            value, position = _varint(data, position)
        elif kind == 2:
            length, position = _varint(data, position)
            value, position = data[position : position + length], position + length
        else:
            length = 8 if kind == 1 else 4
            value, position = data[position : position + length], position + length
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _packed(values: list[Field]) -> tuple[int, ...]:
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        position = 0
        while position < len(value):
            number, position = _varint(value, position)
            found.append(number)
    return tuple(found)


def _bytes(value: Field) -> bytes:
    return value if isinstance(value, bytes) else b""


def _body(fields: Fields, number: int) -> bytes:
    return _bytes(fields[number][-1]) if number in fields else b""


def _number(fields: Fields, number: int) -> int:
    value = fields[number][-1] if number in fields else 0
    return value if isinstance(value, int) else 0


def _text(fields: Fields, number: int) -> str:
    return _body(fields, number).decode("utf-8", "surrogatepass")
