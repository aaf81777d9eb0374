"""No body makes the server fail: whatever is sent is kept or refused with a reason."""

from __future__ import annotations

import random

import msgspec
from dra_core.snapshot.json_value import Json
from dra_sandbox.apiserver.answers import Succeeded
from dra_sandbox.apiserver.columns import columns_of, row_of
from dra_sandbox.apiserver.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Options,
    Request,
    options_of,
)
from dra_sandbox.apiserver.resources import TABLE, Resource
from dra_sandbox.apiserver.schema import Schema, resolved
from dra_sandbox.apiserver.selection import selection_of
from hypothesis import given
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.little_clients import START, Client

ALL = tuple({one.path_key: one for generation in TABLE.values() for one in generation}.values())
WORDS = ("x", "", "a-b", "A", "1", "1Gi", "true", "metadata.name", "é", "x" * 70, "2026-01-01T00:00:00Z")
words = st.sampled_from(WORDS)
wild: st.SearchStrategy[Json] = st.recursive(
    st.one_of(words, st.integers(-1, 70000), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(words, inner, max_size=2)),
    max_leaves=6,
)


class Drawer:
    """Draws bodies from a seed: much faster than one choice of Hypothesis for each field."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def wild(self, depth: int = 0) -> Json:
        match self.random.randrange(8 if depth < 3 else 6):
            case 0 | 1:
                return self.random.choice(WORDS)
            case 2:
                return self.random.randint(-1, 70000)
            case 3:
                return self.random.random() < 0.5
            case 4:
                return None
            case 5:
                return 0.5
            case 6:
                return [self.wild(depth + 1) for _ in range(self.random.randrange(3))]
            case _:
                return {self.random.choice(WORDS): self.wild(depth + 1) for _ in range(self.random.randrange(3))}

    def fitting(self, schema: Schema, depth: int = 0) -> Json:
        """A value that mostly fits a schema."""
        schema = resolved(schema)
        if depth > 7 or self.random.random() < 0.05:
            return self.wild()
        match schema.shape:
            case "object":
                chosen = self.random.sample(sorted(schema.fields), min(len(schema.fields), self.random.randrange(5)))
                return {name: self.fitting(schema.child(name), depth + 1) for name in chosen}
            case "map":
                count = self.random.randrange(3)
                return {self.random.choice(WORDS): self.fitting(schema.child(""), depth + 1) for _ in range(count)}
            case "list" | "set" | "listmap":
                return [self.fitting(schema.entry, depth + 1) for _ in range(self.random.randrange(4))]
            case "scalar" if schema.scalar == "integer":
                return self.random.randint(-1, 70000)
            case "scalar" if schema.scalar == "boolean":
                return self.random.random() < 0.5
            case "scalar":
                return self.random.choice(WORDS)
            case _:
                return self.wild()

    def body(self, resource: Resource) -> Json:
        """An object, half of the time with a name that can be, so that it gets further."""
        body = self.fitting(resource.schema)
        return named(body) if self.random.random() < 0.5 else body


def named(body: Json) -> Json:
    """The body with a name that can be, so that it gets further."""
    if not isinstance(body, dict):
        return body
    metadata = body.get("metadata")
    return {**body, "metadata": {**(metadata if isinstance(metadata, dict) else {}), "name": "x"}}


def sent(client: Client, resource: Resource, **fields: object) -> None:
    namespace = "default" if resource.namespaced else ""
    request = msgspec.structs.replace(Request(verb="get", resource=resource, namespace=namespace, name="x"), **fields)
    answer = client.ask(request)
    body = answer.body if isinstance(answer, Succeeded) else answer.status
    msgspec.json.encode(body)


@given(st.sampled_from(ALL), st.integers(0, 2**32))
def test_any_object_is_kept_or_refused(resource: Resource, seed: int) -> None:
    drawer = Drawer(seed)
    client = Client("classic" if resource.version == "v1alpha2" else "modern")
    sent(client, resource, verb="create", name="", body=drawer.body(resource))
    subresources = ("", *(("status",) if resource.status else ()), *resource.subresources)
    for subresource in subresources:
        sent(client, resource, verb="update", body=drawer.body(resource), subresource=subresource)
        kind = drawer.random.choice((MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH, JSON_PATCH))
        options = Options(field_manager="me", force=True)
        body = drawer.body(resource)
        sent(client, resource, verb="patch", body=body, patch_type=kind, options=options, subresource=subresource)
        sent(client, resource, verb="create", subresource=subresource, body=drawer.body(resource))
    for value in client.store.of(resource.store_key).values():
        assert len(row_of(resource, value, START)) == len(columns_of(resource))
    sent(client, resource, verb="delete")


@given(st.dictionaries(st.sampled_from(("limit", "continue", "dryRun", "fieldValidation", "gracePeriodSeconds",
                                        "propagationPolicy", "timeoutSeconds", "resourceVersion")), words),
       st.dictionaries(st.sampled_from(("gracePeriodSeconds", "propagationPolicy", "preconditions", "dryRun",
                                        "orphanDependents")), wild))  # fmt: skip
def test_any_query_is_read_or_refused(query: dict[str, str], delete_options: dict[str, Json]) -> None:
    options_of(query, delete_options)


@given(st.text(alphabet="ab/=!,() ninot<>.", max_size=20), st.text(alphabet="ab/=!,.", max_size=20))
def test_any_selector_is_read_or_refused(labels: str, fields: str) -> None:
    selection_of(ALL[0], "", "", labels, fields)


@given(st.lists(st.fixed_dictionaries({}, optional={
    "op": st.sampled_from(("add", "remove", "replace", "move", "copy", "test", "jump")),
    "path": st.sampled_from(("", "/", "/data", "/data/a", "/data/-", "/metadata/labels/x", "data", "/data/a/b")),
    "from": st.sampled_from(("", "/data", "/metadata", "/data/a")),
    "value": wild,
}), max_size=3))  # fmt: skip
def test_any_json_patch_is_applied_or_refused(operations: list[Json]) -> None:
    client = Client()
    client.create("ConfigMap", {"metadata": {"name": "x"}, "data": {"a": "b"}})
    sent(client, client.resource("ConfigMap"), verb="patch", patch_type=JSON_PATCH, body=operations)
