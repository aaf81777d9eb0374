"""Extended resources that device classes stand for (KEP-5004): the claim that the scheduler makes for them.

A class stands for ``spec.extendedResourceName`` and for ``deviceclass.resource.kubernetes.io/<class>``. Where several
classes share a name, the newest counts, then the first by name. A resource that any node advertises through a device
plugin is left to that plugin on all nodes, which the scheduler decides node by node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dra_core.planning.amounts import nanos
from dra_core.planning.pod_claims import PodClaim, Reference
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from dra_core.snapshot.quantity import NANOS
from dra_core.snapshot.resource_claim import (
    DeviceClaim,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)

IMPLICIT_PREFIX = "deviceclass.resource.kubernetes.io/"
ENTRY = "(extended resources)"


def classes_by_resource(classes: Iterable[DeviceClass], nodes: Iterable[Node]) -> Mapping[str, str]:
    """Resource name → device class, without resources that nodes advertise."""
    by_age = sorted(classes, key=lambda item: item.metadata.name, reverse=True)
    by_age.sort(key=lambda item: item.metadata.creation_timestamp or "")
    found: dict[str, str] = {}
    for item in by_age:
        found[f"{IMPLICIT_PREFIX}{item.metadata.name}"] = item.metadata.name
        if item.spec.extended_resource_name:
            found[item.spec.extended_resource_name] = item.metadata.name
    advertised = {name for node in nodes for name in node.status.allocatable if name in found}
    return {name: device_class for name, device_class in found.items() if name not in advertised}


def extended_claim(pod: Pod, classes: Mapping[str, str]) -> PodClaim | None:
    """The claim for the pod's extended resources; None if it asks for none.

    Containers that run at the same time need devices of their own; init containers use those of the others, so that
    they add only what exceeds them.
    """
    requests: list[DeviceRequest] = []
    running: dict[str, int] = {}
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    for index in reversed(range(len(containers))):
        container = containers[index]
        asked = {**container.resources.limits, **container.resources.requests}
        passing = index < len(pod.spec.init_containers) and container.restart_policy != "Always"
        for number, name in enumerate(sorted(asked)):
            if name not in classes:
                continue
            count = nanos(asked[name]) // NANOS
            more = max(count - running.get(name, 0), 0) if passing else count
            running[name] = running.get(name, 0) + more
            if more:
                exactly = ExactDeviceRequest(device_class_name=classes[name], allocation_mode="ExactCount", count=more)
                requests.append(DeviceRequest(name=f"container-{index}-request-{number}", exactly=exactly))
    if not requests:
        return None
    metadata = ObjectMeta(name=f"{pod.metadata.name}-extended-resources", namespace=pod.metadata.namespace)
    spec = ResourceClaimSpec(devices=DeviceClaim(requests=tuple(reversed(requests))))
    written = Reference("Pod", pod.metadata.namespace, pod.metadata.name)
    return PodClaim(ENTRY, ResourceClaim(metadata=metadata, spec=spec), written, False)
