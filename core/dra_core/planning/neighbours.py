"""Which nodes take a pod as far as other pods decide: spread over domains, affinity and anti-affinity, both ways.

These are kube-scheduler's filters PodTopologySpread and InterPodAffinity. A domain is a node label with a value. What
the pods that are there amount to is counted once for a pod and kept up as further pods are placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dra_core.planning.label_selectors import NAMESPACE_NAME, label_selected, narrowed
from dra_core.planning.node_rules import NodeRefusal
from dra_core.planning.spreading import is_considered, is_spread
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import (
    LabelSelector,
    Pod,
    PodAffinityTerm,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)

NamespaceLabels = Mapping[str, Mapping[str, str]]
"""The labels of namespaces, by name."""

_Domain = tuple[str, str]


def guards(pod: Pod) -> bool:
    """Whether the pod keeps others away from where it runs."""
    return bool(required_terms(pod, anti=True))


def looks_at_others(pod: Pod) -> bool:
    """Whether it matters to the pod where others run."""
    return bool(required_terms(pod) or required_terms(pod, anti=True) or spread_constraints(pod))


def required_terms(pod: Pod, *, anti: bool = False) -> tuple[PodAffinityTerm, ...]:
    """The required terms of affinity, or of anti-affinity, to other pods."""
    affinity = pod.spec.affinity
    part = None if affinity is None else affinity.pod_anti_affinity if anti else affinity.pod_affinity
    return () if part is None else part.required_during_scheduling_ignored_during_execution


def preferred_terms(pod: Pod, *, anti: bool = False) -> tuple[WeightedPodAffinityTerm, ...]:
    """The terms of affinity, or of anti-affinity, that only rank nodes."""
    affinity = pod.spec.affinity
    part = None if affinity is None else affinity.pod_anti_affinity if anti else affinity.pod_affinity
    return () if part is None else part.preferred_during_scheduling_ignored_during_execution


def spread_constraints(pod: Pod) -> tuple[TopologySpreadConstraint, ...]:
    """The constraints that keep the pod away from nodes; others only rank them."""
    return tuple(item for item in pod.spec.topology_spread_constraints if item.when_unsatisfiable == "DoNotSchedule")


class Neighbours:
    """What the pods on all nodes mean to one pod.

    Args:
        pod: The pod that looks for a node.
        nodes: All nodes.
        pods: The pods on them, with their nodes.
        namespaces: Labels of namespaces.
    """

    def __init__(
        self, pod: Pod, nodes: Sequence[Node], pods: Iterable[tuple[Node, Pod]], namespaces: NamespaceLabels
    ) -> None:
        self._pod = pod
        self._namespaces = namespaces
        self._spread = [_Spread(pod, number, nodes) for number in range(len(spread_constraints(pod)))]
        self._near = [Selection(pod, term) for term in required_terms(pod)]
        self._away = [Selection(pod, term) for term in required_terms(pod, anti=True)]
        self._liked: set[_Domain] = set()  # of pods that all terms of affinity select
        self._disliked: dict[_Domain, Pod] = {}
        self._guarded: dict[_Domain, Pod] = {}
        for node, other in pods:
            self.add(node, other)

    def add(self, node: Node, other: Pod) -> None:
        """Take a further pod into account."""
        labels = node.metadata.labels
        for spread in self._spread:
            spread.add(node, other)
        if self._near and all(item.selects(other, self._namespaces) for item in self._near):
            self._liked |= {(item.key, labels[item.key]) for item in self._near if item.key in labels}
        for item in self._away:
            if item.key in labels and item.selects(other, self._namespaces):
                self._disliked.setdefault((item.key, labels[item.key]), other)
        for term in required_terms(other, anti=True):
            key = term.topology_key
            if key in labels and Selection(other, term).selects(self._pod, self._namespaces):
                self._guarded.setdefault((key, labels[key]), other)

    def refusal(self, node: Node) -> NodeRefusal | None:
        """What refuses the pod on the node; None if nothing does."""
        for spread in self._spread:
            refusal = spread.refusal(node)
            if refusal is not None:
                return refusal
        labels = node.metadata.labels
        if self._near and not self._is_near(labels):
            keys = ", ".join(dict.fromkeys(item.key for item in self._near))
            return NodeRefusal("PodAffinity", f"no pod that it wants to be with is in the same {keys}")
        for item in self._away:
            other = self._disliked.get((item.key, labels[item.key])) if item.key in labels else None
            if other is not None:
                text = f"pod {_name(other)}, which it wants to be away from, is in the same {item.key}"
                return NodeRefusal("PodAntiAffinity", text, alike=item.key)
        for (key, value), other in self._guarded.items():
            if labels.get(key) == value:
                text = f"pod {_name(other)} wants pods like this one away from its {key}"
                return NodeRefusal("OthersAntiAffinity", text, alike=key, holder=_name(other))
        return None

    def _is_near(self, labels: Mapping[str, str]) -> bool:
        if any(item.key not in labels for item in self._near):
            return False
        if all((item.key, labels[item.key]) in self._liked for item in self._near):
            return True
        # While there is none of them anywhere, a pod that wants to be with its like may go first.
        return not self._liked and all(item.selects(self._pod, self._namespaces) for item in self._near)


class Selection:
    """The pods that a term of affinity or anti-affinity selects."""

    def __init__(self, pod: Pod, term: PodAffinityTerm) -> None:
        self.key = term.topology_key
        self._selector = narrowed(
            term.label_selector, pod.metadata.labels, term.match_label_keys, term.mismatch_label_keys
        )
        own = () if term.namespaces or term.namespace_selector is not None else (pod.metadata.namespace,)
        self._spaces = frozenset(term.namespaces or own)
        self._space_selector: LabelSelector | None = term.namespace_selector

    def selects(self, other: Pod, namespaces: NamespaceLabels) -> bool:
        """Whether the term selects the other pod."""
        space = other.metadata.namespace
        if space not in self._spaces:
            labels = namespaces.get(space, {NAMESPACE_NAME: space})
            if not label_selected(self._space_selector, labels):
                return False
        return label_selected(self._selector, other.metadata.labels)


class _Spread:
    """A constraint on how the selected pods are spread, with how many there are in each domain that counts."""

    def __init__(self, pod: Pod, number: int, nodes: Iterable[Node]) -> None:
        constraints = spread_constraints(pod)
        self._pod = pod
        self._constraint = constraints[number]
        self._keys = [item.topology_key for item in constraints]
        self._selector = narrowed(
            self._constraint.label_selector, pod.metadata.labels, self._constraint.match_label_keys
        )
        self._itself = int(label_selected(self._selector, pod.metadata.labels))
        key = self._constraint.topology_key
        self._counting = {node.metadata.name: node.metadata.labels[key] for node in nodes if self._counts_in(node)}
        self._counts = dict.fromkeys(self._counting.values(), 0)
        self._fewest: int | None = None  # in any domain; None: not known at present

    def _counts_in(self, node: Node) -> bool:
        """Whether pods on the node count."""
        labelled = all(key in node.metadata.labels for key in self._keys)
        return labelled and is_considered(self._constraint, self._pod.spec, node)

    def add(self, node: Node, other: Pod) -> None:
        if not is_spread(self._selector, self._pod.metadata.namespace, other):
            return
        value = self._counting.get(node.metadata.name)
        if value is not None:
            self._counts[value] += 1
            self._fewest = None

    def refusal(self, node: Node) -> NodeRefusal | None:
        constraint = self._constraint
        key = constraint.topology_key
        value = node.metadata.labels.get(key)
        if value is None:
            return NodeRefusal("TopologySpread", f"it has no label {key}, over which the pod is to be spread")
        if self._fewest is None:
            wanted = 1 if constraint.min_domains is None else constraint.min_domains
            self._fewest = min(self._counts.values(), default=0) if len(self._counts) >= wanted else 0
        here = self._counts.get(value, 0)
        if here + self._itself - self._fewest <= constraint.max_skew:
            return None
        text = (
            f"{key}={value} would have {here + self._itself} of the pods that are to be spread, and the least has "
            f"{self._fewest}: more than {constraint.max_skew} apart"
        )
        return NodeRefusal("TopologySpread", text, alike=f"{key}\0{here}")


def _name(pod: Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"
