"""The pods of DaemonSets: one for each node on which it may run (kube-controller-manager's daemon controller)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dra_core.planning.node_rules import selected_by, untolerated
from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from dra_core.snapshot.pod import Affinity, NodeAffinity, Pod, PodSpec, Toleration
from dra_core.snapshot.workload import DaemonSet

NODE_NAME = "metadata.name"  # the field by which such a pod is bound to its node

_TOLERATED: Mapping[str, str] = {  # what every daemon pod tolerates, by effect
    "node.kubernetes.io/not-ready": "NoExecute",
    "node.kubernetes.io/unreachable": "NoExecute",
    "node.kubernetes.io/disk-pressure": "NoSchedule",
    "node.kubernetes.io/memory-pressure": "NoSchedule",
    "node.kubernetes.io/pid-pressure": "NoSchedule",
    "node.kubernetes.io/unschedulable": "NoSchedule",
}
_OF_HOST_NETWORK = "node.kubernetes.io/network-unavailable"


def daemon_spec(spec: PodSpec) -> PodSpec:
    """The template's spec with what every daemon pod tolerates."""
    keys = {**_TOLERATED, **({_OF_HOST_NETWORK: "NoSchedule"} if spec.host_network else {})}
    added = (Toleration(key=key, operator="Exists", effect=effect) for key, effect in keys.items())
    return msgspec.structs.replace(spec, tolerations=tuple(dict.fromkeys((*spec.tolerations, *added))))


def runs_on(workload: DaemonSet, node: Node) -> bool:
    """Whether the DaemonSet wants a pod on the node; whether that fits there is another matter."""
    spec = daemon_spec(workload.spec.template.spec)
    return (
        spec.node_name in ("", node.metadata.name)
        and selected_by(spec, node)
        and untolerated(node.spec.taints, spec.tolerations) is None
    )


def bound(spec: PodSpec, node: str) -> PodSpec:
    """The spec of the pod for one node, as the controller writes it."""
    field = NodeSelectorRequirement(key=NODE_NAME, operator="In", values=(node,))
    affinity = spec.affinity or Affinity()
    of_nodes = affinity.node_affinity or NodeAffinity()
    required = of_nodes.required_during_scheduling_ignored_during_execution
    terms = required.node_selector_terms if required is not None else ()
    # The controller puts the field in place of the fields that the template has.
    here = tuple(msgspec.structs.replace(term, match_fields=(field,)) for term in terms)
    selector = NodeSelector(node_selector_terms=here or (NodeSelectorTerm(match_fields=(field,)),))
    of_nodes = msgspec.structs.replace(of_nodes, required_during_scheduling_ignored_during_execution=selector)
    return msgspec.structs.replace(spec, affinity=msgspec.structs.replace(affinity, node_affinity=of_nodes))


def is_daemon(pod: Pod) -> bool:
    """Whether a DaemonSet made the pod."""
    return any(owner.controller and owner.kind == "DaemonSet" for owner in pod.metadata.owner_references)


def node_of(pod: Pod) -> str:
    """The node that a daemon pod is for, whether it is there yet or not; "" if none is named."""
    if pod.spec.node_name:
        return pod.spec.node_name
    for term in _terms(pod.spec):
        for field in term.match_fields:
            if field.key == NODE_NAME and field.operator == "In" and len(field.values) == 1:
                return field.values[0]
    return ""


def apart(pod: Pod) -> tuple[Pod, str]:
    """What all pods of a DaemonSet ask, and for which node this one is.

    The pod is for that node if the first asks it and is it; the same pod and "" where the two do not come apart.
    """
    terms = tuple(_terms(pod.spec))
    node = node_of(pod)
    whole = all(len(term.match_fields) == 1 and term.match_fields == terms[0].match_fields for term in terms)
    kinds = {bool(term.match_expressions) for term in terms}
    if pod.spec.node_name or not node or not whole or len(kinds) != 1:
        return pod, ""
    return unbound(pod), node


def unbound(pod: Pod) -> Pod:
    """The pod as if it were not for one node; what it asks beside that is the same."""
    terms = [msgspec.structs.replace(term, match_fields=()) for term in _terms(pod.spec)]
    kept = tuple(term for term in terms if term.match_expressions)
    affinity = pod.spec.affinity
    if affinity is None or affinity.node_affinity is None:
        return pod
    required = NodeSelector(node_selector_terms=kept) if kept else None
    of_nodes = msgspec.structs.replace(
        affinity.node_affinity, required_during_scheduling_ignored_during_execution=required
    )
    spec = msgspec.structs.replace(pod.spec, affinity=msgspec.structs.replace(affinity, node_affinity=of_nodes))
    return msgspec.structs.replace(pod, spec=spec)


def _terms(spec: PodSpec) -> Iterable[NodeSelectorTerm]:
    of_nodes = spec.affinity.node_affinity if spec.affinity is not None else None
    required = of_nodes.required_during_scheduling_ignored_during_execution if of_nodes is not None else None
    return required.node_selector_terms if required is not None else ()
