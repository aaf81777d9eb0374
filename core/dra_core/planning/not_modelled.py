"""What decides about a pod's node and is not looked at here, said where a pod uses it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from dra_core.planning.cluster import Cluster
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.pod import Pod

CODE = "NotModelled"
DEFAULT_SCHEDULER = "default-scheduler"
ALL_NODES_UP_TO = 100  # kube-scheduler's minFeasibleNodesToFind: with more, it stops when it has found a sample


def not_modelled(cluster: Cluster, pod: Pod, *, fits: bool) -> Refusals:
    """What of this pod is not looked at.

    Args:
        cluster: Where the pod is to go.
        pod: The pod.
        fits: Whether it fits somewhere; if so, nobody has to make room for it.
    """
    return (*_of_spec(cluster, pod), *(() if fits else _preemption(cluster, pod)))


def of_all(cluster: Cluster, pods: Iterable[tuple[Pod, bool]], *, as_scheduler: bool) -> Refusals:
    """The same for all pods of a plan, each once.

    Args:
        cluster: Where the pods are to go.
        pods: Each with whether it fits.
        as_scheduler: Whether the choice among nodes is meant to be kube-scheduler's.
    """
    found: dict[str, Refusal] = {}
    if as_scheduler and len(cluster.nodes) > ALL_NODES_UP_TO:
        seen = (
            f"of {len(cluster.nodes)} nodes kube-scheduler scores only a sample (percentageOfNodesToScore), so that it "
            "may choose a node that is not the best; all are scored here"
        )
        found[seen] = _remark("", seen)
    for pod, fits in pods:
        for remark in not_modelled(cluster, pod, fits=fits):
            found.setdefault(remark.seen, remark)
    return tuple(found.values())


def _of_spec(cluster: Cluster, pod: Pod) -> Iterator[Refusal]:
    spec = pod.spec
    if spec.scheduler_name not in ("", DEFAULT_SCHEDULER):
        seen = f"scheduler {spec.scheduler_name} places the pod; the rules here are those of kube-scheduler's defaults"
        yield _remark("spec.schedulerName", seen)
    for number, volume in enumerate(spec.volumes):
        if volume.persistent_volume_claim is not None or volume.ephemeral is not None:
            yield _remark(
                f"spec.volumes[{number}]",
                f"which nodes can reach the storage of volume {volume.name}, and how many volumes they take, is not "
                "looked at",
            )
    known = {item.metadata.name for item in cluster.snapshot.runtime_classes}
    if spec.runtime_class_name and spec.runtime_class_name not in known and not pod.metadata.uid:
        seen = f"RuntimeClass {spec.runtime_class_name} is not there, so that its overhead and selectors do not count"
        yield _remark("spec.runtimeClassName", seen)


def _preemption(cluster: Cluster, pod: Pod) -> Iterator[Refusal]:
    priority = pod.spec.priority or 0
    if pod.spec.preemption_policy == "Never":
        return
    lower = bisect_left(cluster.priorities, priority)
    if lower:
        seen = (
            f"{lower} running pods have a lower priority; whether kube-scheduler would end some of them to make room "
            "is not looked at"
        )
        yield _remark("spec.priority", seen)


def _remark(path: str, seen: str) -> Refusal:
    return Refusal(code=CODE, fault=Fault.ENVIRONMENT, path=path, seen=seen)
