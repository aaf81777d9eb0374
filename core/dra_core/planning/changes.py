"""Changes that would make a pod fit, as values, and what a snapshot is like after them.

``explain`` suggests nothing that it has not tried: each suggestion is a tuple of these, applied to the snapshot and
evaluated anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

import msgspec

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.pod_claims import Reference
from dra_core.snapshot.pod import Pod, PodSpec, Toleration
from dra_core.snapshot.resource_claim import (
    CapacityRequirements,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaimSpec,
    ResourceClaimStatus,
)

RequestItem: TypeAlias = ExactDeviceRequest | DeviceSubRequest
_EditSpec: TypeAlias = Callable[[ResourceClaimSpec], ResourceClaimSpec]
_Item = TypeVar("_Item")


class _Change(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="do"):
    """A change."""


class DropSelector(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out a selector of a request; ``places`` are the claim and the template that say it."""

    places: tuple[Reference, ...]
    request: str
    index: int


class DropClassSelector(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out a selector of a DeviceClass."""

    device_class: str
    index: int


class UseClass(_Change, frozen=True, kw_only=True, tag=True):
    """Ask for another DeviceClass."""

    places: tuple[Reference, ...]
    request: str
    device_class: str


class TolerateTaint(_Change, frozen=True, kw_only=True, tag=True):
    """Let requests tolerate a taint of devices."""

    places: tuple[Reference, ...]
    requests: tuple[str, ...]
    key: str
    value: str
    effect: str


class LowerCount(_Change, frozen=True, kw_only=True, tag=True):
    """Ask for fewer devices."""

    places: tuple[Reference, ...]
    request: str
    count: int


class LowerCapacity(_Change, frozen=True, kw_only=True, tag=True):
    """Ask for less of a capacity."""

    places: tuple[Reference, ...]
    request: str
    name: str
    value: str


class DropConstraint(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out a constraint of the claim."""

    places: tuple[Reference, ...]
    index: int


class ReleaseClaim(_Change, frozen=True, kw_only=True, tag=True):
    """Take a claim's devices back, as happens when its pods end."""

    claim: Reference


class TolerateNodeTaint(_Change, frozen=True, kw_only=True, tag=True):
    """Let the pod tolerate a taint of nodes."""

    key: str
    value: str
    effect: str


class DropNodeSelector(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out a key of the pod's nodeSelector; "" for its required node affinity."""

    key: str


class DropTopologySpread(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out one of the pod's topology spread constraints."""

    index: int


class DropPodAffinity(_Change, frozen=True, kw_only=True, tag=True):
    """Leave out a required term of the pod's affinity, or anti-affinity, to other pods."""

    anti: bool
    index: int


class EndPod(_Change, frozen=True, kw_only=True, tag=True):
    """A pod that stands in the way gone, as when it has ended."""

    pod: Reference


class Uncordon(_Change, frozen=True, kw_only=True, tag=True):
    """Let a node take pods again."""

    node: str


Change: TypeAlias = (
    DropSelector
    | DropClassSelector
    | UseClass
    | TolerateTaint
    | LowerCount
    | LowerCapacity
    | DropConstraint
    | ReleaseClaim
    | TolerateNodeTaint
    | DropNodeSelector
    | DropTopologySpread
    | DropPodAffinity
    | EndPod
    | Uncordon
)


def apply_changes(snapshot: ClusterSnapshot, pod: Pod, changes: Iterable[Change]) -> tuple[ClusterSnapshot, Pod]:
    """The snapshot and the pod after all changes; a pod that the snapshot holds changes in both."""
    for change in changes:
        snapshot, pod = _applied(snapshot, pod, change)
    return snapshot, pod


def _applied(snapshot: ClusterSnapshot, pod: Pod, change: Change) -> tuple[ClusterSnapshot, Pod]:
    match change:
        case DropSelector():
            snapshot = _edited(
                snapshot,
                change.places,
                _in_request(
                    change.request,
                    lambda item: msgspec.structs.replace(item, selectors=_without(item.selectors, change.index)),
                ),
            )
        case UseClass():
            snapshot = _edited(
                snapshot,
                change.places,
                _in_request(
                    change.request, lambda item: msgspec.structs.replace(item, device_class_name=change.device_class)
                ),
            )
        case TolerateTaint():
            toleration = DeviceToleration(key=change.key, operator="Equal", value=change.value, effect=change.effect)
            for request in change.requests:
                snapshot = _edited(
                    snapshot,
                    change.places,
                    _in_request(
                        request,
                        lambda item: msgspec.structs.replace(item, tolerations=(*item.tolerations, toleration)),
                    ),
                )
        case LowerCount():
            snapshot = _edited(
                snapshot,
                change.places,
                _in_request(change.request, lambda item: msgspec.structs.replace(item, count=change.count)),
            )
        case LowerCapacity():
            snapshot = _edited(
                snapshot,
                change.places,
                _in_request(change.request, lambda item: _lowered(item, change.name, change.value)),
            )
        case DropConstraint():
            snapshot = _edited(
                snapshot,
                change.places,
                lambda spec: msgspec.structs.replace(
                    spec,
                    devices=msgspec.structs.replace(
                        spec.devices, constraints=_without(spec.devices.constraints, change.index)
                    ),
                ),
            )
        case DropClassSelector():
            classes = tuple(
                msgspec.structs.replace(
                    item,
                    spec=msgspec.structs.replace(item.spec, selectors=_without(item.spec.selectors, change.index)),
                )
                if item.metadata.name == change.device_class
                else item
                for item in snapshot.classes
            )
            snapshot = msgspec.structs.replace(snapshot, classes=classes)
        case ReleaseClaim():
            claims = tuple(
                msgspec.structs.replace(item, status=ResourceClaimStatus())
                if (item.metadata.namespace, item.metadata.name) == (change.claim.namespace, change.claim.name)
                else item
                for item in snapshot.claims
            )
            snapshot = msgspec.structs.replace(snapshot, claims=claims)
        case TolerateNodeTaint():
            added = Toleration(key=change.key, operator="Equal", value=change.value, effect=change.effect)
            return _with_pod(
                snapshot,
                pod,
                msgspec.structs.replace(pod.spec, tolerations=(*pod.spec.tolerations, added)),
            )
        case DropNodeSelector():
            return _with_pod(snapshot, pod, _freed(pod, change.key).spec)
        case DropTopologySpread():
            kept = _without(pod.spec.topology_spread_constraints, change.index)
            return _with_pod(snapshot, pod, msgspec.structs.replace(pod.spec, topology_spread_constraints=kept))
        case DropPodAffinity():
            return _with_pod(snapshot, pod, _less_attached(pod.spec, change))
        case EndPod():
            place = (change.pod.namespace, change.pod.name)
            pods = tuple(item for item in snapshot.pods if (item.metadata.namespace, item.metadata.name) != place)
            snapshot = msgspec.structs.replace(snapshot, pods=pods)
        case Uncordon():
            nodes = tuple(
                msgspec.structs.replace(item, spec=msgspec.structs.replace(item.spec, unschedulable=False))
                if item.metadata.name == change.node
                else item
                for item in snapshot.nodes
            )
            snapshot = msgspec.structs.replace(snapshot, nodes=nodes)
    return snapshot, pod


def _edited(snapshot: ClusterSnapshot, places: tuple[Reference, ...], edit: _EditSpec) -> ClusterSnapshot:
    claims = {(place.namespace, place.name) for place in places if place.kind == "ResourceClaim"}
    templates = {(place.namespace, place.name) for place in places if place.kind == "ResourceClaimTemplate"}
    if claims:
        edited_claims = tuple(
            msgspec.structs.replace(item, spec=edit(item.spec))
            if (item.metadata.namespace, item.metadata.name) in claims
            else item
            for item in snapshot.claims
        )
        snapshot = msgspec.structs.replace(snapshot, claims=edited_claims)
    if templates:
        edited_templates = tuple(
            msgspec.structs.replace(item, spec=msgspec.structs.replace(item.spec, spec=edit(item.spec.spec)))
            if (item.metadata.namespace, item.metadata.name) in templates
            else item
            for item in snapshot.templates
        )
        snapshot = msgspec.structs.replace(snapshot, templates=edited_templates)
    return snapshot


def _in_request(
    name: str, edit: Callable[[RequestItem], RequestItem]
) -> Callable[[ResourceClaimSpec], ResourceClaimSpec]:
    """Edit one request, or one alternative (``list/alternative``)."""
    outer, _, inner = name.partition("/")

    def edited(request: DeviceRequest) -> DeviceRequest:
        if request.name != outer:
            return request
        if request.first_available:
            items = tuple(edit(item) if item.name == inner else item for item in request.first_available)
            return msgspec.structs.replace(request, first_available=items)
        return request if request.exactly is None else msgspec.structs.replace(request, exactly=edit(request.exactly))

    def of_spec(spec: ResourceClaimSpec) -> ResourceClaimSpec:
        requests = tuple(edited(request) for request in spec.devices.requests)
        return msgspec.structs.replace(spec, devices=msgspec.structs.replace(spec.devices, requests=requests))

    return of_spec


def _lowered(item: RequestItem, name: str, value: str) -> RequestItem:
    requests = {**(item.capacity.requests if item.capacity is not None else {}), name: value}
    return msgspec.structs.replace(item, capacity=CapacityRequirements(requests=requests))


def _without(items: tuple[_Item, ...], index: int) -> tuple[_Item, ...]:
    return items[:index] + items[index + 1 :]


def _freed(pod: Pod, key: str) -> Pod:
    spec = pod.spec
    if key:
        selector = {name: value for name, value in spec.node_selector.items() if name != key}
        return msgspec.structs.replace(pod, spec=msgspec.structs.replace(spec, node_selector=selector))
    if spec.affinity is None:
        return pod
    affinity = msgspec.structs.replace(spec.affinity, node_affinity=None)
    return msgspec.structs.replace(pod, spec=msgspec.structs.replace(spec, affinity=affinity))


def _less_attached(spec: PodSpec, change: DropPodAffinity) -> PodSpec:
    affinity = spec.affinity
    part = None if affinity is None else affinity.pod_anti_affinity if change.anti else affinity.pod_affinity
    if affinity is None or part is None:
        return spec
    terms = _without(part.required_during_scheduling_ignored_during_execution, change.index)
    part = msgspec.structs.replace(part, required_during_scheduling_ignored_during_execution=terms)
    affinity = (
        msgspec.structs.replace(affinity, pod_anti_affinity=part)
        if change.anti
        else msgspec.structs.replace(affinity, pod_affinity=part)
    )
    return msgspec.structs.replace(spec, affinity=affinity)


def _with_pod(snapshot: ClusterSnapshot, pod: Pod, spec: PodSpec) -> tuple[ClusterSnapshot, Pod]:
    changed = msgspec.structs.replace(pod, spec=spec)
    pods = tuple(
        changed
        if item.metadata.name == pod.metadata.name and item.metadata.namespace == pod.metadata.namespace
        else item
        for item in snapshot.pods
    )
    return msgspec.structs.replace(snapshot, pods=pods), changed
