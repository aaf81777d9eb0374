"""What other pods make of nodes that all take a pod: kube-scheduler's scores InterPodAffinity and PodTopologySpread.

Both only mean something beside the other nodes on which the pod fits. A pod of a ReplicaSet or StatefulSet that says
nothing of its own is spread over nodes and zones, as kube-scheduler does by default.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from dra_core.planning.label_selectors import is_empty, narrowed
from dra_core.planning.neighbours import NamespaceLabels, Selection, preferred_terms, required_terms
from dra_core.planning.policies import MOST, ZONE
from dra_core.planning.spreading import is_considered, is_spread
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import LabelSelector, Pod, TopologySpreadConstraint

WEIGHT = 2  # of both plugins
HOSTNAME = "kubernetes.io/hostname"
FOR_REQUIRED = 1  # what a required term of a running pod is worth (hardPodAffinityWeight)

_DEFAULTS = (
    TopologySpreadConstraint(max_skew=3, topology_key=HOSTNAME, when_unsatisfiable="ScheduleAnyway"),
    TopologySpreadConstraint(max_skew=5, topology_key=ZONE, when_unsatisfiable="ScheduleAnyway"),
)


def has_terms(pod: Pod) -> bool:
    """Whether the pod's affinity makes some nodes better than others, for itself or for pods that come after it."""
    return bool(required_terms(pod) or preferred_terms(pod) or preferred_terms(pod, anti=True))


def softly_spread(pod: Pod, siblings: LabelSelector | None) -> tuple[TopologySpreadConstraint, ...]:
    """The constraints that rank nodes.

    Args:
        pod: The pod.
        siblings: What selects the pods of its ReplicaSet or StatefulSet; None if it has none.
    """
    own = pod.spec.topology_spread_constraints
    if own:
        return tuple(item for item in own if item.when_unsatisfiable == "ScheduleAnyway")
    return () if siblings is None or is_empty(siblings) else _DEFAULTS


class Preferences:
    """What the pods on all nodes make of each node for one pod.

    Args:
        pod: The pod that looks for a node.
        nodes: All nodes.
        pods: The pods on them, with the numbers of their nodes.
        namespaces: Labels of namespaces.
        siblings: See ``softly_spread``.
    """

    def __init__(
        self,
        pod: Pod,
        nodes: Sequence[Node],
        pods: Iterable[tuple[int, Pod]],
        namespaces: NamespaceLabels,
        siblings: LabelSelector | None,
    ) -> None:
        self._pod = pod
        self._nodes = nodes
        self._namespaces = namespaces
        self._weighed = [
            (Selection(pod, item.pod_affinity_term), sign * item.weight)
            for sign, anti in ((1, False), (-1, True))
            for item in preferred_terms(pod, anti=anti)
        ]
        self._liking: dict[str, dict[str, int]] = {}
        constraints = softly_spread(pod, siblings)
        strict = bool(pod.spec.topology_spread_constraints)
        ignored = {
            number
            for number, node in enumerate(nodes)
            if strict and any(item.topology_key not in node.metadata.labels for item in constraints)
        }
        self._ignored = ignored
        self._spread = [_Spread(pod, item, nodes, ignored, None if strict else siblings) for item in constraints]
        for number, other in pods:
            self.add(number, other)

    def add(self, number: int, other: Pod) -> None:
        """Take a further pod into account."""
        labels = self._nodes[number].metadata.labels
        for spread in self._spread:
            spread.add(number, other)
        for selection, weight in self._weighed:
            if selection.selects(other, self._namespaces):
                self._like(labels, selection.key, weight)
        for term in required_terms(other):
            if Selection(other, term).selects(self._pod, self._namespaces):
                self._like(labels, term.topology_key, FOR_REQUIRED)
        for sign, anti in ((1, False), (-1, True)):
            for item in preferred_terms(other, anti=anti):
                if Selection(other, item.pod_affinity_term).selects(self._pod, self._namespaces):
                    self._like(labels, item.pod_affinity_term.topology_key, sign * item.weight)

    def _like(self, labels: Mapping[str, str], key: str, weight: int) -> None:
        if key in labels:
            values = self._liking.setdefault(key, {})
            values[labels[key]] = values.get(labels[key], 0) + weight

    def points(self, fitting: Sequence[int]) -> list[int]:
        """The points of each of the nodes on which the pod fits, which are given by number."""
        liked, spread = self._liked(fitting), self._spread_points(fitting)
        if not self._liking:
            return [WEIGHT * item for item in spread]
        return [WEIGHT * (one + other) for one, other in zip(liked, spread, strict=True)]

    def _liked(self, fitting: Sequence[int]) -> list[int]:
        if not self._liking:
            return [0] * len(fitting)
        raw = [
            sum(values.get(labels[key], 0) for key, values in self._liking.items() if key in labels)
            for labels in (self._nodes[number].metadata.labels for number in fitting)
        ]
        least, most = min(raw, default=0), max(raw, default=0)
        return [int(MOST * ((item - least) / (most - least))) if most > least else 0 for item in raw]

    def _spread_points(self, fitting: Sequence[int]) -> list[int]:
        if not self._spread:
            return [0] * len(fitting)
        counted = [number for number in fitting if number not in self._ignored] if self._ignored else fitting
        first, *further = (spread.costs(counted) for spread in self._spread)
        for costs in further:
            first = [one + other for one, other in zip(first, costs, strict=True)]
        raw = [int(cost + 0.5) for cost in first]  # rounded as Go does what is positive
        most = max(raw, default=0)
        top = most + min(raw, default=0)
        points = [MOST * (top - item) // most for item in raw] if most else [MOST] * len(raw)
        if counted is fitting:
            return points
        of_counted = dict(zip(counted, points, strict=True))
        return [of_counted.get(number, 0) for number in fitting]


class _Spread:
    """How many of the pods that are to be spread are on each node, and in each domain."""

    def __init__(
        self,
        pod: Pod,
        constraint: TopologySpreadConstraint,
        nodes: Sequence[Node],
        ignored: set[int],
        siblings: LabelSelector | None,
    ) -> None:
        self._space = pod.metadata.namespace
        self._constraint = constraint
        own = narrowed(constraint.label_selector, pod.metadata.labels, constraint.match_label_keys)
        self._selector = own if siblings is None else siblings
        key = constraint.topology_key
        self._values = [node.metadata.labels.get(key) for node in nodes]
        self._counting = [
            number not in ignored and is_considered(constraint, pod.spec, node) for number, node in enumerate(nodes)
        ]
        self._labelled = [value is not None for value in self._values]
        self._here = [0] * len(nodes)
        self._in_domain: dict[str | None, int] = {}

    def add(self, number: int, other: Pod) -> None:
        if not is_spread(self._selector, self._space, other):
            return
        self._here[number] += 1
        value = self._values[number]
        if value is not None and self._counting[number]:
            self._in_domain[value] = self._in_domain.get(value, 0) + 1

    def costs(self, fitting: Sequence[int]) -> list[float]:
        """What each node costs by how many of the pods are near; nodes without the label cost nothing."""
        values, more = self._values, self._constraint.max_skew - 1
        if self._constraint.topology_key == HOSTNAME:
            weight = math.log(len(fitting) + 2)
            here, labelled = self._here, self._labelled
            return [here[number] * weight + more if labelled[number] else 0.0 for number in fitting]
        there = [values[number] for number in fitting]
        domains = set(there)
        weight = math.log(len(domains) + 2)
        cost = {value: self._in_domain.get(value, 0) * weight + more for value in domains}
        cost[None] = 0.0
        return [cost[value] for value in there]
