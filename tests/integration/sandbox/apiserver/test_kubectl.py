"""Stock kubectl against the API server: what people do every day, for every kind that matters to devices."""

from __future__ import annotations

import json

import pytest
from dra_core.snapshot.json_value import JsonObject, at, text_at

from tests.integration.sandbox.apiserver.conftest import Kubectl
from tests.integration.sandbox.apiserver.objects import (
    claim,
    claim_template,
    deployment,
    device_class,
    node,
    pod,
    resource_slice,
)


def header(output: str) -> list[str]:
    return output.splitlines()[0].split()


def row(output: str, name: str) -> list[str]:
    return next(line.split() for line in output.splitlines() if line.split()[0] == name)


def read(kubectl: Kubectl, *what: str) -> JsonObject:
    found: JsonObject = json.loads(kubectl("get", *what, "-o", "json"))
    return found


def test_discovery_knows_names_short_names_and_categories(kubectl: Kubectl) -> None:
    listed = kubectl("api-resources", "--api-group=resource.k8s.io", "-o", "name").split()
    assert set(listed) == {
        "deviceclasses.resource.k8s.io",
        "devicetaintrules.resource.k8s.io",
        "resourceclaims.resource.k8s.io",
        "resourceclaimtemplates.resource.k8s.io",
        "resourceslices.resource.k8s.io",
    }
    assert "po" in kubectl("api-resources", "--api-group=")
    assert "resource.k8s.io/v1" in kubectl("api-versions").split()
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert json.loads(kubectl("version", "-o", "json"))["serverVersion"]["minor"] == "37"


@pytest.mark.parametrize(
    ("body", "resource", "columns", "cells"),
    [
        (pod("shown"), "pods", ["NAME", "READY", "STATUS", "RESTARTS", "AGE"], ["shown", "0/1", "Pending", "0"]),
        (claim("shown"), "resourceclaims", ["NAME", "STATE", "AGE"], ["shown", "pending"]),
        (claim_template("shown"), "resourceclaimtemplates", ["NAME", "AGE"], ["shown"]),
        (device_class("shown"), "deviceclasses", ["NAME", "AGE"], ["shown"]),
        (
            resource_slice("shown"),
            "resourceslices",
            ["NAME", "NODE", "DRIVER", "POOL", "AGE"],
            ["shown", "node-1", "gpu.example.com", "node-1"],
        ),
        (node("shown"), "nodes", ["NAME", "STATUS", "ROLES", "AGE", "VERSION"], ["shown", "Ready", "worker"]),
        (
            deployment("shown", replicas=3),
            "deployments",
            ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
            ["shown", "0/3", "0", "0"],
        ),
    ],
    ids=["pod", "claim", "template", "class", "slice", "node", "deployment"],
)
def test_objects_are_applied_shown_described_waited_for_and_deleted(
    kubectl: Kubectl, body: JsonObject, resource: str, columns: list[str], cells: list[str]
) -> None:
    assert "created" in kubectl("apply", "-f", "-", given=body)
    before = read(kubectl, resource, "shown")
    kubectl("apply", "-f", "-", given=body)
    assert read(kubectl, resource, "shown") == before
    output = kubectl("get", resource)
    assert header(output) == columns
    assert row(output, "shown")[: len(cells)] == cells
    assert "shown" in kubectl("describe", resource, "shown")
    kubectl("wait", "--for=jsonpath={.metadata.name}=shown", f"{resource}/shown", "--timeout=60s")
    kubectl("delete", resource, "shown", "--timeout=60s")
    kubectl("wait", "--for=delete", f"{resource}/shown", "--timeout=60s")
    assert "NotFound" in kubectl.fails("get", resource, "shown")


def test_wide_columns_names_labels_and_selectors(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=pod("wide"))
    kubectl("label", "pod", "wide", "colour=red")
    assert {"IP", "NODE"} <= set(header(kubectl("get", "pods", "-o", "wide")))
    assert kubectl("get", "pods", "-l", "colour=red", "-o", "name").split() == ["pod/wide"]
    assert kubectl("get", "pods", "-l", "colour in (green)", "-o", "name") == ""
    assert kubectl("get", "pods", "--field-selector=status.phase=Running", "-o", "name") == ""
    assert kubectl("get", "pods", "--field-selector=metadata.name=wide", "-o", "name").split() == ["pod/wide"]
    assert row(kubectl("get", "pods", "-A", "-l", "colour=red"), "default")[1] == "wide"
    assert "colour=red" in kubectl("get", "pod", "wide", "--show-labels")
    kubectl("delete", "pods", "-l", "colour=red", "--timeout=60s")


def test_pods_wait_for_conditions_and_phases(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=pod("waits"))
    ready: JsonObject = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    waiting = kubectl.start("wait", "--for=condition=Ready", "pod/waits", "--timeout=90s")
    kubectl("patch", "pod", "waits", "--subresource=status", "-p", json.dumps(ready))
    output, _ = waiting.communicate(timeout=100)
    assert waiting.returncode == 0, output
    kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/waits", "--timeout=60s")
    kubectl("delete", "pod", "waits", "--now")


def test_watching_shows_what_happens(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=claim("there"))
    watching = kubectl.start("get", "resourceclaims", "--watch", "--output-watch-events")
    try:
        assert watching.stdout is not None
        seen = [watching.stdout.readline().split()[:2] for _ in range(2)]
        kubectl("apply", "-f", "-", given=claim("watched"))
        kubectl("delete", "resourceclaim", "watched", "--timeout=60s")
        seen += [watching.stdout.readline().split()[:2] for _ in range(2)]
    finally:
        watching.kill()
        watching.communicate()
    kubectl("delete", "resourceclaim", "there", "--timeout=60s")
    assert seen == [["EVENT", "NAME"], ["ADDED", "there"], ["ADDED", "watched"], ["DELETED", "watched"]]


def test_three_kinds_of_patches(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=deployment("patched", replicas=1))
    strategic: JsonObject = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "busybox:2"}]}}}}
    kubectl("patch", "deployment", "patched", "-p", json.dumps(strategic))
    kubectl("patch", "deployment", "patched", "--type=merge", "-p", '{"metadata":{"labels":{"a":"b"}}}')
    operations = '[{"op":"replace","path":"/spec/replicas","value":4},{"op":"remove","path":"/metadata/labels/a"}]'
    kubectl("patch", "deployment", "patched", "--type=json", "-p", operations)
    found = read(kubectl, "deployment", "patched")
    images = [text_at(one, "image") for one in _containers(found)]
    assert images == ["busybox:2", "busybox:1"] or images == ["busybox:1", "busybox:2"]
    assert at(found, "spec", "replicas") == 4
    assert at(found, "metadata", "labels", "a") is None
    assert at(found, "metadata", "generation") == 3  # strategic and JSON; labels do not count
    kubectl("scale", "deployment", "patched", "--replicas=2")
    kubectl("set", "image", "deployment/patched", "side=busybox:3")
    found = read(kubectl, "deployment", "patched")
    assert at(found, "spec", "replicas") == 2
    assert "busybox:3" in [text_at(one, "image") for one in _containers(found)]
    kubectl("delete", "deployment", "patched")


def _containers(found: JsonObject) -> list[JsonObject]:
    containers = at(found, "spec", "template", "spec", "containers")
    assert isinstance(containers, list)
    return containers


def test_apply_removes_what_is_no_longer_said(kubectl: Kubectl) -> None:
    config: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "shrinks"},
        "data": {"keep": "1", "drop": "2"},
    }
    for arguments in (("apply",), ("apply", "--server-side")):
        kubectl(*arguments, "-f", "-", given=config)
        kubectl(*arguments, "-f", "-", given={**config, "data": {"keep": "1"}})
        assert at(read(kubectl, "configmap", "shrinks"), "data") == {"keep": "1"}
        kubectl("delete", "configmap", "shrinks")


def test_server_side_apply_tells_who_is_against_it(kubectl: Kubectl) -> None:
    body = deployment("disputed", replicas=2)
    kubectl("apply", "--server-side", "-f", "-", given=body)
    kubectl("scale", "deployment", "disputed", "--replicas=5")
    said = kubectl.fails("apply", "--server-side", "-f", "-", given=body)
    assert 'conflict with "kubectl"' in said
    assert ".spec.replicas" in said
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=body)
    assert at(read(kubectl, "deployment", "disputed"), "spec", "replicas") == 2
    kubectl("delete", "deployment", "disputed")


def test_faults_come_in_the_words_of_a_real_server_all_at_once(kubectl: Kubectl) -> None:
    wrong: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "wrong"},
        "spec": {
            "devices": {
                "requests": [
                    {"name": "a", "exactly": {"allocationMode": "All", "count": 2}},
                    {"name": "a", "exactly": {"deviceClassName": "c"}},
                ],
                "constraints": [{"requests": ["b"], "matchAttribute": "model"}],
            }
        },
    }
    said = kubectl.fails("create", "-f", "-", given=wrong)
    for fault in (
        "spec.devices.requests[0].exactly.deviceClassName: Required value",
        "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
        'spec.devices.requests[1]: Duplicate value: "a"',
        'spec.devices.constraints[0].requests[0]: Invalid value: "b": must be the name of a request in the claim',
        "a fully qualified name must be a domain and a name separated by a slash",
    ):
        assert fault in said
    assert 'unknown field "spec.colour"' in kubectl.fails("apply", "-f", "-", given=pod("strange", colour="red"))
    assert 'namespaces "nowhere" not found' in kubectl.fails("create", "-n", "nowhere", "-f", "-", given=pod("lost"))
    kubectl("create", "-f", "-", given=claim("twice"))
    assert "AlreadyExists" in kubectl.fails("create", "-f", "-", given=claim("twice"))
    changed = {"spec": {"devices": {"requests": [{"name": "other", "exactly": {"deviceClassName": "c"}}]}}}
    immutable = kubectl.fails("patch", "resourceclaim", "twice", "--type=merge", "-p", json.dumps(changed))
    assert "field is immutable" in immutable
    kubectl("delete", "resourceclaim", "twice")


def test_explain_knows_the_fields(kubectl: Kubectl) -> None:
    output = kubectl("explain", "resourceclaim.spec.devices.requests.exactly")
    assert "deviceClassName" in output
    assert "VERSION:    v1" in output
    assert "<[]Container>" in kubectl("explain", "pod.spec.containers")
    assert "does not exist" in kubectl.fails("explain", "pod.spec.nonsense")


def test_nodes_are_cordoned_tainted_and_labelled(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=node("node-9"))
    kubectl("cordon", "node-9")
    assert "Ready,SchedulingDisabled" in kubectl("get", "node", "node-9")
    kubectl("uncordon", "node-9")
    kubectl("taint", "node", "node-9", "broken=yes:NoSchedule")
    kubectl("annotate", "node", "node-9", "note=written")
    found = read(kubectl, "node", "node-9")
    assert at(found, "spec", "taints") == [{"key": "broken", "value": "yes", "effect": "NoSchedule"}]
    assert at(found, "metadata", "annotations", "note") == "written"
    kubectl("delete", "node", "node-9")


def test_quantities_are_kept_in_their_canonical_form(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=resource_slice("canonical", 1))
    devices = at(read(kubectl, "resourceslice", "canonical"), "spec", "devices")
    assert devices == [{"name": "gpu-0", "capacity": {"memory": {"value": "80Gi"}}}]
    kubectl("delete", "resourceslice", "canonical")


def test_what_kubectl_creates_by_itself_arrives(kubectl: Kubectl) -> None:
    """Typed clients send protobuf."""
    kubectl("create", "namespace", "made")
    for arguments in (
        ("configmap", "made", "--from-literal=a=b"),
        ("secret", "generic", "made", "--from-literal=a=b"),
        ("serviceaccount", "made"),
        ("deployment", "made", "--image=busybox:1", "--replicas=0", "--port=80"),
        ("job", "made", "--image=busybox:1"),
        ("service", "clusterip", "made", "--tcp=80:web"),
        ("role", "made", "--verb=get", "--resource=pods"),
        ("rolebinding", "made", "--role=made", "--serviceaccount=made:made"),
    ):
        kubectl("create", "-n", "made", *arguments)
    assert at(read(kubectl, "-n", "made", "configmap", "made"), "data") == {"a": "b"}
    assert at(read(kubectl, "-n", "made", "secret", "made"), "data") == {"a": "Yg=="}
    assert at(read(kubectl, "-n", "made", "deployment", "made"), "spec", "replicas") == 0
    assert kubectl("create", "-n", "made", "token", "made")
    assert kubectl("auth", "can-i", "-n", "made", "get", "pods", "--as=system:serviceaccount:made:made") == "yes\n"
    denied = kubectl.run("auth", "can-i", "-n", "made", "list", "pods", "--as=system:serviceaccount:made:made")
    assert denied.stdout == "no\n"
    assert "system:masters" in kubectl("auth", "whoami")
    kubectl("delete", "all,configmaps,secrets,roles,rolebindings,serviceaccounts", "--all", "-n", "made")
