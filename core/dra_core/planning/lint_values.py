"""The API server's rules for single values in resource.k8s.io: names, quantities, versions, expressions, parameters.

Sources: pkg/apis/resource/validation and types.go of Kubernetes 1.37; apimachinery validation for names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from dra_core.allocation.selectors import Questions
from dra_core.cel.environment import EXPRESSION_LENGTH
from dra_core.planning.claim_faults import opaque_faults
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.device import DeviceTaint
from dra_core.snapshot.device_class import DeviceSelector, OpaqueDeviceConfiguration
from dra_core.snapshot.driver_name import LONGEST_DRIVER_NAME, SUBDOMAIN
from dra_core.snapshot.quantity import Quantity, parse

MOST_IN_LIST = 32  # requests, constraints, config, selectors
MOST_PARAMETERS = 10 * 1024  # bytes of opaque parameters
EFFECTS = ("None", "NoSchedule", "NoExecute")

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
_KEY_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")

_Item = TypeVar("_Item")


def wrong(path: str, seen: str, hint: str = "", code: str = "Invalid") -> Refusal:
    """A value that the API server refuses."""
    return Refusal(code=code, fault=Fault.USER, path=path, seen=seen, hint=hint)


def too_many(items: Sequence[_Item] | Mapping[str, _Item], most: int, path: str) -> Iterator[Refusal]:
    """More than are allowed."""
    if len(items) > most:
        yield wrong(path, f"there are {len(items)}, {most} are allowed", code="TooMany")


def twice(names: Sequence[str], path: str, field: str = ".name") -> Iterator[Refusal]:
    """Names that come again."""
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            yield wrong(f"{path}[{i}]{field}", f'"{name}" comes twice', "names are unique here", "Duplicate")
        seen.add(name)


def dns_label(text: str, path: str) -> Iterator[Refusal]:
    """At most 63 lower-case letters, digits and dashes."""
    if not _LABEL.fullmatch(text):
        yield wrong(path, f'"{text}" is not a DNS label', "use up to 63 lower-case letters, digits and dashes")


def subdomain(text: str, path: str, most: int = 253) -> Iterator[Refusal]:
    """Lower-case labels with dots between them."""
    if len(text) > most or not SUBDOMAIN.fullmatch(text):
        hint = f"use up to {most} lower-case letters, digits, dashes and dots"
        yield wrong(path, f'"{text}" is not a DNS name', hint)


def driver_name(text: str, path: str) -> Iterator[Refusal]:
    """A DNS name of at most 63 characters."""
    yield from subdomain(text.lower(), path, LONGEST_DRIVER_NAME)


def pool_name(text: str, path: str) -> Iterator[Refusal]:
    """DNS names with slashes between them."""
    if not text or len(text) > 253 or not all(SUBDOMAIN.fullmatch(part) for part in text.split("/")):
        yield wrong(
            path, f'"{text}" is not a pool name', "use DNS names with slashes between them, up to 253 characters"
        )


def qualified_name(text: str, path: str, *, domain_needed: bool = False) -> Iterator[Refusal]:
    """``domain/id`` or, where the driver's domain is understood, ``id``."""
    domain, slash, identifier = text.rpartition("/")
    if slash:
        yield from driver_name(domain, path)
    elif domain_needed:
        yield wrong(path, f'"{text}" has no domain', "write it as domain/name, e.g. gpu.example.com/model")
    if not _IDENTIFIER.fullmatch(identifier):
        yield wrong(path, f'"{identifier}" is not an identifier', "use up to 32 letters, digits and underscores")


def label_key(text: str, path: str) -> Iterator[Refusal]:
    """A label key, as taints have it: a name with an optional DNS prefix."""
    prefix, slash, name = text.rpartition("/")
    if not _KEY_NAME.fullmatch(name) or (slash and not SUBDOMAIN.fullmatch(prefix)):
        yield wrong(path, f'"{text}" is not a label key', "write it as name or prefix/name")


def label_value(text: str, path: str) -> Iterator[Refusal]:
    """A label value."""
    if not _LABEL_VALUE.fullmatch(text):
        yield wrong(path, f'"{text}" is not a label value', "use up to 63 letters, digits, dashes, dots, underscores")


def quantity(text: str, path: str) -> Quantity | Refusal:
    """The amount, or that it is none."""
    found = parse(text)
    return wrong(path, f'"{text}" is not a quantity', "write it like 40Gi, 500m or 3") if found is None else found


def taint(item: DeviceTaint, path: str) -> Iterator[Refusal]:
    """A taint of a device."""
    yield from label_key(item.key, f"{path}.key")
    yield from label_value(item.value, f"{path}.value")
    if item.effect not in EFFECTS:
        yield wrong(f"{path}.effect", f'"{item.effect}" is not one of {", ".join(EFFECTS)}', code="NotAllowed")


def selectors(items: Sequence[DeviceSelector], path: str, questions: Questions) -> Iterator[Refusal]:
    """Selectors of a class or a request."""
    yield from too_many(items, MOST_IN_LIST, f"{path}.selectors")
    for i, item in enumerate(items):
        where = f"{path}.selectors[{i}].cel"
        if item.cel is None:
            yield wrong(where, "the selector says nothing", "give it a CEL expression", "Required")
            continue
        yield from expression(item.cel.expression, f"{where}.expression", questions)


def expression(text: str, path: str, questions: Questions) -> Iterator[Refusal]:
    """A condition in CEL: its length, and whether it compiles."""
    if len(text.encode()) > EXPRESSION_LENGTH:
        yield wrong(path, f"the expression is longer than {EXPRESSION_LENGTH} bytes", code="TooLong")
        return
    failure = questions.selector(text)
    if failure is not None:
        yield wrong(path, f"the expression does not compile: {failure.text}", code="ExpressionNotCompiling")


def opaque(item: OpaqueDeviceConfiguration | None, path: str) -> Iterator[Refusal]:
    """Opaque parameters, with what drakit's own drivers would say."""
    if item is None:
        yield wrong(path, "opaque is missing; there is no other kind of configuration", code="Required")
        return
    yield from driver_name(item.driver, f"{path}.opaque.driver")
    yield from opaque_faults(item, f"{path}.opaque", Fault.USER)
    size = len(msgspec.json.encode(item.parameters))
    if size > MOST_PARAMETERS:
        yield wrong(f"{path}.opaque.parameters", f"{size} bytes, {MOST_PARAMETERS} are allowed", code="TooLong")
