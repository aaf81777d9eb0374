"""How objects live and die: pods on nodes, namespaces, dependents, and what the server adds to each."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import MERGE_PATCH, Options
from dra_sandbox.world.objects import finalizers_of, labels_of, objects_at

from tests.property.sandbox.apiserver.little_clients import Client, version


def pod(name: str = "p", **spec: Json) -> JsonObject:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "busybox"}], **spec}}


def bind(client: Client, name: str, node: str, uid: str = "") -> JsonObject | Problem:
    body: JsonObject = {"metadata": {"name": name, "uid": uid}, "target": {"kind": "Node", "name": node}}
    answer = client.ask(client.request("create", "Pod", name, body, subresource="binding"))
    return answer if isinstance(answer, Problem) else object_at(answer.body)


def test_a_new_object_gets_what_only_the_server_says() -> None:
    client = Client()
    claimed: JsonObject = {
        "metadata": {
            "generateName": "made-",
            "uid": "mine",
            "resourceVersion": "7",
            "generation": 9,
            "creationTimestamp": None,
            "deletionTimestamp": "2020-01-01T00:00:00Z",
        },
        "spec": pod()["spec"],
        "status": {"phase": "Running"},
    }
    made = client.create("Pod", claimed)
    metadata = object_at(made, "metadata")
    assert metadata["name"] == "made-00001"
    assert metadata["namespace"] == "default"
    assert metadata["uid"] == "00000000-0000-4000-8000-000000000001"
    assert metadata["creationTimestamp"] == "2026-01-31T12:00:01Z"
    assert (metadata["generation"], version(made)) == (1, str(client.store.revision))
    assert "deletionTimestamp" not in metadata
    assert at(made, "status", "phase") == "Pending"
    assert at(made, "spec", "serviceAccountName") == "default"


def test_a_pod_is_bound_once_and_only_as_itself() -> None:
    client = Client()
    made = client.create("Pod", pod())
    wrong = bind(client, "p", "node-1", "another")
    assert isinstance(wrong, Problem)
    assert wrong.code == 409
    assert not isinstance(bind(client, "p", "node-1", text_at(made, "metadata", "uid")), Problem)
    assert at(client.get("Pod", "p"), "spec", "nodeName") == "node-1"
    again = bind(client, "p", "node-2")
    assert isinstance(again, Problem)
    assert 'pod p is already assigned to node "node-1"' in again.message


def test_a_pod_on_a_node_waits_for_its_kubelet_and_any_other_goes_at_once() -> None:
    client = Client()
    for name in ("here", "there", "done"):
        client.create("Pod", pod(name, terminationGracePeriodSeconds=7))
    client.done(client.request("delete", "Pod", "here"))
    assert not client.exists("Pod", "here")
    bind(client, "there", "node-1")
    deleted = client.done(client.request("delete", "Pod", "there"))
    assert at(deleted, "metadata", "deletionGracePeriodSeconds") == 7
    shorter = client.done(client.request("delete", "Pod", "there", options=Options(grace_period_seconds=2)))
    assert at(shorter, "metadata", "deletionGracePeriodSeconds") == 2
    assert client.done(client.request("delete", "Pod", "there", options=Options(grace_period_seconds=60))) == shorter
    client.done(client.request("delete", "Pod", "there", options=Options(grace_period_seconds=0)))
    assert not client.exists("Pod", "there")
    bind(client, "done", "node-1")
    succeeded = {**client.get("Pod", "done"), "status": {"phase": "Succeeded"}}
    client.done(client.request("update", "Pod", "done", succeeded, subresource="status"))
    client.done(client.request("delete", "Pod", "done"))
    assert not client.exists("Pod", "done")


def test_most_of_a_pod_never_changes() -> None:
    client = Client()
    made = client.create("Pod", pod(tolerations=[{"key": "k", "operator": "Exists"}]))
    spec = object_at(made, "spec")
    (container,) = objects_at(spec, "containers")
    allowed: JsonObject = {**spec, "containers": [{**container, "image": "busybox:2"}], "activeDeadlineSeconds": 5}
    changed = client.done(client.request("update", "Pod", "p", {**made, "spec": allowed}))
    assert at(changed, "metadata", "generation") == 2
    for refused in (
        {**spec, "nodeName": "node-1"},
        {**spec, "containers": [{**container, "command": ["other"]}]},
        {**spec, "containers": [container, {**container, "name": "more"}]},
        {**spec, "tolerations": []},
    ):
        body: JsonObject = {**client.get("Pod", "p"), "spec": refused}
        assert "Forbidden" in client.refused(client.request("update", "Pod", "p", body)).message


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"containers": []}, "spec.containers"),
        ({"containers": [{"name": "C", "image": "i"}]}, "spec.containers[0].name"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image"),
        ({"containers": [{"name": "c", "image": "i"}] * 2}, "spec.containers[1].name"),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
        ({"resourceClaims": [{"name": "gpu"}]}, "spec.resourceClaims[0]"),
        (
            {"resourceClaims": [{"name": "gpu", "resourceClaimName": "a", "resourceClaimTemplateName": "b"}]},
            "spec.resourceClaims[0]",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "resources": {"claims": [{"name": "gpu"}]}}]},
            "spec.containers[0].resources.claims[0].name",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
            "spec.containers[0].volumeMounts[0].name",
        ),
    ],
)
def test_pods_that_cannot_work_are_refused(spec: dict[str, Json], path: str) -> None:
    client = Client()
    problem = client.refused(client.request("create", "Pod", body=pod("p", **spec)))
    assert path in {cause.field for cause in problem.causes}


def test_a_pod_has_the_priority_of_its_class() -> None:
    client = Client()
    made = client.create("Pod", pod(priorityClassName="system-node-critical"))
    assert at(made, "spec", "priority") == 2_000_001_000
    unknown = client.refused(client.request("create", "Pod", body=pod("q", priorityClassName="none")))
    assert "no PriorityClass with name none was found" in unknown.message
    client.create("PriorityClass.scheduling.k8s.io", {"metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    assert at(client.create("Pod", pod("r")), "spec", "priority") == 7


def test_a_namespace_ends_when_it_is_finalized_and_takes_nothing_new() -> None:
    client = Client()
    made = client.create("Namespace", {"metadata": {"name": "n"}})
    assert labels_of(made) == {"kubernetes.io/metadata.name": "n"}
    client.done(client.request("delete", "Namespace", "n"))
    assert at(client.get("Namespace", "n"), "status", "phase") == "Terminating"
    refused = client.refused(client.request("create", "Pod", body=pod(), namespace="n"))
    assert "because it is being terminated" in refused.message
    body: JsonObject = {**client.get("Namespace", "n"), "spec": {"finalizers": []}}
    client.done(client.request("update", "Namespace", "n", body, subresource="finalize"))
    assert not client.exists("Namespace", "n")
    assert client.refused(client.request("delete", "Namespace", "default")).code == 403


def test_what_becomes_of_dependents_is_left_to_the_garbage_collector_by_a_finalizer() -> None:
    client = Client()
    for policy, finalizer in (("Foreground", "foregroundDeletion"), ("Orphan", "orphan")):
        client.create("ConfigMap", {"metadata": {"name": policy.lower()}})
        request = client.request("delete", "ConfigMap", policy.lower(), options=Options(propagation_policy=policy))
        client.done(request)
        assert finalizers_of(client.get("ConfigMap", policy.lower())) == (finalizer,)
    client.create("ConfigMap", {"metadata": {"name": "plain"}})
    client.done(client.request("delete", "ConfigMap", "plain", options=Options(propagation_policy="Background")))
    assert not client.exists("ConfigMap", "plain")


def test_nothing_new_holds_an_object_that_is_being_deleted() -> None:
    client = Client()
    client.create("ConfigMap", {"metadata": {"name": "x", "finalizers": ["example.com/a"]}})
    client.done(client.request("delete", "ConfigMap", "x"))
    more: JsonObject = {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}
    request = client.request("patch", "ConfigMap", "x", more, patch_type=MERGE_PATCH)
    assert "no new finalizers can be added if the object is being deleted" in client.refused(request).message


def test_a_scale_is_read_and_written_for_itself() -> None:
    client = Client()
    labels: JsonObject = {"app": "d"}
    spec: JsonObject = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod()["spec"]},
    }
    kind = "Deployment.apps"
    client.create(kind, {"metadata": {"name": "d"}, "spec": spec})
    scale = client.done(client.request("get", kind, "d", subresource="scale"))
    assert (scale["kind"], at(scale, "spec", "replicas"), at(scale, "status", "selector")) == ("Scale", 1, "app=d")
    stale = {**scale, "spec": {"replicas": 3}, "metadata": {**object_at(scale, "metadata"), "resourceVersion": "1"}}
    assert client.refused(client.request("update", kind, "d", stale, subresource="scale")).reason == "Conflict"
    client.done(client.request("update", kind, "d", {**scale, "spec": {"replicas": 3}}, subresource="scale"))
    assert at(client.get(kind, "d"), "spec", "replicas") == 3


def test_secrets_configurations_and_services() -> None:
    client = Client()
    secret = client.create("Secret", {"metadata": {"name": "s"}, "stringData": {"word": "x"}})
    assert (secret["data"], secret["type"], "stringData" in secret) == ({"word": "eA=="}, "Opaque", False)
    frozen: JsonObject = {"metadata": {"name": "c"}, "data": {"a": "b"}, "immutable": True}
    made = client.create("ConfigMap", frozen)
    problem = client.refused(client.request("update", "ConfigMap", "c", {**made, "data": {"a": "c"}}))
    assert "field is immutable when `immutable` is set" in problem.message
    service = client.create("Service", {"metadata": {"name": "v"}, "spec": {"ports": [{"port": 80}]}})
    assert text_at(service, "spec", "clusterIP").startswith("10.96.")
    assert at(service, "spec", "ports") == [{"port": 80, "protocol": "TCP", "targetPort": 80}]


def test_events_are_one_kind_in_two_groups() -> None:
    client = Client()
    about: JsonObject = {"kind": "Pod", "name": "p", "namespace": "default"}
    new: JsonObject = {
        "metadata": {"name": "e"},
        "regarding": about,
        "note": "happened",
        "reason": "R",
        "type": "Normal",
        "reportingController": "me",
        "eventTime": "2026-01-31T12:00:00.000000Z",
    }
    client.create("Event.events.k8s.io", new)
    old = client.get("Event", "e")
    assert (old["apiVersion"], old["message"], old["involvedObject"]) == ("v1", "happened", about)
    assert client.get("Event.events.k8s.io", "e")["note"] == "happened"
    elsewhere: JsonObject = {"metadata": {"name": "f"}, "involvedObject": {**about, "namespace": "other"}}
    assert "does not match event.namespace" in client.refused(client.request("create", "Event", body=elsewhere)).message
