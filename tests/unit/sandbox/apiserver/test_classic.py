"""The classic generation: resource.k8s.io/v1alpha2, in which a driver's controller allocates."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at
from dra_sandbox.apiserver.discovery import version
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.server import ApiServer

from tests.property.sandbox.apiserver.little_clients import Client

CLAIM, CONTEXT = "ResourceClaim.resource.k8s.io", "PodSchedulingContext.resource.k8s.io"
ALLOCATION: JsonObject = {
    "resourceHandles": [{"driverName": "d.example.com", "data": "gpu-0"}],
    "shareable": False,
    "availableOnNodes": {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]
    },
}


def consumer(number: int) -> JsonObject:
    return {"resource": "pods", "name": f"p{number}", "uid": f"u{number}"}


@pytest.fixture
def client() -> Client:
    made = Client("classic")
    made.create(CLAIM, {"metadata": {"name": "x"}, "spec": {"resourceClassName": "gpu.example.com"}})
    return made


def put(client: Client, **status: Json) -> JsonObject | Problem:
    value = {**client.get(CLAIM, "x"), "status": status}
    answer = client.ask(client.request("update", CLAIM, "x", value, subresource="status"))
    return answer if isinstance(answer, Problem) else object_at(answer.body, "status")


def said(answer: JsonObject | Problem) -> str:
    assert isinstance(answer, Problem)
    return answer.message


def test_the_server_is_of_the_time_and_serves_what_there_was() -> None:
    server = ApiServer(generation="classic")
    assert text_at(version("classic"), "gitVersion").startswith("v1.30")
    kinds = {one.kind for one in server.catalog.resources if one.group == "resource.k8s.io"}
    assert kinds == {"ResourceClass", "ResourceClaim", "ResourceClaimTemplate", "PodSchedulingContext"}


def test_a_claim_waits_for_its_first_consumer_and_never_changes(client: Client) -> None:
    value = client.get(CLAIM, "x")
    assert at(value, "spec", "allocationMode") == "WaitForFirstConsumer"
    changed: JsonObject = {**value, "spec": {**object_at(value, "spec"), "resourceClassName": "other"}}
    assert "field is immutable" in client.refused(client.request("update", CLAIM, "x", changed)).message


def test_the_life_of_an_allocation(client: Client) -> None:
    assert "status.driverName: Required value" in said(put(client, allocation=ALLOCATION))
    allocated: dict[str, Json] = {"driverName": "d.example.com", "allocation": ALLOCATION}
    assert put(client, **allocated) == allocated
    assert "may not be reserved more than once" in said(
        put(client, **allocated, reservedFor=[consumer(1), consumer(2)])
    )
    put(client, **allocated, reservedFor=[consumer(1)])
    busy = put(client, **allocated, reservedFor=[consumer(1)], deallocationRequested=True)
    assert "while `reservedFor` is set" in said(busy)
    put(client, **allocated, deallocationRequested=True)
    late = put(client, **allocated, deallocationRequested=True, reservedFor=[consumer(2)])
    assert "new entries may not be added" in said(late)
    assert "may not be cleared" in said(put(client, **allocated))
    assert put(client) == {}


def test_what_is_allocated_stays_as_it_is(client: Client) -> None:
    allocated: dict[str, Json] = {"driverName": "d.example.com", "allocation": ALLOCATION}
    put(client, **allocated)
    assert "field is immutable" in said(put(client, driverName="d.example.com", allocation={"shareable": True}))
    assert "status.driverName: Invalid value" in said(put(client, driverName="e.example.com", allocation=ALLOCATION))


def test_the_negotiation_lists_at_most_128_nodes(client: Client) -> None:
    def context(count: int) -> JsonObject:
        return {"metadata": {"name": "p"}, "spec": {"potentialNodes": [f"node-{i}" for i in range(count)]}}

    problem = client.refused(client.request("create", CONTEXT, body=context(129)))
    assert {cause.field for cause in problem.causes} == {"spec.potentialNodes"}
    client.create(CONTEXT, context(128))


def test_pods_name_their_claims_in_a_source(client: Client) -> None:
    container: JsonObject = {"name": "c", "image": "i", "resources": {"claims": [{"name": "gpu"}]}}
    claims: Json = [{"name": "gpu", "source": {"resourceClaimName": "x"}}]
    made = client.create(
        "Pod", {"metadata": {"name": "p"}, "spec": {"containers": [container], "resourceClaims": claims}}
    )
    assert at(made, "spec", "resourceClaims") == claims
