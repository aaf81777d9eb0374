"""The limits of resource.k8s.io/v1: what is just allowed, and what is one too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_sandbox.apiserver.answers import Succeeded
from dra_sandbox.world.objects import objects_at

from tests.property.sandbox.apiserver.little_clients import Client

CLAIM, TEMPLATE = "ResourceClaim.resource.k8s.io", "ResourceClaimTemplate.resource.k8s.io"
SLICE, CLASS = "ResourceSlice.resource.k8s.io", "DeviceClass.resource.k8s.io"
TAINT: JsonObject = {"key": "k", "effect": "NoSchedule"}
Made: TypeAlias = Callable[[int], JsonObject]


def claim(**devices: Json) -> JsonObject:
    requests: Json = [{"name": "gpu", "exactly": {"deviceClassName": "c"}}]
    return {"metadata": {"name": "x"}, "spec": {"devices": {"requests": requests, **devices}}}


def exact(**fields: Json) -> JsonObject:
    return claim(requests=[{"name": "gpu", "exactly": {"deviceClassName": "c", **fields}}])


def alternatives(count: int) -> JsonObject:
    return claim(
        requests=[{"name": "gpu", "firstAvailable": [{"name": f"s{i}", "deviceClassName": "c"} for i in range(count)]}]
    )


def slice_of(*devices: JsonObject, **spec: Json) -> JsonObject:
    pool: JsonObject = {"name": "node-1", "generation": 1, "resourceSliceCount": 1}
    published: JsonObject = {"devices": list(devices)} if devices else {}
    whole: JsonObject = {"driver": "d.example.com", "nodeName": "node-1", "pool": pool, **published, **spec}
    return {"metadata": {"name": "x"}, "spec": whole}


def device(number: int = 0, **fields: Json) -> JsonObject:
    return {"name": f"d{number}", **fields}


def devices(count: int, **fields: Json) -> JsonObject:
    return slice_of(*(device(i, **fields) for i in range(count)))


def opaque(size: int) -> JsonObject:
    """Parameters of exactly so many bytes."""
    empty = len('{"a":""}')
    return {"driver": "d.example.com", "parameters": {"a": "x" * (size - empty)}}


def consuming(sets: int, counters: int = 1) -> JsonObject:
    consumed: Json = [
        {"counterSet": f"s{i}", "counters": {f"c{j}": {"value": "1"} for j in range(counters)}} for i in range(sets)
    ]
    return slice_of(device(consumesCounters=consumed))


def counter_sets(sets: int, counters: int = 1) -> JsonObject:
    return slice_of(
        sharedCounters=[
            {"name": f"s{i}", "counters": {f"c{j}": {"value": "1"} for j in range(counters)}} for i in range(sets)
        ]
    )


LIMITS: list[tuple[str, str, Made, int, str]] = [
    (
        "requests",
        CLAIM,
        lambda n: claim(requests=[{"name": f"r{i}", "exactly": {"deviceClassName": "c"}} for i in range(n)]),
        32,
        "spec.devices.requests",
    ),
    (
        "constraints",
        CLAIM,
        lambda n: claim(constraints=[{"matchAttribute": "d.example.com/a"}] * n),
        32,
        "spec.devices.constraints",
    ),
    ("configs", CLAIM, lambda n: claim(config=[{"opaque": opaque(20)}] * n), 32, "spec.devices.config"),
    ("alternatives", CLAIM, alternatives, 8, "spec.devices.requests[0].firstAvailable"),
    (
        "selectors",
        CLAIM,
        lambda n: exact(selectors=[{"cel": {"expression": "true"}}] * n),
        32,
        "spec.devices.requests[0].exactly.selectors",
    ),
    (
        "tolerations",
        CLAIM,
        lambda n: exact(tolerations=[{"key": f"k{i}", "operator": "Exists"} for i in range(n)]),
        16,
        "spec.devices.requests[0].exactly.tolerations",
    ),
    (
        "parameters",
        CLAIM,
        lambda n: claim(config=[{"opaque": opaque(n)}]),
        10240,
        "spec.devices.config[0].opaque.parameters",
    ),
    (
        "expression",
        CLAIM,
        lambda n: exact(selectors=[{"cel": {"expression": "true" + " " * (n - 4)}}]),
        10240,
        "spec.devices.requests[0].exactly.selectors[0].cel.expression",
    ),
    (
        "class selectors",
        CLASS,
        lambda n: {"metadata": {"name": "x"}, "spec": {"selectors": [{"cel": {"expression": "true"}}] * n}},
        32,
        "spec.selectors",
    ),
    ("devices", SLICE, devices, 128, "spec.devices"),
    ("devices with taints", SLICE, lambda n: devices(n, taints=[TAINT]), 64, "spec.devices"),
    ("devices with lists", SLICE, lambda n: devices(n, attributes={"a": {"ints": [1]}}), 64, "spec.devices"),
    ("taints", SLICE, lambda n: slice_of(device(taints=[TAINT] * n)), 16, "spec.devices[0].taints"),
    (
        "attributes and capacities",
        SLICE,
        lambda n: slice_of(
            device(attributes={f"a{i}": {"int": i} for i in range(n - 1)}, capacity={"c": {"value": "1"}})
        ),
        32,
        "spec.devices[0]",
    ),
    (
        "attribute values",
        SLICE,
        lambda n: slice_of(device(attributes={"a": {"ints": list(range(n - 1))}, "b": {"int": 1}})),
        48,
        "spec.devices[0]",
    ),
    (
        "text",
        SLICE,
        lambda n: slice_of(device(attributes={"a": {"string": "x" * n}})),
        64,
        "spec.devices[0].attributes[a].string",
    ),
    (
        "identifier",
        SLICE,
        lambda n: slice_of(device(attributes={"a" * n: {"int": 1}})),
        32,
        "spec.devices[0].attributes",
    ),
    ("device name", SLICE, lambda n: slice_of({"name": "d" * n}), 63, "spec.devices[0].name"),
    ("driver", SLICE, lambda n: slice_of(driver="d" * n), 63, "spec.driver"),
    ("counter sets", SLICE, counter_sets, 8, "spec.sharedCounters"),
    ("counters", SLICE, lambda n: counter_sets(1, n), 32, "spec.sharedCounters[0].counters"),
    ("consumed sets", SLICE, consuming, 2, "spec.devices[0].consumesCounters"),
    ("consumed counters", SLICE, lambda n: consuming(1, n), 32, "spec.devices[0].consumesCounters[0].counters"),
    (
        "binding conditions",
        SLICE,
        lambda n: slice_of(device(bindingConditions=[f"c{i}" for i in range(n)], bindingFailureConditions=["failed"])),
        4,
        "spec.devices[0].bindingConditions",
    ),
    (
        "valid values",
        SLICE,
        lambda n: slice_of(
            device(
                allowMultipleAllocations=True,
                capacity={
                    "c": {
                        "value": "100",
                        "requestPolicy": {"default": "1", "validValues": [str(i + 1) for i in range(n)]},
                    }
                },
            )
        ),
        10,
        "spec.devices[0].capacity[c].requestPolicy.validValues",
    ),
]


@pytest.mark.parametrize(("kind", "made", "most", "path"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
def test_the_limit_is_allowed_and_one_more_is_not(kind: str, made: Made, most: int, path: str) -> None:
    client = Client()
    problem = client.refused(client.request("create", kind, body=made(most + 1)))
    assert (problem.code, problem.reason) == (422, "Invalid")
    assert path in {cause.field for cause in problem.causes}
    client.create(kind, made(most))


WRONG: list[tuple[str, str, JsonObject, str, str]] = [
    ("no selection", SLICE, slice_of(device(), nodeName=None), "spec", "exactly one of `nodeName`"),
    ("two selections", SLICE, slice_of(device(), allNodes=True), "spec", "but multiple fields are set"),
    ("false", SLICE, slice_of(nodeName=None, allNodes=False), "spec.allNodes", "unset or set to true"),
    (
        "two terms",
        SLICE,
        slice_of(nodeName=None, nodeSelector={"nodeSelectorTerms": [{"matchFields": []}] * 2}),
        "spec.nodeSelector.nodeSelectorTerms",
        "exactly one node selector term",
    ),
    ("pool of no slices", SLICE, slice_of(pool={"name": "p"}), "spec.pool.resourceSliceCount", "greater than zero"),
    (
        "both",
        SLICE,
        slice_of(device(), sharedCounters=[{"name": "s", "counters": {"c": {"value": "1"}}}]),
        "spec",
        "only one of",
    ),
    ("same name", SLICE, slice_of(device(), device()), "spec.devices[1]", "Duplicate value"),
    ("no value", SLICE, slice_of(device(attributes={"a": {}})), "spec.devices[0].attributes[a]", "exactly one value"),
    (
        "two values",
        SLICE,
        slice_of(device(attributes={"a": {"int": 1, "bool": True}})),
        "spec.devices[0].attributes[a]",
        "exactly one value",
    ),
    (
        "no version",
        SLICE,
        slice_of(device(attributes={"a": {"version": "1.0"}})),
        "spec.devices[0].attributes[a].version",
        "semver",
    ),
    (
        "not fitting policy",
        SLICE,
        slice_of(device(capacity={"c": {"value": "1", "requestPolicy": {"default": "1"}}})),
        "spec.devices[0].capacity[c].requestPolicy",
        "allowMultipleAllocations must be true",
    ),
    (
        "off the grid",
        SLICE,
        slice_of(
            device(
                allowMultipleAllocations=True,
                capacity={
                    "c": {
                        "value": "10Gi",
                        "requestPolicy": {"default": "1536Mi", "validRange": {"min": "1Gi", "step": "1Gi"}},
                    }
                },
            )
        ),
        "spec.devices[0].capacity[c].requestPolicy.validRange.step",
        "not a multiple of a given step (1Gi) from (1Gi)",
    ),
    (
        "conditions without failures",
        SLICE,
        slice_of(device(bindingConditions=["ready"])),
        "spec.devices[0].bindingFailureConditions",
        "are required",
    ),
    (
        "condition of both kinds",
        SLICE,
        slice_of(device(bindingConditions=["a"], bindingFailureConditions=["a"])),
        "spec.devices[0].bindingFailureConditions[0]",
        "must not overlap",
    ),
    (
        "taint without effect",
        SLICE,
        slice_of(device(taints=[{"key": "k"}])),
        "spec.devices[0].taints[0].effect",
        "Required",
    ),
    (
        "skipped alone",
        SLICE,
        slice_of(skipNodeOperations=["NodePrepareResources"]),
        "spec.skipNodeOperations",
        "cannot be skipped",
    ),
    (
        "no class",
        CLAIM,
        exact(deviceClassName=""),
        "spec.devices.requests[0].exactly.deviceClassName",
        "Required value",
    ),
    (
        "both forms",
        CLAIM,
        claim(
            requests=[
                {
                    "name": "r",
                    "exactly": {"deviceClassName": "c"},
                    "firstAvailable": [{"name": "s", "deviceClassName": "c"}],
                }
            ]
        ),
        "spec.devices.requests[0]",
        "multiple fields",
    ),
    ("neither form", CLAIM, claim(requests=[{"name": "r"}]), "spec.devices.requests[0]", "is required"),
    (
        "unknown mode",
        CLAIM,
        exact(allocationMode="Some"),
        "spec.devices.requests[0].exactly.allocationMode",
        'supported values: "All", "ExactCount"',
    ),
    ("negative count", CLAIM, exact(count=-1), "spec.devices.requests[0].exactly.count", "greater than zero"),
    (
        "unknown request",
        CLAIM,
        claim(config=[{"requests": ["gpu/sub"], "opaque": opaque(20)}]),
        "spec.devices.config[0].requests[0]",
        "must be the name of a request",
    ),
    (
        "parameters of text",
        CLAIM,
        claim(config=[{"opaque": {"driver": "d", "parameters": "text"}}]),
        "spec.devices.config[0].opaque.parameters",
        "valid JSON object",
    ),
    (
        "no expression",
        CLAIM,
        exact(selectors=[{"cel": {"expression": "device.colour"}}]),
        "spec.devices.requests[0].exactly.selectors[0].cel.expression",
        "compilation failed",
    ),
    (
        "expression of text",
        CLAIM,
        exact(selectors=[{"cel": {"expression": "device.driver"}}]),
        "spec.devices.requests[0].exactly.selectors[0].cel.expression",
        "must evaluate to bool",
    ),
    (
        "two attributes",
        CLAIM,
        claim(constraints=[{"matchAttribute": "a/b", "distinctAttribute": "a/b"}]),
        "spec.devices.constraints[0]",
        "exactly one of",
    ),
    (
        "template",
        TEMPLATE,
        {"metadata": {"name": "x"}, "spec": {"spec": exact(deviceClassName="")["spec"]}},
        "spec.spec.devices.requests[0].exactly.deviceClassName",
        "Required value",
    ),
    (
        "extended name",
        CLASS,
        {"metadata": {"name": "x"}, "spec": {"extendedResourceName": "nvidia"}},
        "spec.extendedResourceName",
        "valid extended resource name",
    ),
]


@pytest.mark.parametrize(("kind", "body", "path", "said"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_at_its_path(kind: str, body: JsonObject, path: str, said: str) -> None:
    problem = Client().refused(Client().request("create", kind, body=body))
    assert problem.code == 422
    assert [cause for cause in problem.causes if cause.field == path and said in cause.message], problem.causes


def test_slices_keep_driver_pool_and_node() -> None:
    client = Client()
    made = client.create(SLICE, slice_of(device()))
    pool: JsonObject = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    changes: tuple[JsonObject, ...] = ({"driver": "other.example.com"}, {"nodeName": "node-2"}, {"pool": pool})
    for changed in changes:
        spec: JsonObject = {**object_at(made, "spec"), **changed}
        problem = client.refused(client.request("update", SLICE, "x", {**made, "spec": spec}))
        assert "field is immutable" in problem.message
    more: JsonObject = {**object_at(made, "spec"), "devices": [device(0), device(1)]}
    updated = client.done(client.request("update", SLICE, "x", {**made, "spec": more}))
    assert object_at(updated, "metadata")["generation"] == 2


def test_defaults_of_requests_taints_and_tolerations() -> None:
    client = Client()
    made = client.create(CLAIM, exact(tolerations=[{"key": "k"}]))
    (request,) = objects_at(made, "spec", "devices", "requests")
    request = object_at(request, "exactly")
    assert (request["allocationMode"], request["count"]) == ("ExactCount", 1)
    assert request["tolerations"] == [{"key": "k", "operator": "Equal"}]
    published = client.create(SLICE, slice_of(device(taints=[TAINT])))
    (tainted,) = objects_at(published, "spec", "devices")
    assert tainted["taints"] == [{**TAINT, "timeAdded": "2026-01-31T12:00:02Z"}]


def test_fields_that_nobody_knows_are_dropped_with_a_warning() -> None:
    client = Client()
    answer = client.ask(client.request("create", CLAIM, body=exact(colour="red")))
    assert isinstance(answer, Succeeded)
    assert answer.warnings == ('unknown field "spec.devices.requests[0].exactly.colour"',)


def test_opaque_parameters_are_kept_to_the_letter() -> None:
    """Null means absent everywhere but there."""
    client = Client()
    parameters: JsonObject = {"a": None, "b": [None, {"c": None}], "quantity": "1024Mi"}
    made = client.create(CLAIM, claim(config=[{"opaque": {"driver": "d", "parameters": parameters}}], constraints=None))
    devices_of = object_at(made, "spec", "devices")
    assert devices_of["config"] == [{"opaque": {"driver": "d", "parameters": parameters}}]
    assert "constraints" not in devices_of
