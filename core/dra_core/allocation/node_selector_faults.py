"""What the scheduler says against a node selector that cannot be parsed (nodeaffinity of component-helpers 1.37)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from dra_core.cel.formats import faults
from dra_core.cel.operators import quoted
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from dra_core.snapshot.quantity import MOST

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_FIELD_OPERATORS = ("In", "NotIn")


def unparsable(selector: NodeSelector) -> str:
    """The whole message; "" for a selector that can be parsed."""
    found = tuple(selector_faults(selector))
    if not found:
        return ""
    joined = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
    return f"failed to parse node selector {as_go_prints(selector)}: {joined}"


def selector_faults(selector: NodeSelector) -> Iterator[str]:
    """What is wrong, in order; empty terms select nothing and are no fault."""
    for i, term in enumerate(selector.node_selector_terms):
        path = f"nodeSelectorTerms[{i}]"
        for j, requirement in enumerate(term.match_expressions):
            yield from _label_faults(requirement, f"{path}.matchExpressions[{j}]")
        for j, requirement in enumerate(term.match_fields):
            yield from _field_faults(requirement, f"{path}.matchFields[{j}]")


def _field_faults(requirement: NodeSelectorRequirement, path: str) -> Iterator[str]:
    if requirement.operator not in _FIELD_OPERATORS:
        yield _not_supported(path, requirement.operator, _FIELD_OPERATORS)
    elif len(requirement.values) != 1:
        yield f"{path}.values: Invalid value: {_list(requirement.values)}: must have one element"


def _label_faults(requirement: NodeSelectorRequirement, path: str) -> Iterator[str]:
    key, operator, values = requirement.key, requirement.operator, requirement.values
    if operator not in _OPERATORS:
        yield _not_supported(path, operator, _OPERATORS)
        return
    wrong_key = faults("qualifiedName", key)
    if wrong_key:
        yield f"{path}.key: Invalid value: {quoted(key)}: {'; '.join(wrong_key)}"
    wrong = _wrong_number(operator, len(values))
    if wrong:
        yield f"{path}.values: Invalid value: {_list(values)}: {wrong}"
    if operator in ("Gt", "Lt"):
        for i, value in enumerate(values):
            if not _is_int64(value):
                text = "for 'Gt', 'Lt' operators, the value must be an integer"
                yield f"{path}.values[{i}]: Invalid value: {quoted(value)}: {text}"
    for i, value in enumerate(values):
        wrong_value = faults("labelValue", value)
        if wrong_value:
            yield f"{path}.values[{i}][{key}]: Invalid value: {quoted(value)}: {'; '.join(wrong_value)}"


def _wrong_number(operator: str, count: int) -> str:
    if operator in ("In", "NotIn"):
        return "" if count else "for 'in', 'notin' operators, values set can't be empty"
    if operator in ("Exists", "DoesNotExist"):
        return "values set must be empty for exists and does not exist" if count else ""
    return "" if count == 1 else "for 'Gt', 'Lt' operators, exactly one value is required"


def _is_int64(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", text) is not None and -MOST - 1 <= int(text) <= MOST


def _not_supported(path: str, operator: str, supported: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in supported)
    return f"{path}.operator: Unsupported value: {quoted(operator)}: supported values: {names}"


def _list(values: Sequence[str]) -> str:
    """As JSON; a list that is not there is null."""
    return msgspec.json.encode(values).decode() if values else "null"


def as_go_prints(selector: NodeSelector) -> str:
    """The ``String()`` of Go's generated type."""
    terms = "".join(f"{_term(term)}," for term in selector.node_selector_terms)
    return f"&NodeSelector{{NodeSelectorTerms:[]NodeSelectorTerm{{{terms}}},}}"


def _term(term: NodeSelectorTerm) -> str:
    lists = (("MatchExpressions", term.match_expressions), ("MatchFields", term.match_fields))
    parts = "".join(
        f"{name}:[]NodeSelectorRequirement{{{''.join(map(_requirement, requirements))}}},"
        for name, requirements in lists
    )
    return f"NodeSelectorTerm{{{parts}}}"


def _requirement(requirement: NodeSelectorRequirement) -> str:
    values = " ".join(requirement.values)
    return f"NodeSelectorRequirement{{Key:{requirement.key},Operator:{requirement.operator},Values:[{values}],}},"
