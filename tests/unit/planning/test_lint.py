"""What lint finds: one broken object per rule, and that objects in order give nothing."""

from __future__ import annotations

import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Document, lint_documents
from dra_core.snapshot.json_value import Json, JsonObject, object_at

from benchmarks.big_cluster import cluster_list

LANGUAGE = CelLanguage()


def found(*values: Json) -> list[tuple[str, str]]:
    documents = [Document("f.yaml", number, value) for number, value in enumerate(values, 1)]
    return [(item.refusal.path, item.refusal.code) for item in lint_documents(documents, LANGUAGE)]


def claim(spec: JsonObject, version: str = "v1") -> JsonObject:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "n"},
        "spec": {"devices": spec},
    }


def request(**fields: Json) -> JsonObject:
    return {"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com", **fields}}


def slice_with(**spec: Json) -> JsonObject:
    usual: JsonObject = {
        "driver": "gpu.example.com",
        "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
        "nodeName": "node-1",
        "devices": [{"name": "gpu-0"}],
    }
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {**usual, **spec},
    }


def device(**fields: Json) -> JsonObject:
    return slice_with(devices=[{"name": "gpu-0", **fields}])


DERIVED: JsonObject = {"name": "a.example.com/x", "expression": "device.driver"}
REQUEST = "spec.devices.requests[0].exactly"
DEVICE = "spec.devices[0]"
TWO_TERMS: JsonObject = {
    "nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "Exists"}]} for key in ("a", "b")]
}


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ({"requests": [request()]}, []),
        ({"requests": [request(), request()]}, [("spec.devices.requests[1].name", "Duplicate")]),
        ({"requests": [request(count=0)]}, [(f"{REQUEST}.count", "Invalid")]),
        ({"requests": [request(count=33)]}, [("spec.devices.requests", "Invalid")]),
        ({"requests": [request(allocationMode="Some")]}, [(f"{REQUEST}.allocationMode", "NotAllowed")]),
        ({"requests": [request(allocationMode="All", count=1)]}, [(f"{REQUEST}.count", "Invalid")]),
        ({"requests": [{"name": "gpu"}]}, [("spec.devices.requests[0]", "Invalid")]),
        ({"requests": [{**request(), "name": "GPU"}]}, [("spec.devices.requests[0].name", "Invalid")]),
        (
            {"requests": [request(selectors=[{"cel": {"expression": "device.driver =="}}])]},
            [(f"{REQUEST}.selectors[0].cel.expression", "ExpressionNotCompiling")],
        ),
        (
            {"requests": [request(selectors=[{"cel": {"expression": "x" * 10_241}}])]},
            [(f"{REQUEST}.selectors[0].cel.expression", "TooLong")],
        ),
        (
            {"requests": [request(tolerations=[{"operator": "Exists", "value": "x"}, {"operator": "equal"}])]},
            [(f"{REQUEST}.tolerations[0].value", "Invalid"), (f"{REQUEST}.tolerations[1].operator", "NotAllowed")],
        ),
        (
            {"requests": [request(capacity={"requests": {"memory": "much"}})]},
            [(f"{REQUEST}.capacity.requests.memory", "Invalid")],
        ),
        (
            {"requests": [request()], "constraints": [{"requests": ["cpu"], "matchAttribute": "model"}]},
            [
                ("spec.devices.constraints[0].requests[0]", "UnknownRequest"),
                ("spec.devices.constraints[0].matchAttribute", "Invalid"),
            ],
        ),
        ({"requests": [request()], "constraints": [{}]}, [("spec.devices.constraints[0]", "Invalid")]),
        (
            {"requests": [request()], "config": [{"opaque": {"driver": "gpu.example.com", "parameters": {"a": 1}}}]},
            [
                ("spec.devices.config[0].opaque.parameters.apiVersion", "Required"),
                ("spec.devices.config[0].opaque.parameters.kind", "Required"),
                ("spec.devices.config[0].opaque.parameters.a", "UnknownField"),
            ],
        ),
        (
            {"requests": [request()], "config": [{"opaque": {"driver": "other.example.com", "parameters": "text"}}]},
            [("spec.devices.config[0].opaque.parameters", "ParametersNotAnObject")],
        ),
        ({"requests": [request(cuont=2)]}, [(f"{REQUEST}.cuont", "UnknownField")]),
        ({"requests": [request(tolerations=[{"operator": "Exists", "effect": "None"}])]}, []),
        # The API takes these: an empty key stands for all keys, an empty effect for all effects, NoExecute among them.
        ({"requests": [request(tolerations=[{"operator": "Equal", "value": "x"}])]}, []),
        ({"requests": [request(tolerations=[{"operator": "Exists", "tolerationSeconds": 30}])]}, []),
        (
            {
                "requests": [request(derivedAttributes=[DERIVED])],
                "constraints": [{"matchAttribute": "a.example.com/x"}],
            },
            [],
        ),
        (
            {
                "requests": [request(derivedAttributes=[DERIVED])],
                "constraints": [{"matchAttribute": "a.example.com/y"}],
            },
            [(f"{REQUEST}.derivedAttributes[0].name", "Invalid")],
        ),
        (
            {
                "requests": [request(derivedAttributes=[DERIVED, DERIVED])],
                "constraints": [{"requests": ["gpu"], "distinctAttribute": "a.example.com/x"}],
            },
            [(f"{REQUEST}.derivedAttributes[1].name", "Duplicate")],
        ),
    ],
)
def test_claims(spec: JsonObject, faults: list[tuple[str, str]]) -> None:
    assert found(claim(spec)) == faults
    template: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "t", "namespace": "n"},
        "spec": {"spec": {"devices": spec}},
    }
    assert found(template) == [(f"spec.{path}", code) for path, code in faults]


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (slice_with(), []),
        (slice_with(nodeName=None), [("spec", "Invalid")]),
        (slice_with(allNodes=True), [("spec", "Invalid")]),
        (slice_with(devices=[{"name": "a"}, {"name": "a"}]), [("spec.devices[1].name", "Duplicate")]),
        (slice_with(devices=[{"name": f"d{i}"} for i in range(129)]), [("spec.devices", "TooMany")]),
        (
            slice_with(devices=[{"name": f"d{i}", "taints": [{"key": "k", "effect": "None"}]} for i in range(65)]),
            [("spec.devices", "TooMany")],
        ),
        (slice_with(driver="no/driver"), [("spec.driver", "Invalid")]),
        (
            slice_with(sharedCounters=[{"name": "c", "counters": {"m": {"value": 1}}}]),
            [("spec.sharedCounters", "Invalid")],
        ),
        (slice_with(pool={"name": "p", "resourceSliceCount": 2}), [("spec.pool.resourceSliceCount", "PoolIncomplete")]),
        (device(name="GPU"), [(f"{DEVICE}.name", "Invalid")]),
        (device(attributes={"a": {"int": 1, "bool": True}}), [(f"{DEVICE}.attributes.a", "Invalid")]),
        (device(attributes={"a": {}}), [(f"{DEVICE}.attributes.a", "Invalid")]),
        (device(attributes={"a": {"version": "1"}}), [(f"{DEVICE}.attributes.a", "Invalid")]),
        (device(attributes={"a": {"string": "x" * 65}}), [(f"{DEVICE}.attributes.a", "TooLong")]),
        (device(attributes={"1a": {"int": 1}}), [(f"{DEVICE}.attributes.1a", "Invalid")]),
        (device(attributes={f"a{i}": {"int": 1} for i in range(33)}), [(DEVICE, "TooMany")]),
        (device(capacity={"m": {"value": "much"}}), [(f"{DEVICE}.capacity.m.value", "Invalid")]),
        (
            device(capacity={"m": {"value": "1", "requestPolicy": {"default": "1"}}}),
            [(f"{DEVICE}.capacity.m.requestPolicy", "Invalid")],
        ),
        (
            device(taints=[{"key": "a b", "effect": "Never"}]),
            [(f"{DEVICE}.taints[0].key", "Invalid"), (f"{DEVICE}.taints[0].effect", "NotAllowed")],
        ),
        (device(bindingConditions=["a"]), [(f"{DEVICE}.bindingFailureConditions", "Required")]),
        (device(nodeName="n"), [(DEVICE, "Invalid")]),
        (slice_with(allNodes=False), [("spec.allNodes", "Invalid")]),
        (device(attributes={"GPU.example.com/a": {"int": 1}}), []),
        (device(attributes={"a": {"string": "ä" * 33}}), [(f"{DEVICE}.attributes.a", "TooLong")]),
        (device(attributes={"a": {"strings": []}}), [(f"{DEVICE}.attributes.a", "Invalid")]),
        (
            device(bindingConditions=["a b"], bindingFailureConditions=["y", "y"]),
            [
                (f"{DEVICE}.bindingConditions[0]", "Invalid"),
                (f"{DEVICE}.bindingFailureConditions[1]", "Duplicate"),
            ],
        ),
        (
            slice_with(devices=None, sharedCounters=[{"name": "c", "counters": {}}]),
            [("spec.sharedCounters[0].counters", "Required")],
        ),
        (slice_with(skipNodeOperations=["NodePrepareResources"]), [("spec.skipNodeOperations", "Invalid")]),
        (slice_with(skipNodeOperations=["NodePrepareResources", "*"]), []),
        (slice_with(skipNodeOperations=["None"]), [("spec.skipNodeOperations[0]", "NotAllowed")]),
        (slice_with(partitionTypeAttribute="a.example.com/x"), [("spec.partitionTypeAttribute", "Invalid")]),
        (
            slice_with(perDeviceNodeSelection=True, nodeName=None, devices=[{"name": "a", "nodeSelector": TWO_TERMS}]),
            [],
        ),
        (
            slice_with(nodeSelector=TWO_TERMS, nodeName=None),
            [("spec.nodeSelector.nodeSelectorTerms", "Invalid")],
        ),
        (
            device(nodeAllocatableResources={"cpu": {"mapping": {"capacityKey": "m", "capacityMultiplier": "1"}}}),
            [(f"{DEVICE}.nodeAllocatableResources.cpu.mapping.capacityKey", "UnknownCapacity")],
        ),
        (
            device(consumesCounters=[{"counterSet": "c", "counters": {"m": {"value": "1"}}}]),
            [(f"{DEVICE}.consumesCounters[0].counterSet", "UnknownCounterSet")],
        ),
    ],
)
def test_slices(value: JsonObject, faults: list[tuple[str, str]]) -> None:
    assert found(value) == faults


@pytest.mark.parametrize(
    ("policy", "paths"),
    [
        ({"default": "2", "validRange": {"min": "1", "max": "9", "step": "1"}}, []),
        ({"default": "1", "validValues": ["1", "2"]}, []),
        ({}, []),
        ({"validValues": ["1"]}, [".default"]),
        ({"default": "2", "validValues": ["1"]}, [".validValues"]),
        ({"default": "1", "validValues": ["1", "11"]}, [".validValues[1]"]),
        ({"default": "1", "validRange": {"min": "1", "max": "11"}}, [".validRange.max"]),
        ({"default": "11", "validRange": {"min": "11"}}, [".validRange.min"]),
        ({"default": "1", "validRange": {"min": "1", "step": "10"}}, [".validRange.step"]),
        ({"default": "1", "validRange": {}}, [".validRange.min"]),
        ({"default": "1", "validValues": ["2", "1"]}, [".validValues[1]"]),
        ({"default": "1", "validValues": ["1"], "validRange": {"min": "1"}}, [""]),
        ({"default": "0", "validRange": {"min": "1"}}, [".validRange"]),
        (
            {"default": "2", "validRange": {"min": "1", "max": "2", "step": "2"}},
            [".validRange.default", ".validRange.max"],
        ),
        ({"default": "1", "validRange": {"min": "1", "step": "0"}}, [".validRange.step"]),
    ],
)
def test_request_policies(policy: JsonObject, paths: list[str]) -> None:
    value = device(allowMultipleAllocations=True, capacity={"m": {"value": "10", "requestPolicy": policy}})
    assert [path for path, _ in found(value)] == [f"{DEVICE}.capacity.m.requestPolicy{path}" for path in paths]


def test_partitions_say_what_they_are() -> None:
    drawing: JsonObject = {"consumesCounters": [{"counterSet": "c", "counters": {"m": {"value": "1"}}}]}
    devices: list[Json] = [
        {"name": "a", **drawing, "attributes": {"x": {"string": "half"}}},
        {"name": "b", **drawing, "attributes": {"gpu.example.com/x": {"int": 1}}},
        {"name": "c", **drawing},
        {"name": "d"},
    ]
    pool: JsonObject = {"name": "node-1", "generation": 1, "resourceSliceCount": 2}
    sets = slice_with(pool=pool, devices=None, sharedCounters=[{"name": "c", "counters": {"m": {"value": "2"}}}])
    value = slice_with(pool=pool, devices=devices, partitionTypeAttribute="gpu.example.com/x")
    assert found(value, named(sets, "sets")) == [
        ("spec.devices[1].attributes.gpu.example.com/x", "Invalid"),
        ("spec.devices[2].attributes.gpu.example.com/x", "Required"),
    ]


def test_a_driver_reports_of_devices_that_are_allocated() -> None:
    device: JsonObject = {"driver": "d.example.com", "pool": "p", "device": "gpu-0"}
    allocation: JsonObject = {"devices": {"results": [{"request": "gpu", **device}]}}
    given = claim({"requests": [request()]})
    assert found({**given, "status": {"allocation": allocation, "devices": [device]}}) == []
    other = {**device, "device": "gpu-1"}
    assert found({**given, "status": {"allocation": allocation, "devices": [other]}}) == [
        ("status.devices[0]", "Invalid")
    ]


def test_an_object_that_comes_again_is_looked_at_each_time() -> None:
    wrong, right = claim({"requests": [request(count=0)]}), claim({"requests": [request()]})
    documents = [Document(name, 1, value) for name, value in (("a", wrong), ("b", right), ("c", wrong), ("d", right))]
    assert [(item.source, item.refusal.path) for item in lint_documents(documents, LANGUAGE)] == [
        ("a", f"{REQUEST}.count"),
        ("c", f"{REQUEST}.count"),
    ]


def test_paths_are_those_of_the_version_that_was_written() -> None:
    flat = claim({"requests": [{"name": "gpu", "deviceClassName": "gpu.example.com", "count": -1}]}, "v1beta1")
    assert found(flat) == [("spec.devices.requests[0].count", "Invalid")]


def named(value: JsonObject, name: str) -> JsonObject:
    return {**value, "metadata": {**object_at(value, "metadata"), "name": name}}


def test_objects_are_checked_against_each_other() -> None:
    objects = cluster_list(2, 2, 1)
    pod: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "team"},
        "spec": {
            "containers": [{"name": "c", "resources": {"claims": [{"name": "gpus"}]}}],
            "resourceClaims": [
                {"name": "gpu", "resourceClaimTemplateName": "gpuu"},
                {"name": "both", "resourceClaimTemplateName": "gpu", "resourceClaimName": "x"},
            ],
        },
    }
    other = claim({"requests": [request(deviceClassName="gpu.example.co")]})
    admin = claim({"requests": [request(adminAccess=True)]})
    space: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    assert found(objects) == []
    assert found(objects, pod, named(other, "a"), named(admin, "b"), space) == [
        ("spec.resourceClaims[0].resourceClaimTemplateName", "ClaimTemplateMissing"),
        ("spec.resourceClaims[1]", "Invalid"),
        ("spec.resourceClaims[1].resourceClaimName", "ClaimMissing"),
        ("spec.containers[0].resources.claims[0].name", "UnknownClaim"),
        ("spec.devices.requests[0].exactly.deviceClassName", "ClassMissing"),
        ("spec.devices.requests[0].exactly.adminAccess", "AdminAccessForbidden"),
    ]
