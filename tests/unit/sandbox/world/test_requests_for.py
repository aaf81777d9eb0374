"""Each wanted write becomes one request; an event that repeats itself counts up."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_core.snapshot.json_value import JsonObject, at, object_at
from dra_sandbox.apiserver.catalog import catalog_of
from dra_sandbox.apiserver.requests import MERGE_PATCH, Request
from dra_sandbox.world.objects import CLAIM, EVENT, POD, World, name_of, world_of
from dra_sandbox.world.requests_for import event_write, request_of
from dra_sandbox.world.writes import Bind, Create, Delete, Emit, Patch, Replace, Write

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
CATALOG = catalog_of("modern", ())
POD0: JsonObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"namespace": "ns", "name": "pod0", "uid": "u0", "resourceVersion": "7"},
}


def request(write: Write, world: World | None = None) -> Request | None:
    return request_of(write, world or world_of(), NOW, "me", CATALOG.of_kind)


def test_objects_are_created_in_their_namespace() -> None:
    made = request(Create(body=POD0))
    assert made is not None
    assert (made.verb, made.resource.plural, made.namespace, made.body) == ("create", "pods", "ns", POD0)
    assert made.manager == "me"


def test_what_is_not_served_needs_no_request() -> None:
    assert request(Create(body={"apiVersion": "a.example.com/v1", "kind": "Strange", "metadata": {}})) is None


def test_a_replacement_names_its_object_and_subresource() -> None:
    made = request(Replace(body=POD0, subresource="status"))
    assert made is not None
    assert (made.verb, made.name, made.subresource) == ("update", "pod0", "status")


def test_a_patch_is_a_merge_patch() -> None:
    made = request(Patch(kind=CLAIM, namespace="ns", name="c", patch={"metadata": {}}))
    assert made is not None
    assert (made.verb, made.resource.plural, made.patch_type) == ("patch", "resourceclaims", MERGE_PATCH)


def test_a_deletion_is_of_exactly_this_object() -> None:
    made = request(Delete(kind=POD, namespace="ns", name="pod0", uid="u0", grace_seconds=0, propagation="Foreground"))
    assert made is not None
    options = made.options
    assert (options.precondition_uid, options.grace_period_seconds, options.propagation_policy) == (
        "u0",
        0,
        "Foreground",
    )


def test_a_pod_is_bound_through_its_subresource() -> None:
    made = request(Bind(namespace="ns", name="pod0", uid="u0", node="n"))
    assert made is not None
    assert (made.verb, made.resource.plural, made.name, made.subresource) == ("create", "pods", "pod0", "binding")
    assert at(made.body, "target", "name") == "n"


def test_the_same_event_again_raises_its_count() -> None:
    emit = Emit(about=POD0, severity="Warning", reason="Failed", message="no", component="me")
    first = event_write(emit, world_of(), NOW)
    assert isinstance(first, Create)
    assert at(first.body, "involvedObject", "uid") == "u0"
    again = event_write(emit, world_of(first.body), NOW)
    assert isinstance(again, Patch)
    assert (again.kind, again.name, again.patch["count"]) == (EVENT, name_of(first.body), 2)
    other = event_write(
        Emit(about=POD0, severity="Warning", reason="Failed", message="other", component="me"),
        world_of(first.body),
        NOW,
    )
    assert isinstance(other, Create)


def test_events_about_nodes_are_in_the_default_namespace() -> None:
    node: JsonObject = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "un"}}
    made = request(Emit(about=node, severity="Normal", reason="Starting", message="up", component="kubelet", host="n"))
    assert made is not None
    assert made.namespace == "default"
    assert at(made.body, "source") == {"component": "kubelet", "host": "n"}
    assert "namespace" not in object_at(made.body, "involvedObject")
