"""The syntax tree of a checked CEL expression, macros expanded (cel.expr.CheckedExpr without its map of types)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec


class UnsignedLiteral(msgspec.Struct, frozen=True):
    """A literal such as ``1u``."""

    value: int


Constant: TypeAlias = None | bool | int | UnsignedLiteral | float | str | bytes


class Literal(msgspec.Struct, frozen=True):
    """A constant."""

    id: int
    value: Constant


class Name(msgspec.Struct, frozen=True):
    """A variable, or the name of a type; ``device.driver`` and its kind are names as a whole."""

    id: int
    name: str


class Select(msgspec.Struct, frozen=True):
    """``operand.field``, or with ``test_only`` what ``has(operand.field)`` became."""

    id: int
    operand: Node
    field: str
    test_only: bool


class Call(msgspec.Struct, frozen=True):
    """A function, operator or method; the object of a method is ``target``."""

    id: int
    function: str
    target: Node | None
    arguments: tuple[Node, ...]


class ListOf(msgspec.Struct, frozen=True):
    """A list literal; elements at ``optional`` indices are written ``?e``."""

    id: int
    elements: tuple[Node, ...]
    optional: tuple[int, ...]


class Entry(msgspec.Struct, frozen=True):
    """One ``key: value`` or ``?key: value`` of a map literal."""

    key: Node
    value: Node
    optional: bool


class MapOf(msgspec.Struct, frozen=True):
    """A map literal; ``message`` is the name of the type where it is a message's."""

    id: int
    message: str
    entries: tuple[Entry, ...]


class Comprehension(msgspec.Struct, frozen=True):
    """A loop, as macros write it: ``exists``, ``map`` or ``cel.bind``."""

    id: int
    variable: str
    second_variable: str
    range: Node
    accumulator: str
    start: Node
    condition: Node
    step: Node
    result: Node


Node: TypeAlias = Literal | Name | Select | Call | ListOf | MapOf | Comprehension


class Checked(msgspec.Struct, frozen=True):
    """A checked expression.

    Attributes:
        root: The tree.
        macros: By node id, the call as it was written before the macro was expanded; nodes inside that were macros
            themselves are empty names with their id.
        output: The type of the whole: ``bool``, ``dyn``, ``list(int)``, …
        types: The type of each node by id, in the same writing.
        positions: Where each node stands, in characters from 0, by id.
    """

    root: Node
    macros: Mapping[int, Node]
    output: str
    types: Mapping[int, str] = {}
    positions: Mapping[int, int] = {}


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, in order of evaluation."""
    match node:
        case Select():
            return (node.operand,)
        case Call():
            return node.arguments if node.target is None else (node.target, *node.arguments)
        case ListOf():
            return node.elements
        case MapOf():
            return tuple(part for entry in node.entries for part in (entry.key, entry.value))
        case Comprehension():
            return (node.range, node.start, node.condition, node.step, node.result)
        case _:
            return ()


def walk(node: Node) -> list[Node]:
    """The node and everything in it."""
    found, left = [], [node]
    while left:
        current = left.pop()
        found.append(current)
        left.extend(reversed(children(current)))
    return found
