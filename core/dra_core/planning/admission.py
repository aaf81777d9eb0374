"""What the API server fills in when a pod is created: what its RuntimeClass asks for, and its priority.

Pods that exist have been through it. Templates and pods in files have not, and would look smaller than they become.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.snapshot.pod import Pod, PodSpec

BUILT_IN: Mapping[str, int] = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def admitted(snapshot: ClusterSnapshot, pod: Pod) -> Pod:
    """The pod as it is once it is created; one that exists stays as it is."""
    if pod.metadata.uid:
        return pod
    spec = _with_priority(snapshot, _with_runtime_class(snapshot, pod.spec))
    return pod if spec is pod.spec else msgspec.structs.replace(pod, spec=spec)


def _with_runtime_class(snapshot: ClusterSnapshot, spec: PodSpec) -> PodSpec:
    if not spec.runtime_class_name:
        return spec
    found = next((item for item in snapshot.runtime_classes if item.metadata.name == spec.runtime_class_name), None)
    if found is None:
        return spec
    if found.overhead is not None and not spec.overhead:
        spec = msgspec.structs.replace(spec, overhead=found.overhead.pod_fixed)
    if found.scheduling is None:
        return spec
    tolerations = tuple(dict.fromkeys((*spec.tolerations, *found.scheduling.tolerations)))
    selector = {**found.scheduling.node_selector, **spec.node_selector}
    return msgspec.structs.replace(spec, node_selector=selector, tolerations=tolerations)


def _with_priority(snapshot: ClusterSnapshot, spec: PodSpec) -> PodSpec:
    if spec.priority is not None:
        return spec
    name = spec.priority_class_name
    classes = {item.metadata.name: item for item in snapshot.priority_classes}
    found = classes.get(name) if name else next((item for item in classes.values() if item.global_default), None)
    value = BUILT_IN.get(name) if found is None else found.value
    if value is None:
        return spec
    policy = spec.preemption_policy or (found.preemption_policy if found is not None else None)
    return msgspec.structs.replace(spec, priority=value, preemption_policy=policy)
