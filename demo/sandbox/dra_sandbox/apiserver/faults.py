"""Faults of fields in the words of a Kubernetes API server (apimachinery util/validation/field).

The code of a refusal is the reason of the cause, ``seen`` the text that clients and people know.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import Json, thaw


def _fault(reason: str, path: str, text: str) -> Refusal:
    return Refusal(code=reason, fault=Fault.USER, path=path, seen=text)


def shown(value: Json) -> str:
    """A value as messages show it: texts quoted, everything else as JSON."""
    return msgspec.json.encode(thaw(value)).decode()


def required(path: str, detail: str = "") -> Refusal:
    """A field that must be there."""
    return _fault("FieldValueRequired", path, f"Required value: {detail}" if detail else "Required value")


def invalid(path: str, value: Json, detail: str) -> Refusal:
    """A value that breaks a rule."""
    return _fault("FieldValueInvalid", path, f"Invalid value: {shown(value)}: {detail}")


def duplicate(path: str, value: Json) -> Refusal:
    """A value that must be there once only."""
    return _fault("FieldValueDuplicate", path, f"Duplicate value: {shown(value)}")


def not_supported(path: str, value: Json, supported: Sequence[str]) -> Refusal:
    """A value that is not one of the few that there are."""
    known = ", ".join(shown(item) for item in sorted(supported))
    return _fault("FieldValueNotSupported", path, f"Unsupported value: {shown(value)}: supported values: {known}")


def forbidden(path: str, detail: str) -> Refusal:
    """A field that must not be there, or not change so."""
    return _fault("FieldValueForbidden", path, f"Forbidden: {detail}")


def too_long(path: str, most: int, unit: str = "bytes") -> Refusal:
    """A text that is too long."""
    return _fault("FieldValueTooLong", path, f"Too long: may not be more than {most} {unit}")


def too_many(path: str, found: int, most: int) -> Refusal:
    """A list with too many entries."""
    return _fault("FieldValueTooMany", path, f"Too many: {found}: must have at most {most} items")


def not_found(path: str, value: Json) -> Refusal:
    """A reference to something that is not there."""
    return _fault("FieldValueNotFound", path, f"Not found: {shown(value)}")


def type_invalid(path: str, value: Json, detail: str) -> Refusal:
    """A value of a wrong JSON type, in a custom resource."""
    return _fault("FieldValueTypeInvalid", path, f"Invalid value: {shown(value)}: {detail}")
