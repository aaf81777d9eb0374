"""IP addresses, networks and URLs (k8s.io/apiserver/pkg/cel/library/ip.go, cidr.go, urls.go)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import unquote, unquote_plus

from dra_core.cel.operators import quoted
from dra_core.cel.values import EvaluationError, Network, Url, Value, no_such_overload

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _address(text: Value) -> IPv4Address | IPv6Address | str:
    """The address, or why there is none."""
    if not isinstance(text, str):
        raise no_such_overload()
    name = quoted(text)
    bare, zone, _ = text.partition("%")
    try:
        address: IPv4Address | IPv6Address = IPv6Address(bare) if ":" in text else IPv4Address(text)
    except (AddressValueError, ValueError):
        return f"IP Address {name} parse error during conversion from string: ParseAddr({name}): unable to parse IP"
    if zone:
        return f"IP address {name} with zone value is not allowed"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"IPv4-mapped IPv6 address {name} is not allowed"
    return address


def ip(value: Value) -> Value:
    """``ip`` of a string, or the address of a network."""
    if isinstance(value, Network):
        return value.address
    found = _address(value)
    if isinstance(found, str):
        raise EvaluationError(found)
    return found


def is_ip(text: Value) -> Value:
    """``isIP``."""
    return not isinstance(_address(text), str)


def is_canonical(text: Value) -> Value:
    """``ip.isCanonical``."""
    return str(ip(text)) == text


def _known(value: Value) -> IPv4Address | IPv6Address:
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    raise no_such_overload()


def family(value: Value) -> Value:
    """``family``: 4 or 6."""
    return _known(value).version


def is_unspecified(value: Value) -> Value:
    """``isUnspecified``."""
    return _known(value).is_unspecified


def is_loopback(value: Value) -> Value:
    """``isLoopback``."""
    return _known(value).is_loopback


def is_link_local_multicast(value: Value) -> Value:
    """``isLinkLocalMulticast``: 224.0.0.0/24, ff02::/16 of any flags."""
    address = _known(value)
    if isinstance(address, IPv4Address):
        return address in IPv4Network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def is_link_local_unicast(value: Value) -> Value:
    """``isLinkLocalUnicast``."""
    return _known(value).is_link_local


def is_global_unicast(value: Value) -> Value:
    """``isGlobalUnicast``: Go's meaning, private ranges included."""
    address = _known(value)
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and address != IPv4Address("255.255.255.255")


def _network(text: Value) -> Network | str:
    if not isinstance(text, str):
        raise no_such_overload()
    name = quoted(text)
    bare, slash, bits = text.rpartition("/")
    failed = f"network address parse error during conversion from string: netip.ParsePrefix({name})"
    if not slash:
        return f"{failed}: no '/'"
    try:
        address: IPv4Address | IPv6Address = IPv6Address(bare) if ":" in bare else IPv4Address(bare)
    except (AddressValueError, ValueError):
        return f"{failed}: ParseAddr({quoted(bare)}): unable to parse IP"
    if "%" in bare:
        return f"{failed}: IPv6 zones cannot be present in a prefix"
    if not (bits.isascii() and bits.isdigit()) or (len(bits) > 1 and bits[0] == "0"):
        return f"{failed}: bad bits after slash: {quoted(bits)}"
    if int(bits) > address.max_prefixlen:
        return f"{failed}: prefix length out of range"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"IPv4-mapped IPv6 address {name} is not allowed"
    return Network(address, int(bits))


def cidr(text: Value) -> Value:
    """``cidr``."""
    found = _network(text)
    if isinstance(found, str):
        raise EvaluationError(f"network address parse error during conversion from string: {found}")
    return found


def is_cidr(text: Value) -> Value:
    """``isCIDR``."""
    return not isinstance(_network(text), str)


def _masked(network: Network) -> IPv4Network | IPv6Network:
    if isinstance(network.address, IPv4Address):
        return IPv4Network((network.address, network.bits), strict=False)
    return IPv6Network((network.address, network.bits), strict=False)


def _known_network(value: Value) -> Network:
    if isinstance(value, Network):
        return value
    raise no_such_overload()


def contains_ip(target: Value, other: Value) -> Value:
    """``containsIP`` of an address or its text."""
    network, found = _known_network(target), _address(other) if isinstance(other, str) else _known(other)
    if isinstance(found, str):
        raise EvaluationError("no such overload")  # Go hands the error on as a value of the wrong type
    return found.version == network.address.version and found in _masked(network)


def contains_cidr(target: Value, other: Value) -> Value:
    """``containsCIDR`` of a network or its text."""
    network, found = _known_network(target), _network(other) if isinstance(other, str) else _known_network(other)
    if isinstance(found, str):
        raise EvaluationError(f"network address parse error during conversion from string: {found}")
    if found.address.version != network.address.version or network.bits > found.bits:
        return False
    return _masked(network).overlaps(_masked(found))


def prefix_length(target: Value) -> Value:
    """``prefixLength``."""
    return _known_network(target).bits


def masked(target: Value) -> Value:
    """``masked``: bits behind the prefix cleared."""
    network = _known_network(target)
    return Network(_masked(network).network_address, network.bits)


def _parsed_url(text: Value) -> Url | str:
    """Go's url.ParseRequestURI, then url.Parse: absolute, or a path from the root."""
    if not isinstance(text, str):
        raise no_such_overload()
    failed = f"parse {quoted(text)}: "
    if not text:
        return failed + "empty url"
    if _CONTROL.search(text.replace(" ", "")):
        return failed + "net/url: invalid control character in URL"
    if text == "*":
        return Url(text, "", "", "*", "")
    scheme = _SCHEME.match(text)
    if text.startswith(":"):
        return failed + "missing protocol scheme"
    rest = text[scheme.end() :] if scheme else text
    main, _, _ = rest.partition("#")
    before, _, query = main.partition("?")
    if not before.startswith("/"):
        if scheme is None:
            return failed + "invalid URI for request"
        return Url(text, scheme[1].lower(), "", "", query)
    host, path = "", before
    if before.startswith("//") and (scheme is not None or not before.startswith("///")):
        authority, slash, tail = before[2:].partition("/")
        host, path = authority.rpartition("@")[2], slash + tail
        wrong = _wrong_host(host)
        if wrong:
            return failed + wrong
    bad = _PERCENT.search(path)
    if bad:
        return f"{failed}invalid URL escape {quoted(path[bad.start() : bad.start() + 3])}"
    return Url(text, scheme[1].lower() if scheme else "", unquote(host), path, query)


def _wrong_host(host: str) -> str:
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if host.startswith("[") and "]" not in host:
        return "missing ']' in host"
    if colon and port and not (port.isascii() and port.isdigit()):
        return f"invalid port {quoted(':' + port)} after host"
    if colon and ":" in name and not name.startswith("["):
        return f"invalid port {quoted(host[host.index(':') :])} after host"
    bad = re.search(r'[ <>"\\^`{|}]', host)
    return f"invalid character {quoted(bad[0])} in host name" if bad else ""


def url(text: Value) -> Value:
    """``url``."""
    found = _parsed_url(text)
    if isinstance(found, str):
        raise EvaluationError(f"URL parse error during conversion from string: {found}")
    return found


def is_url(text: Value) -> Value:
    """``isURL``."""
    return not isinstance(_parsed_url(text), str)


def url_error(text: str) -> str:
    """Why a text is no URL; "" if it is one."""
    found = _parsed_url(text)
    return found if isinstance(found, str) else ""


def _known_url(value: Value) -> Url:
    if isinstance(value, Url):
        return value
    raise no_such_overload()


def get_scheme(target: Value) -> Value:
    """``getScheme``."""
    return _known_url(target).scheme


def get_host(target: Value) -> Value:
    """``getHost``, with the port."""
    return _known_url(target).host


def get_hostname(target: Value) -> Value:
    """``getHostname``, without port and brackets."""
    host = _known_url(target).host
    name, _, port = host.rpartition(":")
    bare = name if name and (not port or port.isdigit()) else host
    return bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare


def get_port(target: Value) -> Value:
    """``getPort``."""
    name, _, port = _known_url(target).host.rpartition(":")
    return port if name and port.isdigit() else ""


def get_escaped_path(target: Value) -> Value:
    """``getEscapedPath``."""
    return _known_url(target).path


def get_query(target: Value) -> Value:
    """``getQuery``: by name the values in order."""
    found: dict[Value, Value] = {}
    for pair in _known_url(target).query.split("&"):
        if not pair or ";" in pair or _PERCENT.search(pair):
            continue  # Go drops what it cannot read
        key, _, value = pair.partition("=")
        values = found.setdefault(unquote_plus(key), [])
        if isinstance(values, list):
            values.append(unquote_plus(value))
    return found
