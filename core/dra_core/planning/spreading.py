"""Which pods, and which nodes, count for a topology spread constraint, whether it refuses nodes or ranks them."""

from __future__ import annotations

from dra_core.planning.label_selectors import is_empty, label_selected
from dra_core.planning.node_rules import selected_by, untolerated
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import LabelSelector, Pod, PodSpec, TopologySpreadConstraint


def is_spread(selector: LabelSelector | None, namespace: str, other: Pod) -> bool:
    """Whether the pod is one of those that are to be spread; an empty selector has none (countPodsMatchSelector)."""
    return (
        other.metadata.namespace == namespace
        and other.metadata.deletion_timestamp is None
        and not is_empty(selector)
        and label_selected(selector, other.metadata.labels)
    )


def is_considered(constraint: TopologySpreadConstraint, spec: PodSpec, node: Node) -> bool:
    """Whether the node counts, by the constraint's inclusion policies (nodeAffinityPolicy, nodeTaintsPolicy)."""
    return (constraint.node_affinity_policy == "Ignore" or selected_by(spec, node)) and (
        constraint.node_taints_policy != "Honor" or untolerated(node.spec.taints, spec.tolerations) is None
    )
