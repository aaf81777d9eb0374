"""The status of claims: who may set what, in which order."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_sandbox.apiserver.problems import Problem

from tests.property.sandbox.apiserver.little_clients import Client

CLAIM = "ResourceClaim.resource.k8s.io"
RESULT: JsonObject = {"request": "gpu", "driver": "d.example.com", "pool": "p", "device": "gpu-0"}
ALLOCATION: JsonObject = {"devices": {"results": [RESULT]}}
DEVICE: JsonObject = {"driver": "d.example.com", "pool": "p", "device": "gpu-0"}
SHARE = "00000000-0000-4000-8000-000000000001"


def consumer(number: int) -> JsonObject:
    return {"resource": "pods", "name": f"p{number}", "uid": f"u{number}"}


def claim() -> JsonObject:
    return {
        "metadata": {"name": "x", "finalizers": ["resource.kubernetes.io/delete-protection"]},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "c"}}]}},
    }


@pytest.fixture
def client() -> Client:
    made = Client()
    made.create(CLAIM, claim())
    return made


def put(client: Client, **status: Json) -> JsonObject | Problem:
    value = {**client.get(CLAIM, "x"), "status": {key: item for key, item in status.items() if item is not None}}
    answer = client.ask(client.request("update", CLAIM, "x", value, subresource="status"))
    return answer if isinstance(answer, Problem) else object_at(answer.body, "status")


def said(answer: JsonObject | Problem) -> str:
    assert isinstance(answer, Problem)
    assert answer.code == 422
    return answer.message


def test_an_allocation_is_set_once_and_cleared_with_what_belongs_to_it(client: Client) -> None:
    assert put(client, allocation=ALLOCATION, reservedFor=[consumer(1)], devices=[DEVICE]) == {
        "allocation": ALLOCATION,
        "reservedFor": [consumer(1)],
        "devices": [DEVICE],
    }
    other: JsonObject = {"devices": {"results": [{**RESULT, "device": "gpu-1"}]}}
    assert "status.allocation: Invalid value" in said(put(client, allocation=other))
    assert put(client, devices=[DEVICE]) == {}  # a report about devices goes with their allocation
    assert put(client, allocation=other) == {"allocation": other}


def test_reservations_need_an_allocation_and_end_with_the_claims_deletion(client: Client) -> None:
    assert "status.reservedFor: Forbidden: may not be specified" in said(put(client, reservedFor=[consumer(1)]))
    put(client, allocation=ALLOCATION, reservedFor=[consumer(1), consumer(2)])
    client.done(client.request("delete", CLAIM, "x"))
    more = [consumer(n) for n in (1, 2, 3)]
    assert "new entries may not be added" in said(put(client, allocation=ALLOCATION, reservedFor=more))
    assert put(client, allocation=ALLOCATION, reservedFor=[consumer(2)]) == {
        "allocation": ALLOCATION,
        "reservedFor": [consumer(2)],
    }


def test_at_most_256_consumers(client: Client) -> None:
    many = [consumer(n) for n in range(257)]
    assert "must have at most 256 items" in said(put(client, allocation=ALLOCATION, reservedFor=many))
    assert not isinstance(put(client, allocation=ALLOCATION, reservedFor=many[:256]), Problem)
    twice = [consumer(1), consumer(1)]
    assert "Duplicate value" in said(put(client, allocation=ALLOCATION, reservedFor=twice))


@pytest.mark.parametrize(
    ("result", "path"),
    [
        ({**RESULT, "request": "other"}, "results[0].request"),
        ({**RESULT, "driver": ""}, "results[0].driver"),
        ({**RESULT, "device": "GPU"}, "results[0].device"),
        ({**RESULT, "shareID": SHARE.upper() + "x"}, "results[0].shareID"),
        ({**RESULT, "bindingConditions": ["a"]}, "results[0].bindingFailureConditions"),
    ],
)
def test_results_name_requests_of_the_claim_and_devices(client: Client, result: JsonObject, path: str) -> None:
    answer = put(client, allocation={"devices": {"results": [result]}})
    assert isinstance(answer, Problem)
    assert f"status.allocation.devices.{path}" in {cause.field for cause in answer.causes}


def test_at_most_32_results(client: Client) -> None:
    results: Json = [{**RESULT, "device": f"gpu-{n}"} for n in range(33)]
    assert "must have at most 32 items" in said(put(client, allocation={"devices": {"results": results}}))


CONDITION: JsonObject = {
    "type": "Ready",
    "status": "True",
    "reason": "Ready",
    "message": "",
    "lastTransitionTime": "2026-01-31T12:00:00Z",
}


@pytest.mark.parametrize(
    ("device", "text"),
    [
        ({**DEVICE, "device": "gpu-1"}, "must be an allocated device in the claim"),
        ({**DEVICE, "shareID": SHARE}, "must be an allocated device in the claim"),
        ({**DEVICE, "data": [1]}, "must be a valid JSON object"),
        ({**DEVICE, "data": {"a": "x" * 10240}}, "Too long: may not be more than 10240 bytes"),
        ({**DEVICE, "networkData": {"ips": ["10.0.0.1"]}}, "must be a valid address in CIDR form"),
        ({**DEVICE, "networkData": {"ips": [f"10.0.0.{n}/24" for n in range(17)]}}, "must have at most 16 items"),
        ({**DEVICE, "networkData": {"interfaceName": "x" * 257}}, "Too long: may not be more than 256"),
        ({**DEVICE, "networkData": {"hardwareAddress": "x" * 129}}, "Too long: may not be more than 128"),
        ({**DEVICE, "conditions": [{"type": "Ready", "status": "True"}]}, "conditions[0].reason: Required value"),
        (
            {**DEVICE, "conditions": [{**CONDITION, "type": f"C{n}"} for n in range(9)]},
            "conditions: Too many: 9: must have at most 8 items",
        ),
    ],
)
def test_reports_about_devices_are_checked(client: Client, device: JsonObject, text: str) -> None:
    assert text in said(put(client, allocation=ALLOCATION, devices=[device]))


def test_admin_access_needs_the_label_of_the_namespace() -> None:
    client = Client()
    request: Json = [{"name": "gpu", "exactly": {"deviceClassName": "c", "adminAccess": True}}]
    body: JsonObject = {"metadata": {"name": "x"}, "spec": {"devices": {"requests": request}}}
    template: JsonObject = {"metadata": {"name": "x"}, "spec": {"spec": body["spec"]}}
    kinds = ((CLAIM, body), ("ResourceClaimTemplate.resource.k8s.io", template))
    for kind, refused in kinds:
        problem = client.refused(client.request("create", kind, body=refused))
        assert problem.code == 403
        assert "resource.kubernetes.io/admin-access: true" in problem.message
    labels: JsonObject = {"resource.kubernetes.io/admin-access": "true"}
    client.create("Namespace", {"metadata": {"name": "admins", "labels": labels}})
    for kind, allowed in kinds:
        client.create(kind, allowed, "admins")
