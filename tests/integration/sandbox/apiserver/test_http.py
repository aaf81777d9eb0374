"""What clients see on the wire, beyond kubectl: watches, tokens, errors, warnings."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Generator

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.server import ApiServer, HttpFront
from dra_sandbox.world.objects import objects_at

from tests.integration.sandbox.apiserver.objects import claim, pod

PATIENCE = 100
CONFIGS = "/api/v1/namespaces/default/configmaps"


class Wire:
    """HTTP with JSON."""

    def __init__(self, url: str) -> None:
        self.host = urllib.parse.urlsplit(url).netloc

    def send(
        self, method: str, path: str, body: Json = None, *, kind: str = "application/json", **headers: str
    ) -> tuple[int, JsonObject, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        content = None if body is None else json.dumps(body).encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, content, {"Content-Type": kind, **named})
        response = connection.getresponse()
        answer: JsonObject = json.loads(response.read())
        connection.close()
        return response.status, answer, response.headers

    def lines(self, path: str) -> Generator[JsonObject, None, None]:
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        try:
            while line := response.readline():
                event: JsonObject = json.loads(line)
                yield event
        finally:
            connection.close()


@pytest.fixture
def wire(url: str) -> Wire:
    return Wire(url)


def config(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_a_watch_tells_changes_as_they_happen_and_ends_at_its_time(wire: Wire) -> None:
    _, listed, _ = wire.send("GET", CONFIGS)
    version = text_at(listed, "metadata", "resourceVersion")
    events = wire.lines(f"{CONFIGS}?watch=1&resourceVersion={version}")
    wire.send("POST", CONFIGS, config("watched"))
    first = next(events)
    assert (first["type"], text_at(first, "object", "metadata", "name")) == ("ADDED", "watched")
    wire.send("DELETE", f"{CONFIGS}/watched")
    assert next(events)["type"] == "DELETED"
    events.close()
    ended = list(wire.lines(f"{CONFIGS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=1&resourceVersion={version}"))
    assert [event["type"] for event in ended] == ["ADDED", "DELETED", "BOOKMARK"]


def test_many_watches_all_see_one_change(wire: Wire) -> None:
    watches = [wire.lines(f"{CONFIGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                          "&allowWatchBookmarks=true") for _ in range(100)]  # fmt: skip
    for watch in watches:
        while next(watch)["type"] != "BOOKMARK":
            pass
    wire.send("POST", CONFIGS, config("seen"))
    assert {text_at(next(watch), "object", "metadata", "name") for watch in watches} == {"seen"}
    for watch in watches:
        watch.close()
    wire.send("DELETE", f"{CONFIGS}/seen")


def test_a_watch_of_the_forgotten_past_is_an_error_event(wire: Wire) -> None:
    (event,) = wire.lines(f"{CONFIGS}?watch=1&resourceVersion=999999")
    assert (event["type"], at(event, "object", "reason")) == ("ERROR", "Timeout")


def test_a_thousand_pods_are_listed_whole_and_in_pages(wire: Wire, server: ApiServer) -> None:
    pods = server.catalog.of_kind("Pod")
    assert pods is not None
    for number in range(1000):
        body = pod(f"many-{number:04d}")
        server.handle(Request(verb="create", resource=pods, namespace="default", body=body))
    _, listed, _ = wire.send("GET", "/api/v1/pods")
    assert len(list_at(listed, "items")) == 1000
    names: list[str] = []
    token = ""
    while True:
        _, page, _ = wire.send("GET", f"/api/v1/pods?limit=300&continue={token}")
        names += [text_at(item, "metadata", "name") for item in objects_at(page, "items")]
        token = text_at(page, "metadata", "continue")
        if not token:
            break
    assert names == [f"many-{number:04d}" for number in range(1000)]
    _, gone, _ = wire.send("DELETE", "/api/v1/namespaces/default/pods")
    assert len(list_at(gone, "items")) == 1000


def test_unknown_fields_are_warned_about_and_dropped_or_refused(wire: Wire) -> None:
    strange: JsonObject = {**config("strange"), "colour": "red"}
    status, body, headers = wire.send("POST", CONFIGS, strange)
    assert status == 201
    assert "colour" not in body
    assert headers["Warning"] == '299 - "unknown field \\"colour\\""'
    status, body, _ = wire.send("PUT", f"{CONFIGS}/strange?fieldValidation=Strict", strange)
    assert (status, body["reason"]) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "colour"' in text_at(body, "message")
    wire.send("DELETE", f"{CONFIGS}/strange")


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "code"),
    [
        ("GET", "/apis/nothing.example.com/v1/things", None, "application/json", 404),
        ("GET", f"{CONFIGS}/none", None, "application/json", 404),
        ("POST", f"{CONFIGS}/none", {}, "application/json", 405),
        ("DELETE", "/api/v1/namespaces", None, "application/json", 405),
        ("POST", CONFIGS, [], "application/json", 400),
        ("POST", CONFIGS, {"metadata": {"name": 7}}, "application/json", 400),
        ("POST", CONFIGS, {"kind": "Pod", "apiVersion": "v1"}, "application/json", 400),
        ("POST", CONFIGS, {"metadata": {"name": "UPPER"}}, "application/json", 422),
        ("POST", CONFIGS, {}, "text/csv", 415),
        ("PATCH", f"{CONFIGS}/none", {}, "application/merge-patch+json", 404),
        ("PATCH", f"{CONFIGS}/none", {}, "application/json", 415),
        ("GET", f"{CONFIGS}?fieldSelector=spec.colour%3Dred", None, "application/json", 400),
        ("GET", f"{CONFIGS}?labelSelector=a%3Db%3Dc", None, "application/json", 400),
        ("GET", f"{CONFIGS}?limit=many", None, "application/json", 400),
        ("GET", f"{CONFIGS}?continue=nonsense", None, "application/json", 400),
        ("GET", f"{CONFIGS}?watch=1&resourceVersion=new", None, "application/json", 400),
    ],
)
def test_bad_requests_get_a_status_with_its_code(
    wire: Wire, method: str, path: str, body: Json, kind: str, code: int
) -> None:
    status, answer, _ = wire.send(method, path, body, kind=kind)
    assert (status, answer["kind"], answer["code"], answer["status"]) == (code, "Status", code, "Failure")
    assert text_at(answer, "message")


ROLE: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "plugin"},
    "rules": [
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["get"]},
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/status"], "verbs": ["update"]},
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims/driver"],
            "verbs": ["associated-node:update"],
            "resourceNames": ["gpu.example.com"],
        },
    ],
}
BINDING: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "plugin"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "plugin"},
    "subjects": [{"kind": "ServiceAccount", "name": "plugin", "namespace": "default"}],
}
CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"


def test_a_service_account_may_what_its_roles_say_on_the_node_of_its_token(wire: Wire) -> None:
    account: JsonObject = {"metadata": {"name": "plugin"}}
    wire.send("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    wire.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", ROLE)
    wire.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", BINDING)
    wire.send("POST", CLAIMS, claim("mine"))
    selector: JsonObject = {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]
    }
    results: Json = [
        {"request": "gpu", "driver": driver, "pool": "p", "device": "d"}
        for driver in ("gpu.example.com", "other.example.com")
    ]
    status: JsonObject = {"allocation": {"devices": {"results": results}, "nodeSelector": selector}}
    code, allocated, _ = wire.send("PUT", f"{CLAIMS}/mine/status", {**claim("mine"), "status": status})
    assert code == 200
    tokens = {node: _token(wire, node) for node in ("node-1", "node-2")}
    assert wire.send("GET", f"{CLAIMS}/mine", Authorization="Bearer nonsense")[0] == 401
    assert wire.send("GET", f"{CLAIMS}/mine", Authorization=f"Bearer {tokens['node-2']}")[0] == 200
    code, refused, _ = wire.send("GET", CLAIMS, Authorization=f"Bearer {tokens['node-1']}")
    assert code == 403
    assert (
        'User "system:serviceaccount:default:plugin" cannot list resource "resourceclaims" in API group '
        '"resource.k8s.io" in the namespace "default"' in text_at(refused, "message")
    )

    def report(driver: str, node: str, **more: Json) -> int:
        device: JsonObject = {"driver": driver, "pool": "p", "device": "d", "data": {"uuid": node}}
        body = {**allocated, "status": {**status, "devices": [device], **more}}
        return wire.send("PUT", f"{CLAIMS}/mine/status", body, Authorization=f"Bearer {tokens[node]}")[0]

    consumer: JsonObject = {"resource": "pods", "name": "p", "uid": "u"}
    assert report("gpu.example.com", "node-2") == 403
    assert report("other.example.com", "node-1") == 403
    assert report("gpu.example.com", "node-1", reservedFor=[consumer]) == 403
    assert report("gpu.example.com", "node-1") == 200


def _token(wire: Wire, node: str) -> str:
    wire.send("POST", "/api/v1/namespaces/default/pods", pod(f"on-{node}", nodeName=node, serviceAccountName="plugin"))
    reference: JsonObject = {"kind": "Pod", "apiVersion": "v1", "name": f"on-{node}"}
    code, answer, _ = wire.send(
        "POST",
        "/api/v1/namespaces/default/serviceaccounts/plugin/token",
        {"spec": {"audiences": [], "boundObjectRef": reference}},
    )
    assert code == 201
    return text_at(answer, "status", "token")


def test_a_front_that_is_stopped_ends_its_watches_and_frees_its_port() -> None:
    front = HttpFront(ApiServer())
    url = front.start()
    events = Wire(url).lines(f"{CONFIGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                             "&allowWatchBookmarks=true")  # fmt: skip
    assert next(events)["type"] == "BOOKMARK"
    left: list[list[JsonObject]] = []
    reading = threading.Thread(target=lambda: left.append(list(events)))
    reading.start()
    front.stop()
    reading.join(PATIENCE)
    assert left == [[]]
    again = HttpFront(ApiServer(), port=int(url.rpartition(":")[2]))
    assert again.start() == url
    again.stop()


def test_a_port_that_is_taken_is_an_error_at_start(url: str) -> None:
    front = HttpFront(ApiServer(), port=int(url.rpartition(":")[2]))
    with pytest.raises(OSError, match="address already in use"):
        front.start()
