"""Named formats of strings (k8s.io/apiserver/pkg/cel/library/format.go; rules of apimachinery's validation)."""

from __future__ import annotations

import base64
import binascii
import datetime
import re

from dra_core.cel.network import url_error
from dra_core.cel.values import NONE, Format, Optional, Value, no_such_overload

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)t([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]\d\d:\d\d)", re.IGNORECASE
)
_LONGEST = {"label": 63, "subdomain": 253}

REGEX_SIZES = {
    "dns1123Label": 30, "dns1123Subdomain": 60, "dns1035Label": 30, "qualifiedName": 60, "dns1123LabelPrefix": 30,
    "dns1123SubdomainPrefix": 60, "dns1035LabelPrefix": 30, "labelValue": 40, "uri": 1103, "uuid": 70, "byte": 84,
    "date": 71, "datetime": 71,
}  # fmt: skip
"""What a format costs to check, as length of a regular expression (library/format.go)."""

_NAME_RULES = {
    "dns1123Label": (_LABEL, 63, "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                     "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
                     "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"),
    "dns1123Subdomain": (_SUBDOMAIN, 253, "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                         "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
                         "'example.com', regex used for validation is "
                         r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"),
    "dns1035Label": (_LABEL_1035, 63, "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
                     "start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or"
                     " 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"),
}  # fmt: skip
_LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_NAME = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def named(name: Value) -> Value:
    """``format.named``."""
    if not isinstance(name, str):
        raise no_such_overload()
    return Optional(Format(name)) if name in REGEX_SIZES else NONE


def validate(target: Value, text: Value) -> Value:
    """``validate``: none if the text has the format, else what is wrong."""
    if not isinstance(target, Format) or not isinstance(text, str):
        raise no_such_overload()
    found: list[Value] = [*faults(target.name, text)]
    return Optional(found) if found else NONE


def faults(name: str, text: str) -> list[str]:
    """What is wrong with a text that should have a named format."""
    base = name.removesuffix("Prefix")
    if base in _NAME_RULES:
        pattern, longest, words = _NAME_RULES[base]
        # A name's prefix may end in a dash: the dash is taken for a letter, as apimachinery does.
        checked = text[:-1] + "a" if name.endswith("Prefix") and len(text) > 1 and text.endswith("-") else text
        found = [f"must be no more than {longest} characters"] if len(checked) > longest else []
        return found if re.fullmatch(pattern, checked) else [*found, words]
    match name:
        case "labelValue":
            found = ["must be no more than 63 bytes"] if len(text) > 63 else []
            return found if re.fullmatch(f"({_QUALIFIED})?", text) else [*found, _LABEL_VALUE]
        case "qualifiedName":
            return _qualified(text)
        case "uri":
            wrong = url_error(text)
            return [wrong] if wrong else []
        case "uuid":
            return [] if _UUID.fullmatch(text) else ["does not match the UUID format"]
        case "byte":
            return [] if _is_base64(text) else ["invalid base64"]
        case "date":
            return [] if _is_date(text) else ["invalid date"]
        case _:
            moment = _DATETIME.fullmatch(text)
            return [] if moment and _is_date(moment[1]) else ["invalid datetime"]


def _qualified(text: str) -> list[str]:
    found: list[str] = []
    parts = text.split("/")
    if len(parts) > 2:
        return [
            f"a valid label key {_QUALIFIED_NAME.removesuffix(')')})"
            " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    if len(parts) == 2:
        if not parts[0]:
            found.append("prefix part must be non-empty")
        else:
            found += [f"prefix part {fault}" for fault in faults("dns1123Subdomain", parts[0])]
    name = parts[-1]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append("name part must be no more than 63 bytes")
    return found if re.fullmatch(_QUALIFIED, name) else [*found, f"name part {_QUALIFIED_NAME}"]


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(text)


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and datetime.date.fromisoformat(text) is not None
    except ValueError:
        return False
