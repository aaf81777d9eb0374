"""Pods that ask for devices as extended resources, without a word of claims."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at
from dra_sandbox.kubelet.prepared_claims import (
    EXTENDED,
    DriverPart,
    HeldClaim,
    PreparedDevice,
    devices_of_container,
    entries_of,
)
from dra_sandbox.scheduler.extended_resources import record, wanted
from dra_sandbox.scheduler.node_resources import requests_of
from dra_sandbox.world.objects import World, with_fields, world_of

CLASS: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "gpu.example.com", "uid": "class"},
    "spec": {"extendedResourceName": "example.com/gpu"},
}


def node(**allocatable: Json) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "uid": "n"},
        "status": {"allocatable": allocatable},
    }


def pod(*asked: JsonObject, init: JsonObject | None = None) -> JsonObject:
    containers: list[Json] = [
        {"name": f"c{number}", "resources": {"limits": limits}} for number, limits in enumerate(asked)
    ]
    first: list[Json] = [{"name": "i0", "resources": {"limits": init}}] if init else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "ns", "name": "p", "uid": "p"},
        "spec": {"containers": containers, **({"initContainers": first} if first else {})},
    }


def cluster(*more: JsonObject) -> World:
    return world_of(CLASS, node(), *more)


def test_a_pod_without_such_resources_needs_no_claim() -> None:
    assert wanted(cluster(), pod({"cpu": "1"})) is None
    assert wanted(world_of(node()), pod({"example.com/gpu": "1"})) is None


def test_a_resource_that_a_node_advertises_is_its_device_plugins() -> None:
    advertising = node(**{"example.com/gpu": "4"})
    assert wanted(world_of(CLASS, advertising), pod({"example.com/gpu": "1"})) is None


def test_the_claim_has_a_request_for_each_container_and_resource() -> None:
    implicit = "deviceclass.resource.kubernetes.io/gpu.example.com"
    found = wanted(cluster(), pod({"cpu": "1", "example.com/gpu": "2"}, {implicit: "1"}))
    assert found is not None
    assert not found.made
    names = [
        (at(item, "name"), at(item, "exactly", "count")) for item in list_at(found.claim, "spec", "devices", "requests")
    ]
    assert names == [("container-0-request-1", 2), ("container-1-request-0", 1)]
    assert at(found.claim, "metadata", "generateName") == "p-extended-resources-"
    assert set(requests_of(found.pod)) == {"cpu"}, "of the node itself only the rest is asked"


def test_a_claim_that_was_made_is_found_again() -> None:
    asking = pod({"example.com/gpu": "1"})
    first = wanted(cluster(), asking)
    assert first is not None
    made = with_fields(first.claim, ("metadata",), {"name": "p-extended-resources-x", "uid": "u"})
    again = wanted(cluster(made), asking)
    assert again is not None
    assert again.made
    assert again.claim == made


def test_the_status_maps_containers_to_requests_and_init_containers_to_later_ones() -> None:
    asking = pod({"example.com/gpu": "1"}, init={"example.com/gpu": "1"})
    found = wanted(cluster(), asking)
    assert found is not None
    claim = with_fields(found.claim, ("metadata",), {"name": "c"})
    status = at(record(asking, claim).patch, "status", "extendedResourceClaimStatus")
    assert at(status, "resourceClaimName") == "c"
    assert list_at(status, "requestMappings") == [
        {"containerName": "i0", "resourceName": "example.com/gpu", "requestName": "container-1-request-0"},
        {"containerName": "c0", "resourceName": "example.com/gpu", "requestName": "container-1-request-0"},
    ]


def test_a_container_sees_the_devices_of_its_mapped_requests() -> None:
    asking = pod({"example.com/gpu": "1"}, {"example.com/gpu": "1"})
    mappings: list[Json] = [
        {
            "containerName": f"c{number}",
            "resourceName": "example.com/gpu",
            "requestName": f"container-{number}-request-0",
        }
        for number in range(2)
    ]
    status: JsonObject = {"extendedResourceClaimStatus": {"resourceClaimName": "c", "requestMappings": mappings}}
    recorded: JsonObject = {**asking, "status": status}
    devices = tuple(
        PreparedDevice(request_names=(f"container-{number}-request-0",), pool="n", device=f"gpu-{number}")
        for number in range(2)
    )
    drivers = {"d": DriverPart(devices=devices)}
    held = {"u": HeldClaim(uid="u", namespace="ns", name="c", pods=frozenset({"p"}), drivers=drivers)}
    assert entries_of(recorded) == {EXTENDED: "c"}
    assert devices_of_container(held, recorded, {"name": "c1"}) == (
        (EXTENDED, "container-1-request-0", "d", devices[1]),
    )
