"""Requests on an API server's pure functions, with times and names that repeat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import Json, JsonObject, text_at
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.catalog import catalog_of
from dra_sandbox.apiserver.custom_resources import CUSTOM_RESOURCES
from dra_sandbox.apiserver.decision import decide
from dra_sandbox.apiserver.initial import initial_store
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Circumstances, Identity, Options, Request, Verb
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.store import Store
from dra_sandbox.world.objects import Kind

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def circumstances(number: int) -> Circumstances:
    return Circumstances(
        now=START + timedelta(seconds=number),
        uid=f"00000000-0000-4000-8000-{number:012x}",
        suffix=f"{number:05d}"[-5:],
        token=f"token-{number}",
    )


class Client:
    """A client and the server it talks to; the store is open to be looked at."""

    def __init__(self, generation: Generation = "modern", *, log_length: int = 4096) -> None:
        self.generation: Generation = generation
        self.number = 0
        self.store: Store = msgspec.structs.replace(initial_store(circumstances(0)), log_length=log_length)

    def resource(self, kind: Kind) -> Resource:
        found = catalog_of(self.generation, self.store.of(CUSTOM_RESOURCES).values()).of_kind(kind)
        assert found is not None, kind
        return found

    def request(
        self,
        verb: Verb,
        kind: Kind,
        name: str = "",
        body: Json = None,
        *,
        namespace: str = "default",
        subresource: str = "",
        patch_type: str = "",
        options: Options = Options(),  # noqa: B008 - a frozen value
        identity: Identity = Identity(),  # noqa: B008 - a frozen value
        user_agent: str = "tests",
    ) -> Request:
        resource = self.resource(kind)
        return Request(
            verb=verb,
            resource=resource,
            namespace=namespace if resource.namespaced else "",
            name=name,
            body=body,
            subresource=subresource,
            patch_type=patch_type,
            options=options,
            identity=identity,
            user_agent=user_agent,
        )

    def ask(self, request: Request) -> Answer:
        self.number += 1
        before = self.store
        self.store, answer = decide(before, request, circumstances(self.number))
        if isinstance(answer, Problem):
            assert self.store is before, "a refused request changed the store"
        return answer

    def done(self, request: Request) -> Mapping[str, Json]:
        answer = self.ask(request)
        assert isinstance(answer, Succeeded), answer
        assert isinstance(answer.body, Mapping)
        return answer.body

    def refused(self, request: Request) -> Problem:
        answer = self.ask(request)
        assert isinstance(answer, Problem), answer
        return answer

    def create(self, kind: Kind, body: JsonObject, namespace: str = "default") -> Mapping[str, Json]:
        return self.done(self.request("create", kind, body=body, namespace=namespace))

    def get(self, kind: Kind, name: str, namespace: str = "default") -> Mapping[str, Json]:
        return self.done(self.request("get", kind, name, namespace=namespace))

    def exists(self, kind: Kind, name: str, namespace: str = "default") -> bool:
        return isinstance(self.ask(self.request("get", kind, name, namespace=namespace)), Succeeded)


def version(value: Json) -> str:
    return text_at(value, "metadata", "resourceVersion")
