"""Which nodes take a pod as far as the node itself decides: its name, cordons, taints, selectors, affinity to nodes.

These are kube-scheduler's filters; as there, the first that refuses speaks alone. What other pods decide is in
``neighbours`` and ``host_ports``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dra_core.snapshot.node import Node, NodeTaint
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorTerm, selects
from dra_core.snapshot.pod import PodSpec, Toleration

UNSCHEDULABLE = NodeTaint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")  # what spec.unschedulable means
KEEPING_AWAY = ("NoSchedule", "NoExecute")


class NodeRefusal(msgspec.Struct, frozen=True):
    """Why a node does not take a pod.

    Attributes:
        rule: ``NodeName``, ``Cordon``, ``NodeTaint``, ``NodeSelector``, ``HostPort``, ``Resources``,
            ``TopologySpread``, ``PodAffinity``, ``PodAntiAffinity``, ``OthersAntiAffinity``, ``ClaimElsewhere``,
            ``ClaimNotShared`` or ``NodeAllocatable``.
        text: For people.
        taint: The taint, for ``NodeTaint``.
        alike: Equal for refusals that people take for the same; "" stands for the text.
        holder: ``namespace/name`` of the pod that stands in the way, if one does.
    """

    rule: str
    text: str
    taint: NodeTaint | None = None
    alike: str = ""
    holder: str = ""


def static_refusal(spec: PodSpec, node: Node) -> NodeRefusal | None:
    """What of the node itself refuses the pod; None if nothing does."""
    if spec.node_name and spec.node_name != node.metadata.name:
        return NodeRefusal("NodeName", f"the pod names node {spec.node_name}")
    if node.spec.unschedulable and not any(tolerates(item, UNSCHEDULABLE) for item in spec.tolerations):
        return NodeRefusal("Cordon", "the node is cordoned")
    taint = untolerated(node.spec.taints, spec.tolerations)
    if taint is not None:
        return NodeRefusal("NodeTaint", f"taint {taint_in_words(taint)} is not tolerated", taint)
    labels = node.metadata.labels
    for key, value in spec.node_selector.items():
        if labels.get(key) != value:
            found = f"it is {labels[key]}" if key in labels else "the node has no such label"
            return NodeRefusal("NodeSelector", f"nodeSelector {key}={value}: {found}")
    required = _required(spec)
    if required is not None and not selects(required, node):
        return NodeRefusal("NodeSelector", "the required node affinity does not select the node")
    return None


def selected_by(spec: PodSpec, node: Node) -> bool:
    """Whether the pod's nodeSelector and required node affinity select the node."""
    labels = node.metadata.labels
    required = _required(spec)
    return all(labels.get(key) == value for key, value in spec.node_selector.items()) and (
        required is None or selects(required, node)
    )


def _required(spec: PodSpec) -> NodeSelector | None:
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    return affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None


def untolerated(taints: Iterable[NodeTaint], tolerations: Sequence[Toleration]) -> NodeTaint | None:
    """The first taint that keeps the pod away."""
    for taint in taints:
        if taint.effect in KEEPING_AWAY and not any(tolerates(item, taint) for item in tolerations):
            return taint
    return None


def tolerates(toleration: Toleration, taint: NodeTaint) -> bool:
    """core/v1 Toleration: an empty key with Exists accepts everything, an empty effect every effect."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator:
        case "" | "Equal":
            return bool(toleration.key) and toleration.value == taint.value
        case "Exists":
            return True
        case _:
            return False


def taint_in_words(taint: NodeTaint) -> str:
    """``key=value:effect``, as kubectl writes it."""
    return f"{taint.key}{'=' if taint.value else ''}{taint.value}:{taint.effect}"


def liking(spec: PodSpec, node: Node) -> int:
    """The sum of the weights of preferred node affinity that the node meets."""
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    preferred = affinity.preferred_during_scheduling_ignored_during_execution if affinity is not None else ()
    return sum(item.weight for item in preferred if _meets(item.preference, node))


def soft_taints(spec: PodSpec, node: Node) -> int:
    """How many taints the node has that would rather keep the pod away."""
    soft = [taint for taint in node.spec.taints if taint.effect == "PreferNoSchedule"]
    return sum(not any(tolerates(item, taint) for item in spec.tolerations) for taint in soft)


def _meets(term: NodeSelectorTerm, node: Node) -> bool:
    return selects(NodeSelector(node_selector_terms=(term,)), node)
