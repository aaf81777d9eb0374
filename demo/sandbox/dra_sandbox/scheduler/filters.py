"""Which nodes a pod can go to as far as devices do not matter; reasons are kube-scheduler's words."""

from __future__ import annotations

from collections.abc import Iterable

from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

from dra_sandbox.scheduler.node_resources import shortages
from dra_sandbox.world.node_rules import node_taints, selects_node, untolerated
from dra_sandbox.world.objects import NODE, POD, World, name_of, objects_at, pod_finished

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"  # core/v1: the taint that stands for spec.unschedulable


def emptiest_first(world: World) -> tuple[tuple[JsonObject, tuple[JsonObject, ...]], ...]:
    """The nodes, each with the pods that take room on it: the fewest first, then by name."""
    there: dict[str, list[JsonObject]] = {name_of(node): [] for node in world.all(NODE)}
    for pod in world.all(POD):
        if not pod_finished(pod):
            there.get(text_at(pod, "spec", "nodeName"), []).append(pod)
    found = ((node, tuple(there[name_of(node)])) for node in world.all(NODE))
    return tuple(sorted(found, key=lambda item: (len(item[1]), name_of(item[0]))))


def node_refusals(pod: JsonObject, node: JsonObject, pods_there: Iterable[JsonObject]) -> tuple[str, ...]:
    """Why the node does not take the pod; empty if it does.

    Like kube-scheduler, the first filter that refuses speaks alone; only resources are named all at once.
    """
    spec = object_at(pod, "spec")
    tolerations = objects_at(spec, "tolerations")
    if text_at(spec, "nodeName") and text_at(spec, "nodeName") != name_of(node):
        return ("node(s) didn't match the requested node name",)
    cordon: JsonObject = {"key": UNSCHEDULABLE, "effect": "NoSchedule"}
    if at(node, "spec", "unschedulable") is True and untolerated((cordon,), tolerations, ("NoSchedule",)) is not None:
        return ("node(s) were unschedulable",)
    taint = untolerated(node_taints(node), tolerations, ("NoSchedule", "NoExecute"))
    if taint is not None:
        return (f"node(s) had untolerated taint {{{text_at(taint, 'key')}: {text_at(taint, 'value')}}}",)
    if not selects_node(spec, node):
        return ("node(s) didn't match Pod's node affinity/selector",)
    return shortages(pod, node, pods_there)
