"""Watches: whoever lists and then watches knows at every moment what a new list would say."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Options, Request
from dra_sandbox.apiserver.watching import INITIAL_EVENTS_END, Told, begin, follow
from dra_sandbox.world.objects import Place, objects_at
from hypothesis import given
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.little_clients import Client, circumstances, version
from tests.property.sandbox.apiserver.writes import CLAIM, CONFIG, LABELS, Write, carried_out, writes

Known = dict[Place, JsonObject]

selections = st.sampled_from(
    (
        Options(),
        Options(label_selector=f"colour={LABELS[0]}"),
        Options(label_selector=f"colour notin ({LABELS[0]})"),
        Options(field_selector="metadata.name=a"),
        Options(field_selector="metadata.name!=a", label_selector="colour"),
    )
)
namespaces = st.sampled_from(("", "default"))
many_writes = st.lists(writes, max_size=25)


def _place(value: JsonObject) -> Place:
    return text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name")


def _listed(client: Client, kind: str, namespace: str, options: Options) -> tuple[Known, str]:
    answer = client.done(client.request("list", kind, namespace=namespace, options=options))
    return {_place(item): item for item in objects_at(answer, "items")}, version(answer)


def _replayed(known: Known, told: Told) -> None:
    """What a watcher does with events; it is an error to add what is there or to change what is not."""
    for event in told.events:
        value = object_at(event, "object")
        match event["type"]:
            case "ADDED":
                assert _place(value) not in known
                known[_place(value)] = value
            case "MODIFIED":
                assert _place(value) in known
                known[_place(value)] = value
            case "DELETED":
                del known[_place(value)]
            case other:
                raise AssertionError(other)


def _watch(client: Client, kind: str, namespace: str, options: Options) -> Request:
    return client.request("watch", kind, namespace=namespace, options=options)


def _begun(client: Client, request: Request) -> Told:
    told = begin(client.store, request, circumstances(0))
    assert not isinstance(told, Problem)
    return told


@given(st.sampled_from((CONFIG, CLAIM)), namespaces, selections, many_writes, many_writes)
def test_a_watch_from_a_list_replays_to_the_list_of_later(
    kind: str, namespace: str, options: Options, before: list[Write], after: list[Write]
) -> None:
    client = Client()
    carried_out(client, before)
    known, at_version = _listed(client, kind, namespace, options)
    told = _begun(
        client, _watch(client, kind, namespace, msgspec.structs.replace(options, resource_version=at_version))
    )
    assert not told.events
    for write in after:
        carried_out(client, [write])
        told = follow(client.store, told.watch, circumstances(0))
        _replayed(known, told)
        assert known == _listed(client, kind, namespace, options)[0]


@given(namespaces, selections, many_writes, st.integers(min_value=0, max_value=40))
def test_a_watch_resumed_at_any_revision_replays_from_the_list_of_then(
    namespace: str, options: Options, drawn: list[Write], ago: int
) -> None:
    client = Client()
    carried_out(client, drawn)
    then = max(client.store.revision - ago, 1)
    exact = msgspec.structs.replace(options, resource_version=str(then), resource_version_match="Exact")
    known, _ = _listed(client, CONFIG, namespace, exact)
    told = _begun(
        client, _watch(client, CONFIG, namespace, msgspec.structs.replace(options, resource_version=str(then)))
    )
    _replayed(known, told)
    assert known == _listed(client, CONFIG, namespace, options)[0]


@given(namespaces, selections, many_writes, st.booleans())
def test_a_watch_without_a_revision_begins_with_everything(
    namespace: str, options: Options, drawn: list[Write], streamed: bool
) -> None:
    client = Client()
    carried_out(client, drawn)
    wanted = (
        msgspec.structs.replace(
            options, send_initial_events=True, allow_watch_bookmarks=True, resource_version_match="NotOlderThan"
        )
        if streamed
        else options
    )
    told = _begun(client, _watch(client, CONFIG, namespace, wanted))
    if streamed:
        last = told.events[-1]
        assert last["type"] == "BOOKMARK"
        assert object_at(last, "object", "metadata", "annotations") == {INITIAL_EVENTS_END: "true"}
        assert version(object_at(last, "object")) == str(client.store.revision)
        told = msgspec.structs.replace(told, events=told.events[:-1])
    known: Known = {}
    _replayed(known, told)
    assert known == _listed(client, CONFIG, namespace, options)[0]


@given(st.lists(writes, min_size=1, max_size=40), st.integers(min_value=1, max_value=4))
def test_a_watch_is_either_complete_or_told_that_it_is_too_old(drawn: list[Write], log_length: int) -> None:
    client = Client(log_length=log_length)
    known, at_version = _listed(client, CONFIG, "", Options())
    carried_out(client, drawn)
    told = _begun(client, _watch(client, CONFIG, "", Options(resource_version=at_version)))
    if told.over:
        (event,) = told.events
        assert event["type"] == "ERROR"
        assert object_at(event, "object")["code"] == 410
        assert int(at_version) < client.store.oldest_known
    else:
        _replayed(known, told)
        assert known == _listed(client, CONFIG, "", Options())[0]


@given(many_writes, st.integers(min_value=1, max_value=4), many_writes)
def test_the_pages_of_a_list_together_are_the_list_of_the_first_one(
    before: list[Write], limit: int, between: list[Write]
) -> None:
    client = Client()
    carried_out(client, before)
    whole, at_version = _listed(client, CONFIG, "", Options())
    items: list[Json] = []
    token = ""
    while True:
        page = client.done(
            client.request("list", CONFIG, namespace="", options=Options(limit=limit, continue_token=token))
        )
        items += list_at(page, "items")
        assert len(list_at(page, "items")) <= limit
        assert version(page) == at_version
        token = text_at(page, "metadata", "continue")
        if not token:
            break
        carried_out(client, between[:1])
        between = between[1:]
    assert {_place(object_at(item)): item for item in items} == whole
    assert len(items) == len(whole)
