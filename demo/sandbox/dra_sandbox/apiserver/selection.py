"""Label and field selectors (apimachinery labels, fields): read, then asked of objects."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.resources import Resource


class Requirement(msgspec.Struct, frozen=True):
    """One condition: operator ``in``, ``notin``, ``exists``, ``!``, ``gt`` or ``lt`` over a label or a field."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Whether a value (None: absent) satisfies the condition."""
        match self.operator:
            case "exists":
                return value is not None
            case "!":
                return value is None
            case "in":
                return value is not None and value in self.values
            case "notin":
                return value is None or value not in self.values
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        try:
            left, right = int(value or ""), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator == "gt" else left < right


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects a list or a watch is about."""

    namespace: str = ""
    name: str = ""
    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    def selects(self, value: JsonObject) -> bool:
        """Whether the object is one of them."""
        metadata = object_at(value, "metadata")
        if self.namespace and metadata.get("namespace") != self.namespace:
            return False
        if self.name and metadata.get("name") != self.name:
            return False
        if self.labels:
            labels = object_at(metadata, "labels")
            if not all(wanted.holds(_text_or_none(labels.get(wanted.key))) for wanted in self.labels):
                return False
        return all(wanted.holds(field_text(value, wanted.key)) for wanted in self.fields)

    @property
    def everything(self) -> bool:
        """Whether labels and fields restrict nothing."""
        return not self.labels and not self.fields


def selection_of(
    resource: Resource, namespace: str, name: str, label_selector: str, field_selector: str
) -> Selection | Problem:
    """Read both selectors, or say what is wrong with them."""
    labels = read_labels(label_selector)
    if isinstance(labels, str):
        return bad_request(f'unable to parse requirement: found "{labels}" in labelSelector "{label_selector}"')
    fields = _read_fields(field_selector)
    if isinstance(fields, str):
        return bad_request(f"invalid selector: '{field_selector}'; can't understand '{fields}'")
    allowed = ("metadata.name", "metadata.namespace", *resource.selectable)
    for requirement in fields:
        if requirement.key not in allowed:
            return bad_request(
                f'Unable to find "{resource.group}/{resource.version}, Resource={resource.plural}" that match label '
                f'selector "{label_selector}", field selector "{field_selector}": field label not supported: '
                f"{requirement.key}"
            )
    return Selection(namespace=namespace, name=name, labels=labels, fields=fields)


def selects_labels(selector: JsonObject, labels: Mapping[str, str]) -> bool:
    """Whether a meta/v1 LabelSelector selects an object with these labels; an empty one selects everything."""
    if any(labels.get(key) != value for key, value in object_at(selector, "matchLabels").items()):
        return False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    return all(
        Requirement(
            text_at(one, "key"),
            operators.get(text_at(one, "operator"), "in"),
            tuple(str(value) for value in list_at(one, "values")),
        ).holds(labels.get(text_at(one, "key")))
        for one in list_at(selector, "matchExpressions")
    )


_SET = re.compile(r"^(?P<key>[^\s!=<>(),]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=<>(),]+)\s*(?P<operator>==|=|!=|>|<)\s*(?P<value>[^\s!=<>(),]*)$")
_EXISTS = re.compile(r"^(?P<bang>!?)\s*(?P<key>[^\s!=<>(),]+)$")


def read_labels(text: str) -> tuple[Requirement, ...] | str:
    """Read a label selector; the answer is a text if that part cannot be read."""
    requirements: list[Requirement] = []
    for part in _parts(text):
        if found := _SET.match(part):
            values = tuple(value.strip() for value in found["values"].split(","))
            requirements.append(Requirement(found["key"], found["operator"], values))
        elif found := _EQUAL.match(part):
            operator = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}[found["operator"]]
            requirements.append(Requirement(found["key"], operator, (found["value"],)))
        elif found := _EXISTS.match(part):
            requirements.append(Requirement(found["key"], "!" if found["bang"] else "exists"))
        else:
            return part
    return tuple(requirements)


def _parts(text: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _read_fields(text: str) -> tuple[Requirement, ...] | str:
    requirements: list[Requirement] = []
    for part in text.split(","):
        if not part.strip():
            continue
        found = re.match(r"^\s*(?P<key>[^=!]+?)\s*(?P<operator>==|=|!=)(?P<value>.*)$", part)
        if found is None:
            return part
        operator = "notin" if found["operator"] == "!=" else "in"
        requirements.append(Requirement(found["key"], operator, (found["value"].strip(),)))
    return tuple(requirements)


def field_text(value: JsonObject, path: str) -> str:
    """The value of a field as selectors see it: absent is the empty text."""
    if path == "source":
        path = "source.component"
    found = at(value, *path.split("."))
    if found is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)


def _text_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) else None
