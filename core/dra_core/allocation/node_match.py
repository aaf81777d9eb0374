"""Whether devices can be used on a node (NodeMatches of the scheduler, over nodeaffinity of component-helpers)."""

from __future__ import annotations

from dra_core.allocation.node_selector_faults import unparsable
from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import NodeSelector, selects


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
    return unparsable(selector) or selects(selector, node)
