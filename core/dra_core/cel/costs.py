"""What an evaluation costs: cel-go's and Kubernetes' tables, and which expressions cannot reach the limit.

Sources: cel-go interpreter/runtimecost.go, ext/lists.go and ext/sets.go, k8s.io/apiserver/pkg/cel/library/cost.go.
"""

from __future__ import annotations

import math

from dra_core.cel.formats import REGEX_SIZES
from dra_core.cel.syntax import Call, Comprehension, Node, walk
from dra_core.cel.values import Format, Network, Optional, Value, is_kubernetes_type, size

TEXT = 0.1  # StringTraversalCostFactor
PATTERN = 0.25  # RegexStringLengthCostFactor
LIST_CREATION, MAP_CREATION = 10, 30  # ListCreateBaseCost, MapCreateBaseCost

_TRAVERSED = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes"})
_READ_ONCE = frozenset(
    {"url", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR", "quantity", "isQuantity"}
    | {"semver", "isSemver", "format", "strings.quote"}
)
_READ_TWICE = frozenset({"replace", "split", "ip.isCanonical"})
_MATCHED = frozenset({"find", "findAll", "matches"})
_EQUALITY = frozenset({"_==_", "_!=_"})
_RELATIONS = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_SIZED_BY_RESULT = frozenset({"slice", "lists.range", "reverse"})
SELF_COMPARED = {"distinct": 0, "sort": 0, "@sortByAssociatedKeys": 1}
"""The list that is compared with itself, as argument's number."""

_SETS = {"sets.contains": 1, "sets.intersects": 1, "sets.equivalent": 2}
_GROWING = frozenset({"_+_", "replace", "join", "format", "lists.range", "flatten", "strings.quote", "split"})
_SAFE_LENGTH = 2_000  # an expression without loops and growing values of that length stays far below the limit


def bounded(root: Node, length: int) -> bool:
    """Whether the expression provably stays below the limit, so that nothing need be counted.

    Without loops every node is evaluated at most once, and what is not built up is no longer than an attribute may be
    (64 characters, 48 elements) or the expression is. The dearest calls then are matches of a text with a pattern, and
    sorting: far fewer than the limit allows.
    """
    return length <= _SAFE_LENGTH and not any(
        isinstance(node, Comprehension) or (isinstance(node, Call) and node.function in _GROWING) for node in walk(root)
    )


def call_cost(function: str, arguments: tuple[Value, ...], result: Value) -> int:
    """What a call costs; 1 unless something is said about it."""
    if function in _EQUALITY:
        left, right = arguments
        if function == "_==_" and is_kubernetes_type(left):
            return 1
        return math.ceil(min(_length(left), _length(right)) * TEXT)
    if function in _RELATIONS:
        left, right = arguments
        texts = isinstance(left, str | bytes) and isinstance(right, str | bytes)
        return math.ceil(min(_length(left), _length(right)) * TEXT) if texts else 1
    cost = _text_cost(function, arguments, result)
    if cost is None:
        cost = _list_cost(function, arguments, result)
    return 1 if cost is None else cost


def _text_cost(function: str, arguments: tuple[Value, ...], result: Value) -> int | None:
    """What functions of texts and of Kubernetes' types cost; None for others."""
    if function in _READ_ONCE:
        return math.ceil(_length(arguments[0]) * TEXT)
    if function in _READ_TWICE:
        return math.ceil(_length(arguments[0]) * 2 * TEXT)
    if function in _MATCHED:
        return _match(_length(arguments[0]), _length(arguments[1]))
    match function:
        case "ip":
            return 1 if isinstance(arguments[0], Network) else math.ceil(_length(arguments[0]) * TEXT)
        case "join":
            return math.ceil(_length(result) * 2 * TEXT)
        case "contains":
            return math.ceil(_length(arguments[0]) * TEXT) * math.ceil(_length(arguments[1]) * TEXT)
        case "startsWith" | "endsWith":
            return math.ceil(_length(arguments[1]) * TEXT)
        case "string" | "bytes" if isinstance(arguments[0], str | bytes) and type(result) is not type(arguments[0]):
            return math.ceil(_length(arguments[0]) * TEXT)
        case "_+_" if isinstance(arguments[0], str | bytes):
            return math.ceil((_length(arguments[0]) + _length(arguments[1])) * TEXT)
        case "validate" if isinstance(arguments[0], Format):
            return _match(_length(arguments[1]), REGEX_SIZES[arguments[0].name])
        case "containsIP" | "containsCIDR":
            return _contains(function, arguments)
        case _:
            return None


def _match(text: int, pattern: int) -> int:
    return math.ceil((1 + text) * TEXT) * math.ceil(pattern * PATTERN)


def _contains(function: str, arguments: tuple[Value, ...]) -> int:
    network, other = arguments
    bits = _length(network)
    cost = math.ceil(2 * bits * TEXT)
    if function == "containsCIDR":
        cost += math.ceil(bits * TEXT) + 1
    return cost + (math.ceil(_length(other) * TEXT) if isinstance(other, str) else 0)


def _list_cost(function: str, arguments: tuple[Value, ...], result: Value) -> int | None:
    """What functions of lists cost; None for others."""
    if function in _TRAVERSED:
        return _traversal(arguments[0])
    if function in _SIZED_BY_RESULT:
        return _allocated(_length(result))
    if function in _SETS:
        return 1 + _length(arguments[0]) * _length(arguments[1]) * _SETS[function]
    if function in SELF_COMPARED:
        items = arguments[SELF_COMPARED[function]]
        texts = isinstance(items, list) and bool(items) and isinstance(items[0], str | bytes)
        return _allocated(int(_length(items) ** 2 * (2 + TEXT if texts else 2.0)))
    if function == "flatten":
        depth = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], int) else 1
        return _allocated(_length(arguments[0]) * (depth if depth >= 0 else 1))
    if function == "@in" and isinstance(arguments[1], list):
        return len(arguments[1])
    return None


def _allocated(cost: int) -> int:
    return cost + 1 + LIST_CREATION


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
