"""NodeSelector (core/v1) and the nodes it selects."""

from __future__ import annotations

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.node import Node


class NodeSelectorRequirement(ApiRecord, frozen=True, kw_only=True):
    """One condition on a label or, in ``matchFields``, on ``metadata.name``."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class NodeSelectorTerm(ApiRecord, frozen=True, kw_only=True):
    """Conditions that must all hold; a term without any selects nothing."""

    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    match_fields: tuple[NodeSelectorRequirement, ...] = ()


class NodeSelector(ApiRecord, frozen=True, kw_only=True):
    """Terms of which one must hold."""

    node_selector_terms: tuple[NodeSelectorTerm, ...]


def selects(selector: NodeSelector, node: Node) -> bool:
    """Whether the selector selects the node (core/v1 NodeSelector: OR of terms, AND inside)."""
    return any(_term_selects(term, node) for term in selector.node_selector_terms)


def _term_selects(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    labels, name = node.metadata.labels, node.metadata.name
    if not all(_holds(requirement, labels.get(requirement.key)) for requirement in term.match_expressions):
        return False
    # A node without a name has no fields, and component-helpers then asks for none; an unknown field counts as "".
    return not name or all(
        _holds(requirement, name if requirement.key == "metadata.name" else "") for requirement in term.match_fields
    )


def _holds(requirement: NodeSelectorRequirement, value: str | None) -> bool:
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
        case _:
            return False


def _compares(requirement: NodeSelectorRequirement, value: str | None) -> bool:
    """Gt and Lt compare whole numbers; anything else does not match."""
    if value is None or len(requirement.values) != 1:
        return False
    try:
        left, right = int(value), int(requirement.values[0])
    except ValueError:
        return False
    return left > right if requirement.operator == "Gt" else left < right
