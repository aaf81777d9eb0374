from __future__ import annotations

import threading
import urllib.request

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, text_at
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.server import ApiServer, HttpFront
from dra_sandbox.world.objects import NAMESPACE


def _create(server: ApiServer, kind: str, body: JsonObject, namespace: str = "default") -> Answer:
    resource = server.catalog.of_kind(kind)
    assert resource is not None
    return server.handle(Request(verb="create", resource=resource, namespace=namespace, body=body))


def _config(name: str, **data: str) -> JsonObject:
    return {"metadata": {"name": name}, "data": data}


def test_what_was_created_is_in_the_world_with_its_kind() -> None:
    server = ApiServer()
    before, _ = server.world()
    assert isinstance(_create(server, "ConfigMap", _config("one", a="b")), Succeeded)
    revision, world = server.world()
    found = world.get("ConfigMap", "default", "one")
    assert found is not None
    assert (revision, found["kind"], found["apiVersion"]) == (before + 1, "ConfigMap", "v1")
    assert text_at(found, "metadata", "resourceVersion") == str(revision)


def test_waiting_ends_with_the_next_change() -> None:
    server = ApiServer()
    before = server.world()[0]
    seen: list[int] = []
    waiting = threading.Thread(target=lambda: seen.append(server.wait(before, 60)))
    waiting.start()
    _create(server, "ConfigMap", _config("one"))
    waiting.join(60)
    assert seen == [before + 1]


def test_waiting_for_the_past_or_for_no_time_returns_at_once() -> None:
    server = ApiServer()
    revision = server.world()[0]
    assert server.wait(revision - 1, 60) == revision
    assert server.wait(revision, 0) == revision


def test_http_serves_the_same_objects() -> None:
    server = ApiServer()
    front = HttpFront(server)
    url = front.start()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/namespaces", timeout=60) as response:
            listed = msgspec.json.decode(response.read())
    finally:
        front.stop()
    names = {text_at(item, "metadata", "name") for item in listed["items"]}
    assert names == {name for _, name in server.world()[1].of(NAMESPACE)}
    assert at(listed, "metadata", "resourceVersion") == str(server.world()[0])
