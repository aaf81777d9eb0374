"""The classic generation: resource.k8s.io/v1alpha2, in which a driver's controller allocates."""

from __future__ import annotations

import pytest
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from dra_sandbox.apiserver.discovery import version
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.world.objects import objects_at

from tests.property.sandbox.apiserver.little_clients import Client

CLASS = "ResourceClass.resource.k8s.io"
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


def test_the_fields_of_other_generations_are_unknown() -> None:
    """A classic pod has no name beside ``source`` and no request in a container; a modern one no ``source``."""
    entries: dict[str, JsonObject] = {
        "classic": {"name": "gpu", "source": {"resourceClaimName": "x"}},
        "modern": {"name": "gpu", "resourceClaimName": "x"},
    }

    def kept(generation: Generation, entry: JsonObject) -> Json:
        used: JsonObject = {"claims": [{"name": "gpu", "request": "r"}]}
        container: JsonObject = {"name": "c", "image": "i", "resources": used}
        both: JsonObject = {**entries["classic"], **entries["modern"], **entry}
        spec: JsonObject = {"containers": [container], "resourceClaims": [both]}
        made = Client(generation).create("Pod", {"metadata": {"name": "p"}, "spec": spec})
        (one,) = objects_at(made, "spec", "containers")
        return [*list_at(made, "spec", "resourceClaims"), *list_at(one, "resources", "claims")]

    assert kept("classic", {}) == [entries["classic"], {"name": "gpu"}]
    assert kept("modern", {}) == [entries["modern"], {"name": "gpu", "request": "r"}]


def test_a_class_names_its_driver_and_nodes_that_can_be_selected() -> None:
    client = Client("classic")

    def causes(**fields: Json) -> set[str]:
        wrong: JsonObject = {"metadata": {"name": "c"}, "driverName": "d.example.com", **fields}
        return {cause.field for cause in client.refused(client.request("create", CLASS, body=wrong)).causes}

    def nodes(field: str, **requirement: Json) -> JsonObject:
        return {"nodeSelectorTerms": [{field: [requirement]}]}

    assert causes(driverName="") == {"driverName"}
    assert causes(driverName=f"{'d' * 64}.example.com") >= {"driverName"}
    assert causes(parametersRef={"apiGroup": "g.example.com"}) == {"parametersRef.kind", "parametersRef.name"}
    assert causes(suitableNodes={"nodeSelectorTerms": []}) == {"suitableNodes.nodeSelectorTerms"}
    where = "suitableNodes.nodeSelectorTerms[0]"
    expression = nodes("matchExpressions", key="a", operator="In")
    assert causes(suitableNodes=expression) == {f"{where}.matchExpressions[0].values"}
    two = nodes("matchFields", key="metadata.name", operator="In", values=["a", "b"])
    assert causes(suitableNodes=two) == {f"{where}.matchFields[0].values"}
    strange = nodes("matchFields", key="spec.x", operator="Is", values=["a"])
    assert causes(suitableNodes=strange) == {f"{where}.matchFields[0].{key}" for key in ("key", "operator")}
    right = nodes("matchExpressions", key="a", operator="Exists")
    client.create(CLASS, {"metadata": {"name": "c"}, "driverName": "d.example.com", "suitableNodes": right})


def test_reservations_say_for_whom_and_for_each_once(client: Client) -> None:
    allocated: dict[str, Json] = {"driverName": "d.example.com", "allocation": {**ALLOCATION, "shareable": True}}
    assert "status.reservedFor[0].uid: Required" in said(
        put(client, **allocated, reservedFor=[{"resource": "pods", "name": "p"}])
    )
    assert "Too many: 33" in said(put(client, **allocated, reservedFor=[consumer(i) for i in range(33)]))
    assert not isinstance(put(client, **allocated, reservedFor=[consumer(i) for i in range(32)]), Problem)


def test_nodes_of_the_negotiation_have_names_and_are_there_once() -> None:
    client = Client("classic")

    def causes(**spec: Json) -> set[str]:
        body: JsonObject = {"metadata": {"name": "p"}, "spec": spec}
        return {cause.field for cause in client.refused(client.request("create", CONTEXT, body=body)).causes}

    assert causes(potentialNodes=["a", "b", "a"]) == {"spec.potentialNodes[2]"}
    assert causes(potentialNodes=["A_b"], selectedNode="x y") == {"spec.potentialNodes[0]", "spec.selectedNode"}
