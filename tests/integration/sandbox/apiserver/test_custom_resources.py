"""CustomResourceDefinitions, with stock kubectl."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import JsonObject, at

from tests.integration.sandbox.apiserver.conftest import Kubectl
from tests.integration.sandbox.apiserver.objects import WIDGETS, widget


@pytest.fixture
def widgets(kubectl: Kubectl) -> Iterator[Kubectl]:
    kubectl("apply", "-f", "-", given=WIDGETS)
    kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=60s")
    yield kubectl
    kubectl("delete", "crd", "widgets.example.com", "--timeout=60s")


def read(kubectl: Kubectl, *what: str) -> JsonObject:
    found: JsonObject = json.loads(kubectl("get", *what, "-o", "json"))
    return found


def test_columns_defaults_and_descriptions_are_those_of_the_definition(widgets: Kubectl) -> None:
    widgets("apply", "-f", "-", given=widget("w", size=3))
    assert at(read(widgets, "widget", "w"), "spec") == {"size": 3, "colour": "red"}
    ready: JsonObject = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    widgets("patch", "widget", "w", "--subresource=status", "--type=merge", "-p", json.dumps(ready))
    output = widgets("get", "wi")
    assert output.split()[:4] == ["NAME", "SIZE", "READY", "AGE"]
    assert output.splitlines()[1].split()[:3] == ["w", "3", "True"]
    widgets("wait", "--for=condition=Ready", "widget/w", "--timeout=60s")
    assert "How large it is." in widgets("explain", "widget.spec.size")
    assert "Size:" in widgets("describe", "widget", "w")


def test_objects_that_break_the_schema_are_refused_with_every_fault(widgets: Kubectl) -> None:
    said = widgets.fails("apply", "-f", "-", given=widget("w", size=0, colour="blue"))
    assert "spec.size in body should be greater than or equal to 1" in said
    assert 'spec.colour: Unsupported value: "blue": supported values: "green", "red"' in said
    assert "spec.size: Required value" in widgets.fails("apply", "-f", "-", given=widget("w"))
    wrong_type = widgets.fails("apply", "-f", "-", given=widget("w", size="large"))
    assert 'spec.size in body must be of type integer: "string"' in wrong_type
    unknown = widgets.fails("apply", "-f", "-", given=widget("w", size=1, weight=2))
    assert 'unknown field "spec.weight"' in unknown
    twice = widgets.fails("apply", "-f", "-", given=widget("w", size=1, parts=[{"name": "a"}, {"name": "a"}]))
    assert 'spec.parts[1]: Duplicate value: {"name":"a"}' in twice
    assert widgets("get", "widgets", "-o", "name") == ""


def test_lists_that_are_maps_belong_to_several_managers(widgets: Kubectl) -> None:
    mine, yours = widget("w", size=1, parts=[{"name": "a"}]), widget("w", size=1, parts=[{"name": "b", "weight": 2}])
    widgets("apply", "--server-side", "--field-manager=me", "-f", "-", given=mine)
    widgets("apply", "--server-side", "--field-manager=you", "-f", "-", given=yours)
    assert at(read(widgets, "widget", "w"), "spec", "parts") == [{"name": "a"}, {"name": "b", "weight": 2}]
    widgets("apply", "--server-side", "--field-manager=me", "-f", "-", given=widget("w", size=1))
    assert at(read(widgets, "widget", "w"), "spec", "parts") == [{"name": "b", "weight": 2}]


def test_objects_go_with_their_definition(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=WIDGETS)
    kubectl("apply", "-f", "-", given=widget("w", size=3))
    held: JsonObject = {"metadata": {"finalizers": ["example.com/hold"]}}
    kubectl("patch", "widget", "w", "--type=merge", "-p", json.dumps(held))
    kubectl("delete", "crd", "widgets.example.com", "--wait=false")
    assert at(read(kubectl, "crd", "widgets.example.com"), "metadata", "deletionTimestamp") is not None
    kubectl("patch", "widget", "w", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl("wait", "--for=delete", "crd/widgets.example.com", "--timeout=60s")
    assert "NotFound" in kubectl.fails("get", "--raw", "/apis/example.com/v1/namespaces/default/widgets")


def test_a_definition_without_types_or_with_another_name_is_refused(kubectl: Kubectl) -> None:
    untyped = json.loads(json.dumps(WIDGETS))
    del untyped["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["type"]
    untyped["metadata"]["name"] = "things.example.com"
    said = kubectl.fails("apply", "-f", "-", given=untyped)
    assert 'must be spec.names.plural+"."+spec.group' in said
    assert "openAPIV3Schema.properties[spec].type: Required value" in said
