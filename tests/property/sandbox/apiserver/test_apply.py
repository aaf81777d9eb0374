"""Server-side apply: idempotent; managers own what they say and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at
from dra_sandbox.apiserver.applying import merged_value
from dra_sandbox.apiserver.field_sets import decoded, encoded, owned_values, without
from dra_sandbox.apiserver.ownership import Owner, owners_of
from dra_sandbox.apiserver.requests import APPLY_PATCH, Options, Request
from dra_sandbox.apiserver.resources import TABLE
from hypothesis import given
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.little_clients import Client

KEYS = ("a", "b", "c", "d")
MANAGERS = ("me", "you", "she")
POD = next(one for one in TABLE["modern"] if one.kind == "Pod").schema
texts = st.sampled_from(("one", "two", "three"))
datas = st.dictionaries(st.sampled_from(KEYS), texts, max_size=4)
environments = st.lists(
    st.builds(lambda name, value: {"name": name, "value": value}, st.sampled_from(("X", "Y", "Z")), texts),
    unique_by=lambda one: one["name"],
    max_size=3,
)
containers = st.lists(
    st.builds(
        lambda name, image, env: {"name": name, "image": image, "env": env},
        st.sampled_from(("p", "q", "r")),
        texts,
        environments,
    ),
    unique_by=lambda one: one["name"],
    max_size=3,
)
pods = st.builds(
    lambda labels, node, found: {
        "metadata": {"labels": labels, "finalizers": sorted(labels)},
        "spec": {"nodeSelector": node, "containers": found, "tolerations": [{"key": "k"}]},
    },
    datas,
    datas,
    containers,
)


def _config(data: Mapping[str, str]) -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": dict(data)}


def _apply(client: Client, manager: str, body: JsonObject, *, force: bool = False) -> Request:
    options = Options(field_manager=manager, force=force)
    return client.request("patch", "ConfigMap", "x", body, patch_type=APPLY_PATCH, options=options)


def _owned(client: Client) -> dict[str, set[str]]:
    """The keys of data that each manager owns."""
    value = client.get("ConfigMap", "x")
    return {
        owner.manager: {path[1].removeprefix("f:") for path in owner.fields if path[0] == "f:data" and len(path) == 2}
        for owner in owners_of(value)
    }


@given(datas, st.sampled_from(MANAGERS))
def test_applying_again_changes_nothing(data: Mapping[str, str], manager: str) -> None:
    client = Client()
    first = client.done(_apply(client, manager, _config(data)))
    before = client.store
    assert client.done(_apply(client, manager, _config(data))) == first
    assert client.store is before


@given(st.lists(st.tuples(st.sampled_from(MANAGERS), datas), min_size=1, max_size=8))
def test_an_object_is_what_its_managers_want_together(steps: list[tuple[str, dict[str, str]]]) -> None:
    """With force, the last word counts, what nobody wants any more is gone, and each owns what is his."""
    client = Client()
    wanted: dict[str, dict[str, str]] = {}
    for manager, data in steps:
        wanted[manager] = data
        wanted = {
            other: {key: text for key, text in known.items() if data.get(key, text) == text}
            for other, known in wanted.items()
        }
        client.done(_apply(client, manager, _config(data), force=True))
        expected = {key: text for one in wanted.values() for key, text in one.items()}
        assert (object_at(client.get("ConfigMap", "x"), "data") or {}) == expected
        owned = _owned(client)
        for name, data_of in wanted.items():
            assert owned.get(name, set()) == set(data_of)


@given(datas, datas)
def test_a_conflict_is_exactly_a_different_value_and_changes_nothing(
    mine: Mapping[str, str], yours: Mapping[str, str]
) -> None:
    client = Client()
    client.done(_apply(client, "me", _config(mine)))
    disputed = {key for key in mine if key in yours and mine[key] != yours[key]}
    if not disputed:
        client.done(_apply(client, "you", _config(yours)))
        assert _owned(client) == {
            name: set(data) for name, data in (("me", mine), ("you", yours)) if data or name in _owned(client)
        }
        return
    problem = client.refused(_apply(client, "you", _config(yours)))
    assert (problem.code, problem.reason) == (409, "Conflict")
    assert {cause.field for cause in problem.causes} == {f".data.{key}" for key in disputed}
    client.done(_apply(client, "you", _config(yours), force=True))
    assert object_at(client.get("ConfigMap", "x"), "data") == {**mine, **yours}
    assert _owned(client).get("me", set()) == set(mine) - disputed


@given(datas, datas)
def test_an_update_takes_what_it_changes(applied: Mapping[str, str], updated: Mapping[str, str]) -> None:
    client = Client()
    client.done(_apply(client, "me", _config(applied)))
    client.done(client.request("update", "ConfigMap", "x", _config(updated), options=Options(field_manager="editor")))
    changed = {key for key, text in updated.items() if applied.get(key) != text}
    owned = _owned(client)
    assert owned.get("editor", set()) == changed
    assert owned.get("me", set()) == {key for key in applied if updated.get(key) == applied[key]}


@given(pods)
def test_fields_v1_is_read_as_it_was_written(pod: JsonObject) -> None:
    fields = frozenset(owned_values(POD, pod))
    assert decoded(encoded(fields)) == fields


@given(pods, pods)
def test_a_merge_holds_what_was_merged_in(old: JsonObject, new: JsonObject) -> None:
    merged = merged_value(POD, old, new)
    assert isinstance(merged, Mapping)
    values, wanted = owned_values(POD, merged), owned_values(POD, new)
    for path, value in wanted.items():
        if not (value in ({}, []) and any(other[: len(path)] == path for other in values)):
            assert values[path] == value
    assert merged_value(POD, merged, new) == merged
    assert merged_value(POD, new, new) == new


@given(pods, st.data())
def test_what_is_taken_out_is_gone_and_the_rest_stays(pod: JsonObject, data: st.DataObject) -> None:
    values = owned_values(POD, pod)
    # Without its key, an entry of a list would be another one.
    possible = [path for path in sorted(values) if not (path[-1] == "f:name" and path[-2].startswith("k:"))]
    gone = data.draw(st.sets(st.sampled_from(possible), max_size=4))
    left = without(POD, pod, gone)
    assert isinstance(left, Mapping)
    after = owned_values(POD, left)
    for path, value in values.items():
        covered = any(path[: len(one)] == one for one in gone)
        if covered:
            assert path not in after or after[path] != value
        else:
            assert after[path] == value


def test_status_and_specification_have_owners_of_their_own() -> None:
    client = Client()
    kind = "ResourceClaim.resource.k8s.io"
    device: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": "c"}}
    spec: JsonObject = {"devices": {"requests": [device]}}
    result: JsonObject = {"request": "gpu", "driver": "d.example.com", "pool": "p", "device": "x"}
    client.create(kind, {"metadata": {"name": "x"}, "spec": spec})
    allocated: JsonObject = {
        **client.get(kind, "x"),
        "status": {"allocation": {"devices": {"results": [result]}}},
    }
    client.done(client.request("update", kind, "x", allocated, subresource="status", user_agent="scheduler"))

    def report(driver: str, data: Json) -> Request:
        entry: JsonObject = {"driver": "d.example.com", "pool": "p", "device": "x", "data": data}
        body: JsonObject = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": "x"},
            "status": {"devices": [entry]},
        }
        options = Options(field_manager=driver)
        return client.request("patch", kind, "x", body, subresource="status", patch_type=APPLY_PATCH, options=options)

    reported = client.done(report("driver", {"uuid": "1"}))
    assert at(reported, "status", "allocation") is not None
    assert client.done(report("driver", {"uuid": "1"})) == reported
    owners: dict[str, Owner] = {owner.manager: owner for owner in owners_of(reported)}
    assert all(path[:2] == ("f:status", "f:devices") for path in owners["driver"].fields)
    assert all(path[:2] == ("f:status", "f:allocation") for path in owners["scheduler"].fields)
    assert client.refused(report("impostor", {"uuid": "2"})).reason == "Conflict"
