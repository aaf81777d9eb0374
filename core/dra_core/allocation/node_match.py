"""Whether devices can be used on a node (NodeMatches of the scheduler, over nodeaffinity of component-helpers)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, selects

_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?")  # apimachinery validation: IsValidLabelValue
_MOST_LABEL_CHARACTERS = 63


def node_matches(
    node: Node, node_name: str | None, all_nodes: bool | None, selector: NodeSelector | None
) -> bool | str:
    """Whether the node is meant; a text says what is wrong with the selector."""
    if node_name:
        return node.metadata.name == node_name
    if all_nodes:
        return True
    if selector is None:
        return False
    faults = tuple(selector_faults(selector))
    if faults:
        joined = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
        return f"failed to parse node selector: {joined}"
    return selects(selector, node)


def selector_faults(selector: NodeSelector) -> Iterator[str]:
    """What the API server would refuse in the selector; empty terms select nothing and are no fault."""
    for i, term in enumerate(selector.node_selector_terms):
        yield from _term_faults(term, f"nodeSelectorTerms[{i}]")


def _term_faults(term: NodeSelectorTerm, path: str) -> Iterator[str]:
    for i, requirement in enumerate(term.match_expressions):
        fault = _label_fault(requirement)
        if fault:
            yield f"{path}.matchExpressions[{i}].{fault}"
    for i, requirement in enumerate(term.match_fields):
        if requirement.operator not in ("In", "NotIn"):
            yield f'{path}.matchFields[{i}].operator: Unsupported value: "{requirement.operator}"'
        elif len(requirement.values) != 1:
            yield f"{path}.matchFields[{i}].values: Invalid value: must have one element"


def _label_fault(requirement: NodeSelectorRequirement) -> str:
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                return "values: Invalid value: must be non-empty when `operator` is `In` or `NotIn`"
        case "Exists" | "DoesNotExist":
            if requirement.values:
                return "values: Invalid value: must be empty when `operator` is `Exists` or `DoesNotExist`"
        case "Gt" | "Lt":
            if len(requirement.values) != 1:
                return "values: Invalid value: must have a single element when `operator` is `Gt` or `Lt`"
            if not re.fullmatch(r"[+-]?[0-9]+", requirement.values[0]):
                return f'values[0]: Invalid value: "{requirement.values[0]}": must be an integer'
        case _:
            return f'operator: Invalid value: "{requirement.operator}": not a valid selector operator'
    for i, value in enumerate(requirement.values):
        if len(value) > _MOST_LABEL_CHARACTERS or not _LABEL.fullmatch(value):
            return f'values[{i}]: Invalid value: "{value}": not a valid label value'
    return ""
