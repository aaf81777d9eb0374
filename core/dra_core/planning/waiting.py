"""The pods that want a node: pending ones, and those that workloads have still to make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice

import msgspec

from dra_core.planning.admission import admitted
from dra_core.planning.cluster import Cluster
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.daemons import bound, daemon_spec, node_of, runs_on, unbound
from dra_core.planning.pod_claims import Reference
from dra_core.planning.pod_kinds import asked
from dra_core.snapshot.metadata import ObjectMeta, OwnerReference
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.workload import CronJob, DaemonSet, Job, JobSpec, PodTemplate, Workload


class Wanted(msgspec.Struct, frozen=True):
    """A pod that wants a node.

    Attributes:
        pod: The pod; made up if its workload has not made it yet.
        origin: The workload that makes it, or the pod itself.
        exists: Whether the pod exists.
    """

    pod: Pod
    origin: Reference
    exists: bool


def wanted_pods(snapshot: ClusterSnapshot) -> tuple[Wanted, ...]:
    """All pods without a node: the highest priority first, existing ones before those to be made, then as they came."""
    waiting = [
        Wanted(admitted(snapshot, pod), origin_of(pod), True)
        for pod in snapshot.pods
        if not pod.spec.node_name and not pod.finished and pod.metadata.deletion_timestamp is None
    ]
    waiting += (msgspec.structs.replace(item, pod=admitted(snapshot, item.pod)) for item in missing_pods(snapshot))
    return tuple(sorted(waiting, key=lambda item: -(item.pod.spec.priority or 0)))


def missing_pods(snapshot: ClusterSnapshot) -> Iterator[Wanted]:
    """What workloads have still to make; a workload that is controlled by another (ReplicaSet) leaves it to that."""
    made = _counts(snapshot)
    taken = {_place(pod) for pod in snapshot.pods}  # of a StatefulSet any number may be missing
    controlled = {
        (item.metadata.namespace, owner.kind, owner.name)
        for item in snapshot.workloads
        for owner in item.metadata.owner_references
        if owner.controller
    }
    for workload in snapshot.workloads:
        metadata = workload.metadata
        if any(owner.controller for owner in metadata.owner_references):
            continue
        if isinstance(workload, DaemonSet):
            yield from _missing_daemons(snapshot, workload)
            continue
        key = (metadata.namespace, workload.kind, metadata.name)
        there = made.get(key, 0)
        if key in controlled:
            there += sum(
                made.get((item.metadata.namespace, item.kind, item.metadata.name), 0)
                for item in snapshot.workloads
                if any(
                    owner.controller and (owner.kind, owner.name) == key[1:] for owner in item.metadata.owner_references
                )
                and item.metadata.namespace == metadata.namespace
            )
        missing = wanted_count(workload) - there
        if missing > 0:
            free = (item for number in count() if _place((item := made_by(workload, number)).pod) not in taken)
            yield from islice(free, missing)


def _place(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace, pod.metadata.name


def _missing_daemons(snapshot: ClusterSnapshot, workload: DaemonSet) -> Iterator[Wanted]:
    """A pod for each node that the DaemonSet wants to run on and has none for."""
    metadata = workload.metadata
    there = {
        node_of(pod)
        for pod in snapshot.pods
        if pod.metadata.namespace == metadata.namespace
        and not pod.finished
        and any(
            owner.controller and (owner.kind, owner.name) == ("DaemonSet", metadata.name)
            for owner in pod.metadata.owner_references
        )
    }
    for number, node in enumerate(snapshot.known_nodes):
        name = node.metadata.name
        if name not in there and runs_on(workload, node):
            made = made_by(workload, number)
            pod = msgspec.structs.replace(
                made.pod,
                metadata=msgspec.structs.replace(made.pod.metadata, name=f"{metadata.name}-{name}"),
                spec=bound(made.pod.spec, name),
            )
            yield msgspec.structs.replace(made, pod=pod)


def _counts(snapshot: ClusterSnapshot) -> Mapping[tuple[str, str, str], int]:
    """How many pods of each workload there are."""
    counts: dict[tuple[str, str, str], int] = {}
    for pod in snapshot.pods:
        if pod.finished or pod.metadata.deletion_timestamp is not None:
            continue
        for owner in pod.metadata.owner_references:
            if owner.controller:
                key = (pod.metadata.namespace, owner.kind, owner.name)
                counts[key] = counts.get(key, 0) + 1
    return counts


def wanted_count(workload: Workload) -> int:
    """How many pods the workload wants to run at a time."""
    if isinstance(workload, Job):
        return _of_job(workload.spec, workload.status.succeeded)
    if isinstance(workload, CronJob):
        # One run of a CronJob that is yet to be created; what exists makes its Jobs when it is time.
        return 0 if workload.metadata.uid or workload.spec.suspend else _of_job(workload.spec.job_template.spec, 0)
    if isinstance(workload, DaemonSet):
        return 0  # it counts nodes, not pods
    replicas = workload.spec.replicas
    return 1 if replicas is None else max(replicas, 0)


def _of_job(spec: JobSpec, succeeded: int) -> int:
    if spec.suspend:
        return 0
    parallelism = 1 if spec.parallelism is None else spec.parallelism
    if spec.completions is None:
        return parallelism if spec.parallelism is not None or not succeeded else 0
    return max(min(parallelism, spec.completions - succeeded), 0)


def run_of(workload: CronJob) -> tuple[Wanted, ...]:
    """The pods of one run, whenever it is."""
    return tuple(made_by(workload, number) for number in range(_of_job(workload.spec.job_template.spec, 0)))


def template_of(workload: Workload) -> PodTemplate:
    """What the workload's pods are made from."""
    if isinstance(workload, CronJob):
        return workload.spec.job_template.spec.template
    template = workload.spec.template
    if isinstance(workload, DaemonSet):
        return msgspec.structs.replace(template, spec=daemon_spec(template.spec))
    return template


def made_by(workload: Workload, number: int) -> Wanted:
    """A pod of the workload; ``number`` counts from 0 and becomes part of its name."""
    template = template_of(workload)
    metadata = workload.metadata
    owner = OwnerReference(
        api_version=workload.api_version, kind=workload.kind, name=metadata.name, uid=metadata.uid, controller=True
    )
    pod = Pod(
        metadata=ObjectMeta(
            name=f"{metadata.name}-{number}",
            namespace=metadata.namespace,
            labels=template.metadata.labels,
            annotations=template.metadata.annotations,
            owner_references=(owner,),
        ),
        spec=template.spec,
    )
    return Wanted(pod, Reference(workload.kind, metadata.namespace, metadata.name), False)


def origin_of(pod: Pod) -> Reference:
    """The workload that made the pod, or the pod itself."""
    for owner in pod.metadata.owner_references:
        if owner.controller:
            return Reference(owner.kind, pod.metadata.namespace, owner.name)
    return Reference("Pod", pod.metadata.namespace, pod.metadata.name)


def makers(snapshot: ClusterSnapshot) -> Mapping[Reference, Reference]:
    """For workloads that another one controls, such as a Deployment's ReplicaSets, that other one."""
    found: dict[Reference, Reference] = {}
    for item in snapshot.workloads:
        for owner in item.metadata.owner_references:
            if owner.controller:
                own = Reference(item.kind, item.metadata.namespace, item.metadata.name)
                found[own] = Reference(owner.kind, item.metadata.namespace, owner.name)
    return found


def same_pods(cluster: Cluster, pods: Iterable[Wanted], *, whoever_makes_them: bool = False) -> tuple[Wanted, ...]:
    """One of each kind of pods: those that ask the same of nodes and devices count as one.

    A DaemonSet's pods differ in the node that each is for, and are one kind without that.

    Args:
        cluster: Where their claims are.
        pods: The pods.
        whoever_makes_them: Pods of several workloads may be of one kind.
    """
    found: dict[tuple[Reference | None, bytes], Wanted] = {}
    for item in pods:
        if item.origin.kind == "DaemonSet":
            item = msgspec.structs.replace(item, pod=unbound(item.pod))
        claims = cluster.claims_of(item.pod)
        key = asked(item.pod, claims.claims) + msgspec.json.encode(claims.faults)
        found.setdefault((None if whoever_makes_them else item.origin, key), item)
    return tuple(found.values())
