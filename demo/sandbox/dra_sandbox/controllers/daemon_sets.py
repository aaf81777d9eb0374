"""DaemonSets (apps/v1): one pod on each node that takes it, exchanged node by node when the template changes.

With maxSurge the new pod starts beside the old one, which goes when the new one is available: how a DRA driver updates
without a gap. Revisions are told apart by the hash of the template alone; ControllerRevision objects are not kept.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.controllers.pods_for import available, generation_of, pod_from, pods_of, share_of, template_hash
from dra_sandbox.world.node_rules import node_taints, selects_node, untolerated
from dra_sandbox.world.objects import (
    DAEMON_SET,
    NODE,
    World,
    being_deleted,
    labels_of,
    name_of,
    objects_at,
    pod_finished,
    pod_ready,
    whole_number_at,
)
from dra_sandbox.world.writes import Create, Write, delete, patch

REVISION_LABEL = "controller-revision-hash"  # apps/v1 DefaultDaemonSetUniqueLabelKey

# apps/v1: daemon pods stay on nodes in trouble.
TOLERATIONS: tuple[JsonObject, ...] = tuple(
    {"key": f"node.kubernetes.io/{trouble}", "operator": "Exists", "effect": effect}
    for trouble, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)


class OnNode(msgspec.Struct, frozen=True, kw_only=True):
    """The set's living pods on one node, by revision."""

    node: str
    wanted: bool
    new: tuple[JsonObject, ...] = ()
    old: tuple[JsonObject, ...] = ()


def daemon_sets(world: World, now: datetime) -> tuple[Write, ...]:
    """Pods to make and to delete, and the status to report."""
    writes: list[Write] = []
    for daemon_set in world.all(DAEMON_SET):
        mark = template_hash(at(daemon_set, "spec", "template"))
        pods = pods_of(world, daemon_set)
        places = _places(world, daemon_set, pods, mark)
        patience = whole_number_at(daemon_set, "spec", "minReadySeconds", default=0)
        if not being_deleted(daemon_set):
            writes += [delete(pod) for pod in pods if pod_finished(pod) and not being_deleted(pod)]
            writes += _rollout(daemon_set, places, mark, patience, now)
        status = _status(daemon_set, places, patience, now)
        if any(object_at(daemon_set, "status").get(key) != value for key, value in status.items()):
            writes.append(patch(daemon_set, {"status": status}, "status"))
    return tuple(writes)


def _places(world: World, daemon_set: JsonObject, pods: tuple[JsonObject, ...], mark: str) -> tuple[OnNode, ...]:
    living = [pod for pod in pods if not pod_finished(pod)]
    places = []
    for node in world.all(NODE):
        here = [pod for pod in living if _node_of(pod) == name_of(node)]
        places.append(
            OnNode(
                node=name_of(node),
                wanted=_takes(node, daemon_set),
                new=tuple(pod for pod in here if labels_of(pod).get(REVISION_LABEL) == mark),
                old=tuple(pod for pod in here if labels_of(pod).get(REVISION_LABEL) != mark),
            )
        )
    return tuple(places)


def _takes(node: JsonObject, daemon_set: JsonObject) -> bool:
    spec = object_at(daemon_set, "spec", "template", "spec")
    tolerations = (*objects_at(spec, "tolerations"), *TOLERATIONS)
    return selects_node(spec, node) and untolerated(node_taints(node), tolerations, ("NoSchedule", "NoExecute")) is None


def _node_of(pod: JsonObject) -> str:
    """Where the pod is, or the one node that its affinity leaves."""
    bound = text_at(pod, "spec", "nodeName")
    if bound:
        return bound
    required = at(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in objects_at(required, "nodeSelectorTerms"):
        for field in objects_at(term, "matchFields"):
            values = field.get("values")
            if isinstance(values, (list, tuple)) and len(values) == 1:
                return str(values[0])
    return ""


def _rollout(
    daemon_set: JsonObject, places: tuple[OnNode, ...], mark: str, patience: int, now: datetime
) -> tuple[Write, ...]:
    writes: list[Write] = []
    wanted = sum(place.wanted for place in places)
    rolling = text_at(daemon_set, "spec", "updateStrategy", "type") != "OnDelete"
    surge = share_of(at(daemon_set, "spec", "updateStrategy", "rollingUpdate", "maxSurge"), wanted, up=True)
    unavailable = share_of(_max_unavailable(daemon_set, surge), wanted, up=True)
    down = sum(
        place.wanted and not any(available(pod, patience, now) for pod in (*place.new, *place.old)) for place in places
    )
    surging = sum(bool(place.new) and bool(place.old) for place in places)
    for place in places:
        old = tuple(pod for pod in place.old if not being_deleted(pod))
        new = tuple(pod for pod in place.new if not being_deleted(pod))
        if not place.wanted:
            writes += [delete(pod) for pod in (*old, *new)]
        elif not place.new and not place.old:
            writes.append(Create(body=_pod(daemon_set, place.node, mark)))
        elif place.old and rolling:
            serving = any(available(pod, patience, now) for pod in old)
            if any(available(pod, patience, now) for pod in new) or (not serving and not new):
                writes += [delete(pod) for pod in old]
            elif surge and not place.new and surging < surge:
                writes.append(Create(body=_pod(daemon_set, place.node, mark)))
                surging += 1
            elif old and not surge and down < unavailable:
                writes += [delete(pod) for pod in old]
                down += 1
        writes += [delete(pod) for pod in new[1:]]
    return tuple(writes)


def _max_unavailable(daemon_set: JsonObject, surge: int) -> Json:
    found = at(daemon_set, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    if found is not None:
        return found
    return 0 if surge else 1


def _pod(daemon_set: JsonObject, node: str, mark: str) -> JsonObject:
    """A pod for exactly this node; the scheduler binds it (as since Kubernetes 1.12)."""
    spec = object_at(daemon_set, "spec", "template", "spec")
    field: JsonObject = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity = object_at(spec, "affinity")
    node_affinity = object_at(affinity, "nodeAffinity")
    required = at(node_affinity, "requiredDuringSchedulingIgnoredDuringExecution")
    terms: list[Json] = [{**term, "matchFields": [field]} for term in objects_at(required, "nodeSelectorTerms")] or [
        {"matchFields": [field]}
    ]
    pinned = {**node_affinity, "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return pod_from(
        daemon_set,
        {REVISION_LABEL: mark},
        {
            "affinity": {**affinity, "nodeAffinity": pinned},
            "tolerations": [*objects_at(spec, "tolerations"), *TOLERATIONS],
        },
    )


def _status(daemon_set: JsonObject, places: tuple[OnNode, ...], patience: int, now: datetime) -> JsonObject:
    wanted = [place for place in places if place.wanted]
    ready = sum(any(pod_ready(pod) for pod in (*place.new, *place.old)) for place in wanted)
    on_duty = sum(any(available(pod, patience, now) for pod in (*place.new, *place.old)) for place in wanted)
    return {
        "desiredNumberScheduled": len(wanted),
        "currentNumberScheduled": sum(bool(place.new or place.old) for place in wanted),
        "numberMisscheduled": sum(bool(place.new or place.old) and not place.wanted for place in places),
        "numberReady": ready,
        "numberAvailable": on_duty,
        "numberUnavailable": len(wanted) - on_duty,
        "updatedNumberScheduled": sum(bool(place.new) for place in wanted),
        "observedGeneration": generation_of(daemon_set),
    }
