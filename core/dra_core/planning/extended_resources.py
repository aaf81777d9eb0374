"""Extended resources that device classes stand for (KEP-5004): the claim that the scheduler makes for them.

A class stands for ``spec.extendedResourceName`` and for ``deviceclass.resource.kubernetes.io/<class>``. Where several
classes share a name, the newest counts, then the first by name. A node that advertises such a resource through a device
plugin gives it through that plugin; on every other node it is a matter of claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dra_core.planning.amounts import nanos
from dra_core.planning.pod_claims import PodClaim, Reference
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Container, Pod
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


def classes_by_resource(classes: Iterable[DeviceClass]) -> Mapping[str, str]:
    """Resource name → device class."""
    by_age = sorted(classes, key=lambda item: item.metadata.name, reverse=True)
    by_age.sort(key=lambda item: item.metadata.creation_timestamp or "")
    found: dict[str, str] = {}
    for item in by_age:
        found[f"{IMPLICIT_PREFIX}{item.metadata.name}"] = item.metadata.name
        if item.spec.extended_resource_name:
            found[item.spec.extended_resource_name] = item.metadata.name
    return found


def advertised(node: Node, classes: Mapping[str, str]) -> frozenset[str]:
    """The resources, of those that classes stand for, that the node gives through a device plugin."""
    return frozenset(name for name, text in node.status.allocatable.items() if name in classes and nanos(text) > 0)


def extended_claim(pod: Pod, classes: Mapping[str, str]) -> PodClaim | None:
    """The claim for the pod's extended resources; None if it asks for none (createRequestsAndMappings).

    Containers that run at the same time need devices of their own. Init containers use those of containers that start
    later; of what they need beyond these, the most that one of them needs is enough for all.

    Args:
        pod: Who asks.
        classes: Resource name → device class, of the resources that are given through claims.
    """
    asked = [_asked(container, classes) for container in (*pod.spec.init_containers, *pod.spec.containers)]
    passing = [number for number, item in enumerate(pod.spec.init_containers) if not item.runs_on]
    requests: list[DeviceRequest] = []
    for resource in sorted({name for counts in asked for name in counts}):
        lasting = [0 if number in passing else counts.get(resource, (0, 0))[1] for number, counts in enumerate(asked)]
        beyond = {number: asked[number].get(resource, (0, 0))[1] - sum(lasting[number:]) for number in passing}
        most = max(beyond, key=lambda number: beyond[number], default=None)
        counts = dict(enumerate(lasting)) | ({} if most is None else {most: beyond[most]})
        for number, count in counts.items():
            if count > 0:
                exactly = ExactDeviceRequest(
                    device_class_name=classes[resource], allocation_mode="ExactCount", count=count
                )
                place = asked[number][resource][0]
                requests.append(DeviceRequest(name=f"container-{number}-request-{place}", exactly=exactly))
    if not requests:
        return None
    metadata = ObjectMeta(name=f"{pod.metadata.name}-extended-resources", namespace=pod.metadata.namespace)
    spec = ResourceClaimSpec(devices=DeviceClaim(requests=tuple(sorted(requests, key=lambda item: item.name))))
    written = Reference("Pod", pod.metadata.namespace, pod.metadata.name)
    return PodClaim(ENTRY, ResourceClaim(metadata=metadata, spec=spec), written, False)


def _asked(container: Container, classes: Mapping[str, str]) -> Mapping[str, tuple[int, int]]:
    """For each of the resources its place among all that the container requests, and how many it wants."""
    requests = {**container.resources.limits, **container.resources.requests}
    return {
        name: (place, nanos(requests[name]) // NANOS)
        for place, name in enumerate(sorted(requests))
        if name in classes and nanos(requests[name]) >= NANOS
    }
