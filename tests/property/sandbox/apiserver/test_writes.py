"""Writes: versions, what a write may change, and that a refused one changes nothing."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from dra_sandbox.apiserver.answers import Succeeded
from dra_sandbox.apiserver.requests import Options
from dra_sandbox.world.objects import finalizers_of, uid_of
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.little_clients import Client, version
from tests.property.sandbox.apiserver.writes import CLAIM, CONFIG, Write, carried_out, new_object, request_for, writes

many_writes = st.lists(writes, min_size=1, max_size=25)
kinds = st.sampled_from((CONFIG, CLAIM))


def _some_object(client: Client, kind: str) -> JsonObject:
    found = client.store.of(client.resource(kind).store_key)
    assume(found)
    return found[min(found)]


@given(many_writes)
def test_revisions_count_the_changes_and_events_tell_them_all(drawn: list[Write]) -> None:
    client = Client()
    before = client.store
    carried_out(client, drawn)
    events = tuple(client.store.events_after(before.revision))
    assert [event.revision for event in events] == list(range(before.revision + 1, client.store.revision + 1))
    for event in events:
        assert version(event.value) == str(event.revision)
        assert (event.before is None) == (event.change == "ADDED")
    for key in {event.store_key for event in events}:
        assert client.store.at_revision(key, before.revision) == before.of(key)


@given(many_writes)
def test_a_refused_write_and_a_dry_run_change_nothing(drawn: list[Write]) -> None:
    client = Client()
    for write in drawn:
        request = request_for(client, write)
        before = client.store
        dry = msgspec.structs.replace(request, options=msgspec.structs.replace(request.options, dry_run=True))
        tried = client.ask(dry)
        assert client.store is before
        real = client.ask(request)  # ``ask`` itself sees to it that a refusal changes nothing
        assert type(tried) is type(real)


@given(kinds, many_writes, st.integers(min_value=1, max_value=1000))
def test_an_update_of_another_version_is_a_conflict(kind: str, drawn: list[Write], distance: int) -> None:
    client = Client()
    carried_out(client, drawn)
    value = _some_object(client, kind)
    stale = str(int(version(value)) + distance if distance % 2 else max(int(version(value)) - distance, 1))
    assume(stale != version(value))
    metadata = {**object_at(value, "metadata"), "resourceVersion": stale, "labels": {"colour": "blue"}}
    for subresource in ("", "status") if kind == CLAIM else ("",):
        problem = client.refused(
            client.request(
                "update",
                kind,
                text_at(metadata, "name"),
                {**value, "metadata": metadata},
                namespace=text_at(metadata, "namespace"),
                subresource=subresource,
            )
        )
        assert (problem.code, problem.reason) == (409, "Conflict")


@given(kinds, many_writes)
def test_an_update_with_what_is_there_changes_nothing(kind: str, drawn: list[Write]) -> None:
    client = Client()
    carried_out(client, drawn)
    value = _some_object(client, kind)
    before = client.store
    answer = client.done(
        client.request(
            "update",
            kind,
            text_at(value, "metadata", "name"),
            value,
            namespace=text_at(value, "metadata", "namespace"),
            user_agent="somebody",
        )
    )
    assert client.store is before
    assert answer == value


@given(many_writes)
def test_specification_and_status_never_change_in_one_write(drawn: list[Write]) -> None:
    client = Client()
    for write in drawn:
        request = request_for(client, write)
        before = client.store
        client.ask(request)
        for event in client.store.events_after(before.revision):
            if event.before is None or event.change != "MODIFIED":
                continue
            if request.subresource == "status":
                aside = ("status", "metadata")
                assert {k: v for k, v in event.value.items() if k not in aside} == {
                    k: v for k, v in event.before.items() if k not in aside
                }
                assert object_at(event.value, "metadata", "labels") == object_at(event.before, "metadata", "labels")
            elif event.store_key == "resource.k8s.io/resourceclaims":
                assert event.value.get("status") == event.before.get("status")
                assert event.value["spec"] == event.before["spec"]


@given(many_writes)
def test_what_the_server_says_of_an_object_stays_as_long_as_it_lives(drawn: list[Write]) -> None:
    client = Client()
    born: dict[str, object] = {}
    for write in drawn:
        before = client.store
        client.ask(request_for(client, write))
        for event in client.store.events_after(before.revision):
            uid = uid_of(event.value)
            created = text_at(event.value, "metadata", "creationTimestamp")
            if event.change == "ADDED":
                assert uid not in born
                born[uid] = created
            assert born[uid] == created
            if event.before is not None and "deletionTimestamp" in object_at(event.before, "metadata"):
                assert "deletionTimestamp" in object_at(event.value, "metadata")
                assert set(finalizers_of(event.value)) <= set(finalizers_of(event.before))


@given(writes)
def test_a_held_object_goes_with_its_last_finalizer(write: Write) -> None:
    client = Client()
    body = new_object(write)
    held = {**body, "metadata": {**object_at(body, "metadata"), "finalizers": ["example.com/a", "example.com/b"]}}
    client.create(write.kind, held, write.namespace)
    client.done(client.request("delete", write.kind, write.name, namespace=write.namespace))
    for left in (["example.com/b"], []):
        assert client.exists(write.kind, write.name, write.namespace)
        value = client.get(write.kind, write.name, write.namespace)
        metadata = {**object_at(value, "metadata"), "finalizers": left}
        client.done(
            client.request("update", write.kind, write.name, {**value, "metadata": metadata}, namespace=write.namespace)
        )
    assert not client.exists(write.kind, write.name, write.namespace)


@given(writes, st.booleans())
def test_a_deletion_with_the_wrong_precondition_is_a_conflict(write: Write, by_uid: bool) -> None:
    client = Client()
    client.create(write.kind, new_object(write), write.namespace)
    wrong = Options(precondition_uid="another") if by_uid else Options(precondition_version="1")
    problem = client.refused(client.request("delete", write.kind, write.name, namespace=write.namespace, options=wrong))
    assert (problem.code, problem.reason) == (409, "Conflict")
    value = client.get(write.kind, write.name, write.namespace)
    right = Options(precondition_uid=uid_of(value), precondition_version=version(value))
    assert isinstance(
        client.ask(client.request("delete", write.kind, write.name, namespace=write.namespace, options=right)),
        Succeeded,
    )
