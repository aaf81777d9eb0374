"""CEL's values as Python holds them, and what all of them share: type, equality, order, size.

bool, int, float, str, bytes, list, dict and None stand for themselves; the classes below for the rest. An evaluation
that fails raises ``EvaluationError``, because ``&&``, ``||`` and loops absorb failures of their parts as CEL says they
must; it never leaves ``dra_core.cel.program``.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

import msgspec

from dra_core.snapshot.quantity import Quantity
from dra_core.snapshot.semantic_version import SemanticVersion

LEAST, MOST = -(2**63), 2**63 - 1  # int64
UNSIGNED_MOST = 2**64 - 1


class EvaluationError(Exception):
    """An expression cannot be evaluated; the text is cel-go's."""

    @property
    def text(self) -> str:
        """What cel-go's ``Error()`` says."""
        return str(self.args[0])


class NoSuchOverloadError(EvaluationError):
    """No function of that name takes values of these types; the caller, who knows the name, says so."""


def no_such_overload() -> NoSuchOverloadError:
    """No function of that name takes values of these types."""
    return NoSuchOverloadError("no such overload")


class Unsigned(int):
    """A uint."""


class Duration(msgspec.Struct, frozen=True, order=True):
    """A span of time."""

    nanos: int


SECOND = 1_000_000_000
FIRST, LAST = -62135596800, 253402300799  # seconds: years 1 to 9999, as CEL allows


class Timestamp(msgspec.Struct, frozen=True, order=True):
    """A moment, in nanoseconds since 1970 (UTC)."""

    nanos: int


class TypeName(msgspec.Struct, frozen=True):
    """A type as a value."""

    name: str


class Optional(msgspec.Struct, frozen=True):
    """``optional.of(value)``, or ``optional.none()`` where it is not present."""

    value: Value
    present: bool = True


class Amount(msgspec.Struct, frozen=True):
    """A quantity.

    ``computed`` marks results of add and sub: cel-go's code holds them by reference, and so finds no equality for
    them on the right side of ``==``.
    """

    quantity: Quantity
    computed: bool = False


class Network(msgspec.Struct, frozen=True):
    """A CIDR with its address as written."""

    address: IPv4Address | IPv6Address
    bits: int


class Url(msgspec.Struct, frozen=True):
    """A parsed URL (Go's net/url.URL, as far as its parts are read)."""

    text: str
    scheme: str
    host: str
    path: str
    query: str


class Format(msgspec.Struct, frozen=True):
    """A named format of strings."""

    name: str


class Domains(dict["Value", "Value"]):
    """``device.attributes`` and ``device.capacity``: a domain that is not there is an empty map to whoever reads it.

    Looking whether it is there (``in``) and going through all domains find only those that are.
    """

    def of(self, domain: str) -> dict[Value, Value]:
        """The names of a domain, which is added if need be."""
        found = self.setdefault(domain, {})
        if not isinstance(found, dict):
            raise TypeError(domain)
        return found


Value: TypeAlias = (
    "None | bool | int | float | str | bytes | list[Value] | dict[Value, Value] | Duration | Timestamp | TypeName"
    " | Optional | Amount | SemanticVersion | IPv4Address | IPv6Address | Network | Url | Format"
)

NONE = Optional(None, present=False)

_TYPE_NAMES: dict[type, str] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Unsigned: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Domains: "map",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    TypeName: "type",
    Optional: "optional_type",
    Amount: "kubernetes.Quantity",
    SemanticVersion: "kubernetes.Semver",
    IPv4Address: "net.IP",
    IPv6Address: "net.IP",
    Network: "net.CIDR",
    Url: "kubernetes.URL",
    Format: "kubernetes.NamedFormat",
}
_GO_TYPES: dict[type, str] = {
    type(None): "types.Null",
    bool: "types.Bool",
    int: "types.Int",
    Unsigned: "types.Uint",
    float: "types.Double",
    str: "types.String",
    bytes: "types.Bytes",
    Duration: "types.Duration",
    Timestamp: "types.Timestamp",
    TypeName: "*types.Type",
    Optional: "*types.Optional",
    Amount: "cel.Quantity",
    SemanticVersion: "cel.Semver",
    IPv4Address: "cel.IP",
    IPv6Address: "cel.IP",
    Network: "cel.CIDR",
    Url: "cel.URL",
    Format: "cel.Format",
}
_NUMBERS = (int, float)  # Unsigned is an int; bool is told apart by its type
_STRICT = (Amount, SemanticVersion, IPv4Address, IPv6Address, Network, Url, Format)
"""Kubernetes' types: compared with a value of another type on their right they fail instead of being unequal."""


def is_kubernetes_type(value: Value) -> bool:
    """Whether the value's type is one that Kubernetes adds."""
    return isinstance(value, _STRICT)


def type_name(value: Value) -> str:
    """The name of a value's type."""
    return _TYPE_NAMES[type(value)]


def go_type(value: Value) -> str:
    """How Go names the type that holds the value, in some of the scheduler's messages."""
    held = _GO_TYPES.get(type(value), "ref.Val")
    return f"*{held}" if isinstance(value, Amount) and value.computed else held


def is_number(value: Value) -> bool:
    """Whether the value is an int, uint or double."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """``==``: numbers by their value across types, all else only within its type."""
    kind, other = type(left), type(right)
    if kind is other and kind in (str, int, bool):
        return left == right
    if left is None or right is None:
        return left is right
    if isinstance(left, _STRICT):
        return _equal_strict(left, right)
    if is_number(left):
        return is_number(right) and left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(has_key(right, key) and equal(left[key], right[key]) for key in left)
    if kind is not other:
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and (not left.present or equal(left.value, right.value))
    return left == right


def _equal_strict(left: Value, right: Value) -> bool:
    if isinstance(left, Amount):
        if not isinstance(right, Amount) or right.computed:
            raise no_such_overload()
        return left.quantity.nanos == right.quantity.nanos
    if isinstance(left, SemanticVersion):
        if not isinstance(right, SemanticVersion):
            raise no_such_overload()
        return left.compare(right) == 0
    if type_name(left) != type_name(right):
        raise no_such_overload()
    if isinstance(left, Url) and isinstance(right, Url):
        return left.text == right.text
    return left == right


def has_key(mapping: dict[Value, Value], key: Value) -> bool:
    """Whether the map has the key; Python's dict takes True for 1, CEL does not."""
    if not isinstance(key, bool | int | float | str):
        raise EvaluationError(f"unsupported key type: {type_name(key)}")
    if key not in mapping:
        return False
    if key in (0, 1):
        return any(candidate == key and isinstance(candidate, bool) == isinstance(key, bool) for candidate in mapping)
    return True


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1: numbers across types, strings by code points, bytes, booleans, times."""
    if is_number(left) and is_number(right):
        if left != left or right != right:
            raise EvaluationError("NaN values cannot be ordered")
        return (left > right) - (left < right)  # type: ignore[operator] # both are numbers
    if type(left) is type(right) and isinstance(left, bool | str | bytes | Duration | Timestamp):
        return (left > right) - (left < right)  # type: ignore[operator] # both are of one ordered type
    raise no_such_overload()


def size(value: Value) -> int | None:
    """The length of what has one: characters, bytes, elements, entries, bytes of an address; else None."""
    match value:
        case str() | bytes() | list() | dict():
            return len(value)
        case IPv4Address() | IPv6Address():
            return value.max_prefixlen // 8
        case Network():
            return -(-value.bits // 8)
        case _:
            return None


def checked_int(value: int) -> int:
    """The value if it is an int64."""
    if LEAST <= value <= MOST:
        return value
    raise EvaluationError("integer overflow")


def checked_moment(nanos: int) -> Timestamp:
    """The timestamp, if CEL allows for it.

    Raises:
        EvaluationError: It is not in the years 1 to 9999.
    """
    if not FIRST <= nanos // SECOND <= LAST:
        raise EvaluationError("timestamp overflow")
    return Timestamp(nanos)


def checked_unsigned(value: int) -> Unsigned:
    """The value if it is a uint64."""
    if 0 <= value <= UNSIGNED_MOST:
        return Unsigned(value)
    raise EvaluationError("unsigned integer overflow")


def texts(value: Value) -> Sequence[str]:
    """A list of strings; other elements have no overload."""
    if not isinstance(value, list):
        raise no_such_overload()
    found = [item for item in value if isinstance(item, str)]
    if len(found) != len(value):
        raise no_such_overload()
    return found
