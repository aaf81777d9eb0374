"""What an evaluation costs: cel-go's and Kubernetes' tables, and which expressions cannot reach the limit.

Sources: cel-go interpreter/runtimecost.go and ext/*.go, k8s.io/apiserver/pkg/cel/library/cost.go.
"""

from __future__ import annotations

import math

from dra_core.cel.syntax import Call, Comprehension, ListOf, Literal, MapOf, Node, walk
from dra_core.cel.values import Optional, Value, size

TEXT = 0.1  # StringTraversalCostFactor
PATTERN = 0.25  # RegexStringLengthCostFactor
LIST_CREATION, MAP_CREATION = 10, 30  # ListCreateBaseCost, MapCreateBaseCost

_TRAVERSED = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes"})
_READ_ONCE = frozenset(
    {"url", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR", "quantity", "isQuantity"}
    | {"semver", "isSemver", "format", "strings.quote"}
)
_READ_TWICE = frozenset({"replace", "split", "ip.isCanonical"})
_COMPARED = frozenset({"_==_", "_!=_"})
_RELATED = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_GROWING = frozenset({"_+_", "replace", "join", "format", "lists.range", "flatten", "strings.quote", "split"})
_SAFE_LENGTH = 2_000  # an expression without loops and growing values of that length stays far below the limit


def bounded(root: Node, length: int) -> bool:
    """Whether the expression provably stays below the limit, so that nothing need be counted.

    Without loops every node is evaluated at most once, and what is not built up is no longer than an attribute may be
    (64 characters, 48 elements) or the expression is. The dearest call is then a match of a text with a pattern.
    """
    return length <= _SAFE_LENGTH and not any(
        isinstance(node, Comprehension) or (isinstance(node, Call) and node.function in _GROWING) for node in walk(root)
    )


def creation_cost(node: ListOf | MapOf) -> int:
    """What a list or map literal costs; nothing if all of it is constant, because it is then built once."""
    if isinstance(node, ListOf):
        return 0 if all(map(_is_constant, node.elements)) else LIST_CREATION
    return 0 if all(_is_constant(entry.key) and _is_constant(entry.value) for entry in node.entries) else MAP_CREATION


def _is_constant(node: Node) -> bool:
    if isinstance(node, ListOf | MapOf):
        return creation_cost(node) == 0
    return isinstance(node, Literal)


def call_cost(function: str, arguments: tuple[Value, ...], result: Value) -> int:  # noqa: ARG001
    """What a call costs."""
    if function in _TRAVERSED:
        return _traversal(arguments[0])
    if function in _READ_ONCE:
        return math.ceil(_length(arguments[0]) * TEXT)
    if function in _READ_TWICE:
        return math.ceil(_length(arguments[0]) * 2 * TEXT)
    if function in ("find", "findAll", "matches"):
        return math.ceil((1 + _length(arguments[0])) * TEXT) * math.ceil(_length(arguments[1]) * PATTERN)
    if function in _COMPARED:
        return math.ceil(min(_length(arguments[0]), _length(arguments[1])) * TEXT)
    return 1


def _length(value: Value) -> int:
    """actualSize: the size of what has one, else 1."""
    if isinstance(value, Optional):
        return _length(value.value) if value.present else 1
    found = size(value)
    return 1 if found is None else found


def _traversal(value: Value) -> int:
    if isinstance(value, str):
        return int(len(value.encode("utf-8", "surrogatepass")) * TEXT)
    if isinstance(value, bytes):
        return int(len(value) * TEXT)
    if isinstance(value, list):
        return sum(map(_traversal, value))
    if isinstance(value, dict):
        return sum(_traversal(key) + _traversal(item) for key, item in value.items())
    return 1
