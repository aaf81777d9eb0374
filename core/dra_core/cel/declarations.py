"""The functions that Kubernetes adds to CEL, and since which version.

Sources: k8s.io/apiserver/pkg/cel/environment/base.go and ../library, cel-go's ext.Strings (version 2), ext.Sets,
cross-type numeric comparisons. One line an overload: ``function(parameters) result``, with ``.`` before it for a
method, whose first parameter is its object.
"""

from __future__ import annotations

from functools import cache

import msgspec

from dra_core.cel.environment import Environment

QUANTITY = "kubernetes.Quantity"
SEMVER = "kubernetes.Semver"
URL = "kubernetes.URL"
FORMAT = "kubernetes.NamedFormat"
ADDRESS = "net.IP"
NETWORK = "net.CIDR"

_TEXT = """
.charAt(string,int) string
.indexOf(string,string) int
.indexOf(string,string,int) int
.lastIndexOf(string,string) int
.lastIndexOf(string,string,int) int
.lowerAscii(string) string
.upperAscii(string) string
.replace(string,string,string) string
.replace(string,string,string,int) string
.split(string,string) list<string>
.split(string,string,int) list<string>
.substring(string,int) string
.substring(string,int,int) string
.trim(string) string
.format(string,list<dyn>) string
strings.quote(string) string
.join(list<string>) string
.join(list<string>,string) string
.find(string,string) string
.findAll(string,string) list<string>
.findAll(string,string,int) list<string>
"""
_LISTS = """
.indexOf(list<~A>,~A) int
.lastIndexOf(list<~A>,~A) int
sets.contains(list<~A>,list<~A>) bool
sets.equivalent(list<~A>,list<~A>) bool
sets.intersects(list<~A>,list<~A>) bool
.flatte_(list<list<~A>>) list<~A>
.flatte_(list<dyn>,int) list<dyn>
"""
_QUANTITY = """
quantity(string) Q
isQuantity(string) bool
sign(Q) int
.isGreaterThan(Q,Q) bool
.isLessThan(Q,Q) bool
.compareTo(Q,Q) int
.asApproximateFloat(Q) double
.asInteger(Q) int
.isInteger(Q) bool
.add(Q,Q) Q
.add(Q,int) Q
.sub(Q,Q) Q
.sub(Q,int) Q
"""
_SEMVER = """
semver(string) S
semver(string,bool) S
isSemver(string) bool
isSemver(string,bool) bool
.isGreaterThan(S,S) bool
.isLessThan(S,S) bool
.compareTo(S,S) int
.major(S) int
.minor(S) int
.patch(S) int
"""
_URLS = """
url(string) U
isURL(string) bool
.getScheme(U) string
.getHost(U) string
.getHostname(U) string
.getPort(U) string
.getEscapedPath(U) string
.getQuery(U) map<string,list<string>>
"""
_NETWORK = """
ip(string) A
isIP(string) bool
ip.isCanonical(string) bool
.family(A) int
.isUnspecified(A) bool
.isLoopback(A) bool
.isLinkLocalMulticast(A) bool
.isLinkLocalUnicast(A) bool
.isGlobalUnicast(A) bool
cidr(string) N
isCIDR(string) bool
.containsIP(N,string) bool
.containsIP(N,A) bool
.containsCIDR(N,string) bool
.containsCIDR(N,N) bool
.ip(N) A
.prefixLength(N) int
.masked(N) N
string(A) string
string(N) string
string(string) string
string(bool) string
string(bytes) string
string(double) string
string(google.protobuf.Duration) string
string(int) string
string(google.protobuf.Timestamp) string
string(uint) string
"""
_FORMAT = """
format.named(string) optional_type<F>
.validate(F,string) optional_type<list<string>>
"""
FORMATS = (
    "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix",
    "dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime",
)  # fmt: skip
_OPTIONAL = """
optional.unwrap(list<optional_type<~V>>) list<~V>
.unwrapOpt(list<optional_type<~V>>) list<~V>
"""
_INCLUDES = ".includes(dyn,dyn) bool"

_ABBREVIATIONS = {"Q": QUANTITY, "S": SEMVER, "U": URL, "F": FORMAT, "A": ADDRESS, "N": NETWORK}
_NUMBERS = ("int", "uint", "double")
_ORDERED = ("bool", "string", "bytes", "google.protobuf.Timestamp", "google.protobuf.Duration")
RELATIONS = ("_<_", "_<=_", "_>_", "_>=_")
REPLACED = (*RELATIONS, "string")
"""Standard functions that are declared here as a whole, because overloads are added to them."""

EXTENSIONS = ("bindings", "optional", "two-var-comprehensions", "lists")


class Overload(msgspec.Struct, frozen=True):
    """One way to call a function; types in brackets, parameters of types with ``~``."""

    function: str
    method: bool
    parameters: tuple[str, ...]
    result: str


@cache
def overloads(environment: Environment) -> tuple[Overload, ...]:
    """All overloads beyond the standard library and ``EXTENSIONS``."""
    lines = [
        line
        for block in (_TEXT, _LISTS, _QUANTITY, _SEMVER, _URLS, _NETWORK, _FORMAT, _OPTIONAL)
        for line in block.strip().split("\n")
    ]
    lines += [f"format.{name}() F" for name in FORMATS]
    lines += [f".{name}(list<{element}>) bool" for name in ("isSorted",) for element in (*_NUMBERS, *_ORDERED)]
    lines += [f".{name}(list<{element}>) {element}" for name in ("min", "max") for element in (*_NUMBERS, *_ORDERED)]
    lines += [f".sum(list<{element}>) {element}" for element in (*_NUMBERS, "google.protobuf.Duration")]
    for relation in RELATIONS:
        lines += [f"{relation}({left},{right}) bool" for left in _NUMBERS for right in _NUMBERS]
        lines += [f"{relation}({kind},{kind}) bool" for kind in _ORDERED]
    if environment.includes:
        lines.append(_INCLUDES)
    return tuple(_overload(line) for line in lines)


def split_types(text: str) -> list[str]:
    """The parts of ``a,map<b,c>``: split at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]] if text else []


def _overload(line: str) -> Overload:
    head, _, result = line.partition(") ")
    name, _, parameters = head.partition("(")
    types = tuple(_type(text) for text in split_types(parameters))
    return Overload(name.lstrip("."), name.startswith("."), types, _type(result))


def _type(text: str) -> str:
    if text in _ABBREVIATIONS:
        return _ABBREVIATIONS[text]
    if text.startswith("optional_type<"):
        return f"optional_type<{_type(text[14:-1])}>"
    return text
