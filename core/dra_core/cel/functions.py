"""All functions by name, with the object of a method as first argument.

One implementation serves all overloads: it looks at the types of its arguments, and fails with "no such overload" where
the type checker could not see that they are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from dra_core.cel import (
    formats,
    kubernetes_types,
    list_functions,
    network,
    operators,
    text_format,
    text_functions,
    times,
)
from dra_core.cel.declarations import FORMATS
from dra_core.cel.values import (
    EvaluationError,
    Format,
    NoSuchOverloadError,
    Value,
    no_such_overload,
    type_name,
)

# Every implementation takes as many values as the type checker lets through; the number differs by function.
Function: TypeAlias = Callable[..., Value]  # type: ignore[explicit-any] # see above


def _named_format(name: str) -> Value:
    return Format(name)


# Functions whose own words are not asked when they get a value of a wrong type: cel-go finds no implementation.
_MATCHES_CONSTANT = "matches a constant"
_UNNAMED = frozenset({"contains", "startsWith", "endsWith", "_&&_", "_||_", _MATCHES_CONSTANT})
_ONLY_NAMED = frozenset({"size", "matches", "sort"})
_NUMBERS = ("int", "uint", "double")
_TIMES = ("google.protobuf.Duration", "google.protobuf.Timestamp")
_ORDERED = (*_NUMBERS, "bool", "string", "bytes", *_TIMES)
_LEFT_SIDES: Mapping[str, tuple[str, ...]] = {
    "_+_": (*_NUMBERS, "string", "bytes", "list", *_TIMES),
    "_-_": (*_NUMBERS, *_TIMES),
    "_*_": _NUMBERS,
    "_/_": _NUMBERS,
    "_%_": ("int", "uint"),
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ORDERED),
}
"""By operator the types that know it; for others the message names the operator."""


def _described(name: str, function: Function) -> Function:
    """The function, with the message that cel-go has for values of wrong types."""

    def call(*values: Value) -> Value:
        try:
            return function(*values)
        except NoSuchOverloadError:
            raise EvaluationError(_no_overload(name, values)) from None

    return call


def _no_overload(name: str, values: tuple[Value, ...]) -> str:
    if name in _UNNAMED:
        return "no such overload"
    if name in _LEFT_SIDES or name in _ONLY_NAMED:
        # Strings are asked whether they have a method of that name, and have none.
        known = isinstance(values[0], str) or type_name(values[0]) in _LEFT_SIDES.get(name, ())
        return "no such overload" if known else f"no such overload: {name}"
    if name.startswith(("_", "-_", "!_", "@")):
        return "no such overload"
    return f"no such overload: {name}({', '.join(map(type_name, values))})"


def _invert(value: Value) -> Value:
    if isinstance(value, bool):
        return not value
    raise no_such_overload()


_IMPLEMENTATIONS: Mapping[str, Function] = {
    "_+_": operators.add,
    "_-_": operators.subtract,
    "_*_": operators.multiply,
    "_/_": operators.divide,
    "_%_": operators.remainder,
    "-_": operators.negate,
    "!_": _invert,
    "_<_": operators.less,
    "_<=_": operators.less_or_equal,
    "_>_": operators.greater,
    "_>=_": operators.greater_or_equal,
    "_==_": operators.equals,
    "_!=_": operators.differs,
    "@in": operators.contained,
    "_[_]": operators.element,
    "_?._": operators.optional_element,
    "_[?_]": operators.optional_element,
    "size": operators.length,
    "int": operators.to_int,
    "uint": operators.to_unsigned,
    "double": operators.to_double,
    "bool": operators.to_boolean,
    "bytes": operators.to_bytes,
    "string": operators.to_text,
    "type": operators.type_of,
    "dyn": operators.same,
    "duration": times.duration,
    "timestamp": times.timestamp,
    **{name: partial(times.part, name) for name in times.PARTS},
    "contains": text_functions.contains,
    "startsWith": text_functions.starts_with,
    "endsWith": text_functions.ends_with,
    "matches": text_functions.matches,
    "find": text_functions.find,
    "findAll": text_functions.find_all,
    "charAt": text_functions.char_at,
    "lowerAscii": text_functions.lower_ascii,
    "upperAscii": text_functions.upper_ascii,
    "replace": text_functions.replace,
    "split": text_functions.split,
    "substring": text_functions.substring,
    "trim": text_functions.trim,
    "format": text_format.format_text,
    "strings.quote": text_functions.quote,
    "join": text_functions.join,
    "indexOf": list_functions.index_of,
    "lastIndexOf": list_functions.last_index_of,
    "includes": list_functions.includes,
    "isSorted": list_functions.is_sorted,
    "sum": list_functions.total,
    "min": list_functions.smallest,
    "max": list_functions.largest,
    "slice": list_functions.sliced,
    "flatten": list_functions.flatten,
    "sort": list_functions.sort,
    "@sortByAssociatedKeys": list_functions.sort_by,
    "lists.range": list_functions.numbers,
    "reverse": list_functions.reverse,
    "distinct": list_functions.distinct,
    "first": list_functions.first,
    "last": list_functions.last,
    "sets.contains": list_functions.set_contains,
    "sets.equivalent": list_functions.set_equivalent,
    "sets.intersects": list_functions.set_intersects,
    "optional.of": list_functions.optional_of,
    "optional.none": list_functions.optional_none,
    "optional.ofNonZeroValue": list_functions.optional_of_non_zero,
    "optional.unwrap": list_functions.unwrap,
    "unwrapOpt": list_functions.unwrap,
    "value": list_functions.optional_value,
    "hasValue": list_functions.has_value,
    "cel.@mapInsert": list_functions.insert,
    "quantity": kubernetes_types.quantity,
    "isQuantity": kubernetes_types.is_quantity,
    "sign": kubernetes_types.sign,
    "isGreaterThan": kubernetes_types.is_greater_than,
    "isLessThan": kubernetes_types.is_less_than,
    "compareTo": kubernetes_types.compare_to,
    "asApproximateFloat": kubernetes_types.as_approximate_float,
    "asInteger": kubernetes_types.as_integer,
    "isInteger": kubernetes_types.is_integer,
    "add": kubernetes_types.add,
    "sub": kubernetes_types.sub,
    "semver": kubernetes_types.semver,
    "isSemver": kubernetes_types.is_semver,
    "major": kubernetes_types.major,
    "minor": kubernetes_types.minor,
    "patch": kubernetes_types.patch,
    "url": network.url,
    "isURL": network.is_url,
    "getScheme": network.get_scheme,
    "getHost": network.get_host,
    "getHostname": network.get_hostname,
    "getPort": network.get_port,
    "getEscapedPath": network.get_escaped_path,
    "getQuery": network.get_query,
    "ip": network.ip,
    "isIP": network.is_ip,
    "ip.isCanonical": network.is_canonical,
    "family": network.family,
    "isUnspecified": network.is_unspecified,
    "isLoopback": network.is_loopback,
    "isLinkLocalMulticast": network.is_link_local_multicast,
    "isLinkLocalUnicast": network.is_link_local_unicast,
    "isGlobalUnicast": network.is_global_unicast,
    "cidr": network.cidr,
    "isCIDR": network.is_cidr,
    "containsIP": network.contains_ip,
    "containsCIDR": network.contains_cidr,
    "prefixLength": network.prefix_length,
    "masked": network.masked,
    "format.named": formats.named,
    "validate": formats.validate,
    **{f"format.{name}": partial(_named_format, name) for name in FORMATS},
}
FUNCTIONS: Mapping[str, Function] = {name: _described(name, function) for name, function in _IMPLEMENTATIONS.items()}
"""Functions whose arguments are all computed first. ``&&``, ``||``, ``?:`` and their kind are the program's."""
MATCHES_CONSTANT: Function = _described(_MATCHES_CONSTANT, text_functions.matches)
"""``matches`` with a pattern that cel-go compiles beforehand, so that it has other words for what is no string."""
