"""Pods that ask for devices as extended resources (KEP-5004): the claim that the scheduler makes for them.

Which requests it has is the core's to say. It is made only once a node was found for it, and recorded in the pod's
status, with the containers that get its devices, when the pod is bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from dra_core.planning.extended_resources import advertised, classes_by_resource, extended_claim
from dra_core.snapshot.codec import decode_reporting, encode
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from returns.result import Failure

from dra_sandbox.controllers.generated_claims import EXTENDED_RESOURCE_CLAIM
from dra_sandbox.scheduler.records import records
from dra_sandbox.world.objects import (
    CLAIM,
    DEVICE_CLASS,
    NODE,
    World,
    annotations_of,
    controller_uid,
    name_of,
    namespace_of,
    objects_at,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Patch, owner_reference, patch

OWN_REQUEST = re.compile(r"container-(\d+)-request-(\d+)")


make_ready(Pod)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod asks for besides its claims.

    Attributes:
        claim: The claim as it is or would be.
        made: Whether it is there.
        pod: The pod without the resources that the claim stands for.
    """

    claim: JsonObject
    made: bool
    pod: JsonObject


def wanted(world: World, pod: JsonObject) -> Wanted | None:
    """The claim for the pod's extended resources, or None if it asks for none that a class stands for."""
    classes = _classes(world)
    read = decode_reporting(Pod, pod)
    if not classes or isinstance(read, Failure):
        return None
    asked = extended_claim(read.unwrap().record, classes)
    if asked is None or asked.claim is None:
        return None
    made = _made(world, pod)
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {
            "generateName": f"{name_of(pod)}-extended-resources-",
            "namespace": namespace_of(pod),
            "annotations": {EXTENDED_RESOURCE_CLAIM: "true"},
            "ownerReferences": [owner_reference(pod)],
        },
        "spec": encode(asked.claim.spec),
    }
    return Wanted(claim=made or claim, made=made is not None, pod=_without(pod, frozenset(classes)))


def _classes(world: World) -> Mapping[str, str]:
    """Resource name → class; what some node has from a device plugin is left to device plugins on all nodes."""
    classes = classes_by_resource(records(DeviceClass, world, DEVICE_CLASS))
    plugins = {name for node in records(Node, world, NODE) for name in advertised(node, classes)}
    return {name: device_class for name, device_class in classes.items() if name not in plugins}


def record(pod: JsonObject, claim: JsonObject) -> Patch:
    """Write into the pod's status which claim it has, and which container gets which of its requests."""
    status: JsonObject = {"resourceClaimName": name_of(claim), "requestMappings": list(_mappings(pod, claim))}
    return patch(pod, {"status": {"extendedResourceClaimStatus": status}}, "status")


def _made(world: World, pod: JsonObject) -> JsonObject | None:
    return next(
        (
            claim
            for claim in world.all(CLAIM)
            if controller_uid(claim) == uid_of(pod) and EXTENDED_RESOURCE_CLAIM in annotations_of(claim)
        ),
        None,
    )


def _mappings(pod: JsonObject, claim: JsonObject) -> Iterator[JsonObject]:
    """Each container its own requests; an init container without any uses those of the containers after it."""
    containers = (*objects_at(pod, "spec", "initContainers"), *objects_at(pod, "spec", "containers"))
    resources = [sorted(_amounts(item)) for item in containers]
    requests: list[tuple[int, str, str]] = []
    for request in objects_at(claim, "spec", "devices", "requests"):
        found = OWN_REQUEST.fullmatch(text_at(request, "name"))
        if found is not None:
            requests.append((int(found[1]), resources[int(found[1])][int(found[2])], found[0]))
    for index, container in enumerate(containers):
        for resource in resources[index]:
            own = [name for where, what, name in requests if where == index and what == resource]
            later = [name for where, what, name in requests if where > index and what == resource]
            for name in own or later[:1]:
                yield {"containerName": text_at(container, "name"), "resourceName": resource, "requestName": name}


def _amounts(container: JsonObject) -> Mapping[str, Json]:
    return {**object_at(container, "resources", "limits"), **object_at(container, "resources", "requests")}


def _without(pod: JsonObject, names: frozenset[str]) -> JsonObject:
    """The pod as far as nodes themselves have to offer something."""

    def stripped(container: JsonObject) -> JsonObject:
        kept: dict[str, Json] = {}
        for part in ("limits", "requests"):
            amounts = object_at(container, "resources", part)
            kept[part] = {name: amount for name, amount in amounts.items() if name not in names}
        return with_fields(container, ("resources",), kept)

    containers = {
        field: [stripped(item) for item in objects_at(pod, "spec", field)]
        for field in ("containers", "initContainers")
        if objects_at(pod, "spec", field)
    }
    return with_fields(pod, ("spec",), dict(containers))
