"""Which nodes take a pod as far as devices do not matter: cordons, taints, selectors, affinity to nodes and pods.

These are kube-scheduler's filters; as there, the first that refuses speaks alone. Ports, volumes, topology spread and
the anti-affinity of other pods are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.snapshot.node import Node, NodeTaint
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorTerm, selects
from dra_core.snapshot.pod import LabelSelector, Pod, PodAffinityTerm, PodSpec, Toleration

UNSCHEDULABLE = NodeTaint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")  # what spec.unschedulable means
KEEPING_AWAY = ("NoSchedule", "NoExecute")


class NodeRefusal(msgspec.Struct, frozen=True):
    """Why a node does not take a pod.

    Attributes:
        rule: ``NodeName``, ``Cordon``, ``NodeTaint``, ``NodeSelector``, ``Resources``, ``PodAffinity`` or
            ``ClaimElsewhere``.
        text: For people.
        taint: The taint, for ``NodeTaint``.
        alike: Equal for refusals that people take for the same; "" stands for the text.
    """

    rule: str
    text: str
    taint: NodeTaint | None = None
    alike: str = ""


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


def affinity_refusal(
    pod: Pod, node: Node, pods_by_domain: Mapping[tuple[str, str], Sequence[Pod]]
) -> NodeRefusal | None:
    """What required pod affinity and anti-affinity of the pod say about the node.

    Args:
        pod: The pod to place.
        node: The node.
        pods_by_domain: The pods that are placed, by topology key and its value.
    """
    affinity = pod.spec.affinity
    if affinity is None:
        return None
    if affinity.pod_anti_affinity is not None:
        for term in affinity.pod_anti_affinity.required_during_scheduling_ignored_during_execution:
            value = node.metadata.labels.get(term.topology_key)
            near = pods_by_domain.get((term.topology_key, value), ()) if value is not None else ()
            if any(_selects(term, pod, other) for other in near):
                return NodeRefusal(
                    "PodAffinity", f"a pod that it wants to be away from is in the same {term.topology_key}"
                )
    if affinity.pod_affinity is not None:
        for term in affinity.pod_affinity.required_during_scheduling_ignored_during_execution:
            value = node.metadata.labels.get(term.topology_key)
            near = pods_by_domain.get((term.topology_key, value), ()) if value is not None else ()
            if not any(_selects(term, pod, other) for other in near) and not _first_of_its_kind(
                term, pod, pods_by_domain
            ):
                return NodeRefusal("PodAffinity", f"no pod that it wants to be with is in the same {term.topology_key}")
    return None


def _first_of_its_kind(
    term: PodAffinityTerm, pod: Pod, pods_by_domain: Mapping[tuple[str, str], Sequence[Pod]]
) -> bool:
    """A pod that wants to be with its like may go anywhere while there is none (satisfyPodAffinity)."""
    others = (pods for (key, _), pods in pods_by_domain.items() if key == term.topology_key)
    return _selects(term, pod, pod) and not any(_selects(term, pod, other) for pods in others for other in pods)


def _selects(term: PodAffinityTerm, pod: Pod, other: Pod) -> bool:
    namespaces = term.namespaces or (pod.metadata.namespace,)
    return other.metadata.namespace in namespaces and label_selected(term.label_selector, other.metadata.labels)


def label_selected(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """meta/v1 LabelSelector; no selector selects nothing, an empty one everything."""
    if selector is None or any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for item in selector.match_expressions:
        value = labels.get(item.key)
        holds = {
            "In": value is not None and value in item.values,
            "NotIn": value is None or value not in item.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }.get(item.operator, False)
        if not holds:
            return False
    return True


def topology_keys(spec: PodSpec) -> frozenset[str]:
    """The node labels that the pod's affinity to other pods looks at."""
    affinity = spec.affinity
    if affinity is None:
        return frozenset()
    parts = [part for part in (affinity.pod_affinity, affinity.pod_anti_affinity) if part is not None]
    return frozenset(
        term.topology_key for part in parts for term in part.required_during_scheduling_ignored_during_execution
    )
