"""Names in resource.k8s.io, and the faults that they can have (pkg/apis/resource/validation, 1.37)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.metadata import dns_label_faults, subdomain_faults

DRIVER_NAME_LENGTH = 63
_POOL_NAME_LENGTH = 253
_IDENTIFIER_LENGTH = 32
_C_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_C_IDENTIFIER_RULE = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters "
    "or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def request_name_faults(path: str, name: str) -> Iterator[Refusal]:
    """A request or subrequest: a DNS label."""
    yield from required_label_faults(path, name)


def required_label_faults(path: str, name: str) -> Iterator[Refusal]:
    """A DNS label that must be there."""
    if name:
        yield from dns_label_faults(path, name)
    else:
        yield faults.required(path)


def driver_name_faults(path: str, name: str) -> Iterator[Refusal]:
    """A driver: a DNS subdomain of at most 63 characters, in either case of letters."""
    if not name:
        yield faults.required(path)
        return
    if len(name) > DRIVER_NAME_LENGTH:
        yield faults.too_long(path, DRIVER_NAME_LENGTH)
    yield from subdomain_faults(path, name.lower())


def pool_name_faults(path: str, name: str) -> Iterator[Refusal]:
    """A pool: DNS subdomains separated by slashes."""
    if not name:
        yield faults.required(path)
        return
    if len(name) > _POOL_NAME_LENGTH:
        yield faults.too_long(path, _POOL_NAME_LENGTH)
    for part in name.split("/"):
        yield from subdomain_faults(path, part)


def qualified_faults(path: str, name: str, *, with_domain: bool = False) -> Iterator[Refusal]:
    """An attribute or capacity: a C identifier of at most 32 characters, after a domain and a slash if one is there."""
    domain, slash, identifier = name.partition("/")
    if not slash:
        domain, identifier = "", name
        if with_domain:
            yield faults.invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash")
    elif not domain:
        yield faults.invalid(path, "", "the domain must not be empty")
    else:
        yield from driver_name_faults(path, domain)
    if slash and not identifier:
        yield faults.invalid(path, "", "the name must not be empty")
        return
    if len(identifier) > _IDENTIFIER_LENGTH:
        yield faults.too_long(path, _IDENTIFIER_LENGTH)
    if not _C_IDENTIFIER.fullmatch(identifier):
        yield faults.invalid(path, identifier, _C_IDENTIFIER_RULE)


def share_id_faults(path: str, share_id: str) -> Iterator[Refusal]:
    """A share: a lower-case UUID."""
    if not _UUID.fullmatch(share_id):
        yield faults.invalid(
            path,
            share_id,
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase "
            "hexadecimal characters",
        )


def size_faults(path: str, items: Sequence[Json], most: int) -> Iterator[Refusal]:
    """A list with too many entries."""
    if len(items) > most:
        yield faults.too_many(path, len(items), most)


def duplicate_faults(path: str, keys: Sequence[Json], field: str = "") -> Iterator[Refusal]:
    """Entries whose key another entry before them has."""
    seen: list[Json] = []
    for i, key in enumerate(keys):
        if key in seen:
            yield faults.duplicate(f"{path}[{i}]" + (f".{field}" if field else ""), key)
        seen.append(key)
