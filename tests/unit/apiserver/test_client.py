"""Requests: what is sent, and what comes of every kind of answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest
from dra_apiserver import (
    LEASES,
    NODES,
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    Access,
    ApiFailure,
    ApiServer,
    Identity,
    IdentityError,
    Resource,
    Selection,
)
from dra_core.refusal import Fault
from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure, Success

from tests.unit.apiserver.scripted_server import Answer, ScriptedServer

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NOT_FOUND: JsonObject = {"kind": "Status", "reason": "NotFound", "message": 'nodes "a" not found', "code": 404}


def client(url: str, identity: Callable[[bool], Identity] = lambda _: Identity(token="secret", tls=TLS)) -> ApiServer:
    return ApiServer(Access(server=url, identity=identity), "tests/1")


def failure(answer: object) -> ApiFailure:
    assert isinstance(answer, Failure)
    failed: ApiFailure = answer.failure()
    return failed


class TestRequests:
    def test_paths(self) -> None:
        assert NODES.path(name="a") == "/api/v1/nodes/a"
        assert RESOURCE_SLICES.path() == "/apis/resource.k8s.io/v1/resourceslices"
        assert RESOURCE_CLAIMS.path() == "/apis/resource.k8s.io/v1/resourceclaims"
        assert RESOURCE_CLAIMS.path("ns", "c", "status") == (
            "/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/c/status"
        )
        assert NODES.path("ignored", "a/../b?c") == "/api/v1/nodes/a%2F..%2Fb%3Fc"

    def test_each_request_says_who_and_what(self) -> None:
        claim: JsonObject = {"metadata": {"name": "c", "namespace": "ns"}, "spec": {}}
        with ScriptedServer(*[Answer(body={"kind": "any"})] * 7) as server:
            api = client(server.url)
            api.get(NODES, "a")
            api.create(RESOURCE_CLAIMS, claim)
            api.replace(RESOURCE_CLAIMS, claim, "status")
            api.apply(RESOURCE_CLAIMS, claim, "me", force=True, subresource="status")
            api.merge(LEASES, "l", {"spec": None}, "ns")
            api.delete(RESOURCE_SLICES, "s", uid="u", resource_version="7")
            api.delete(RESOURCE_SLICES, "s")
        claims = "/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims"
        assert [(each.method, each.path) for each in server.seen] == [
            ("GET", "/api/v1/nodes/a"),
            ("POST", claims),
            ("PUT", f"{claims}/c/status"),
            ("PATCH", f"{claims}/c/status?fieldManager=me&force=true"),
            ("PATCH", "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l"),
            ("DELETE", "/apis/resource.k8s.io/v1/resourceslices/s"),
            ("DELETE", "/apis/resource.k8s.io/v1/resourceslices/s"),
        ]
        assert {each.headers["authorization"] for each in server.seen} == {"Bearer secret"}
        assert {each.headers["user-agent"] for each in server.seen} == {"tests/1"}
        assert [each.headers.get("content-type") for each in server.seen[1:5]] == [
            "application/json",
            "application/json",
            "application/apply-patch+yaml",
            "application/merge-patch+json",
        ]
        assert '"preconditions":{"uid":"u","resourceVersion":"7"}' in server.seen[5].body
        assert '"preconditions":{}' in server.seen[6].body

    def test_a_list_is_put_together_page_by_page(self) -> None:
        pages = [
            Answer(body={"metadata": {"resourceVersion": "9", "continue": "on"}, "items": [{"a": 1}, {"a": 2}]}),
            Answer(body={"metadata": {"resourceVersion": "9"}, "items": [{"a": 3}]}),
        ]
        with ScriptedServer(*pages) as server:
            listing = client(server.url).list(RESOURCE_CLAIMS, Selection(namespace="ns", fields="x=1", labels="b"))
        assert isinstance(listing, Success)
        assert [each["a"] for each in listing.unwrap().objects] == [1, 2, 3]
        assert listing.unwrap().resource_version == "9"
        first, second = server.seen
        assert first.path.startswith("/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims?")
        assert "fieldSelector=x%3D1" in first.path
        assert "labelSelector=b" in first.path
        assert "continue=on" in second.path

    @pytest.mark.parametrize(("minor", "number"), [("37", 37), ("30+", 30)])
    def test_the_minor_version(self, minor: str, number: int) -> None:
        with ScriptedServer(Answer(body={"major": "1", "minor": minor})) as server:
            assert client(server.url).minor_version() == Success(number)

    def test_a_minor_version_that_is_none(self) -> None:
        with ScriptedServer(Answer(body={"minor": "x"})) as server:
            assert "'x'" in failure(client(server.url).minor_version()).sentence


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "code", "fault"),
        [
            (400, "ApiServerRefused", Fault.DRIVER),
            (401, "ApiServerUnauthorized", Fault.ADMINISTRATOR),
            (403, "ApiServerForbidden", Fault.ADMINISTRATOR),
            (404, "ApiServerNotFound", Fault.USER),
            (409, "ApiServerConflict", Fault.ENVIRONMENT),
            (410, "ApiServerConflict", Fault.ENVIRONMENT),
            (422, "ApiServerRefused", Fault.DRIVER),
            (429, "ApiServerBusy", Fault.ENVIRONMENT),
            (500, "ApiServerBusy", Fault.ENVIRONMENT),
            (503, "ApiServerBusy", Fault.ENVIRONMENT),
        ],
    )
    def test_the_servers_words_whose_fault_and_what_was_asked(self, status: int, code: str, fault: Fault) -> None:
        body: JsonObject = {"kind": "Status", "reason": "SomeReason", "message": "because of that"}
        with ScriptedServer(*[Answer(status=status, body=body)] * 2) as server:
            failed = failure(client(server.url).get(NODES, "a"))
        assert (failed.status, failed.reason) == (status, "SomeReason")
        assert failed.sentence == f"the API server refused (GET /api/v1/nodes/a, {status}): because of that"
        assert (failed.refusal.code, failed.refusal.fault, failed.refusal.seen) == (code, fault, failed.sentence)

    def test_kinds_that_callers_tell_apart(self) -> None:
        with ScriptedServer(Answer(status=404, body=NOT_FOUND), Answer(status=409), Answer(status=410)) as server:
            api = client(server.url)
            assert failure(api.get(NODES, "a")).not_found
            assert failure(api.replace(NODES, {"metadata": {"name": "a"}})).conflict
            assert failure(api.list(NODES)).expired

    def test_how_long_to_wait(self) -> None:
        date = "Wed, 21 Oct 2026 07:28:00 GMT"
        answers = [
            Answer(status=429, headers=(("Retry-After", "7"),)),
            Answer(status=429, body={"details": {"retryAfterSeconds": 3}}),
            Answer(status=503, headers=(("Retry-After", date),)),
        ]
        with ScriptedServer(*answers) as server:
            api = client(server.url)
            waits = [failure(api.get(NODES, "a")).retry_after_seconds for _ in answers]
        assert waits == [7, 3, 0]

    def test_a_page_of_a_proxy_is_quoted_in_one_line(self) -> None:
        with ScriptedServer(Answer(status=502, body="<html>\n  Bad   gateway\n" + "x" * 1000)) as server:
            sentence = failure(client(server.url).get(NODES, "a")).sentence
        assert "<html> Bad gateway" in sentence
        assert "\n" not in sentence
        assert len(sentence) < 400

    @pytest.mark.parametrize("body", ["<html>", "[]", '"text"', ""])
    def test_an_answer_that_is_no_object(self, body: str) -> None:
        with ScriptedServer(Answer(body=body)) as server:
            assert "is it an API server?" in failure(client(server.url).get(NODES, "a")).sentence

    def test_nobody_there(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            failed = failure(client(url).get(NODES, "a"))
        assert failed.status == 0
        assert f"the API server {url} does not answer" in failed.sentence
        assert failed.refusal.code == "ApiServerUnreachable"

    def test_redirects_are_not_followed(self) -> None:
        """The token would go to whomever the answer names."""
        with ScriptedServer(Answer(status=302, headers=(("Location", "http://127.0.0.1:1/"),))) as server:
            assert failure(client(server.url).get(NODES, "a")).status == 302


class TestOnceMore:
    def test_a_refused_identity_is_renewed_once(self) -> None:
        asked: list[bool] = []

        def identity(refused: bool) -> Identity:
            asked.append(refused)
            return Identity(token="new" if refused else "old", tls=TLS)

        with ScriptedServer(Answer(status=401), Answer(body={"kind": "Node"})) as server:
            assert isinstance(client(server.url, identity).get(NODES, "a"), Success)
        assert asked == [False, True]
        assert [each.headers["authorization"] for each in server.seen] == ["Bearer old", "Bearer new"]

    def test_twice_refused_is_refused(self) -> None:
        with ScriptedServer(*[Answer(status=401)] * 3) as server:
            assert failure(client(server.url).get(NODES, "a")).status == 401
        assert len(server.seen) == 2

    def test_no_identity_to_be_had(self) -> None:
        def identity(_: bool) -> Identity:
            raise IdentityError("the login program is not installed")

        with ScriptedServer() as server:
            failed = failure(client(server.url, identity).get(NODES, "a"))
        assert failed.sentence == "the login program is not installed"
        assert server.seen == []

    def test_what_only_reads_is_asked_again_when_the_connection_was_closed(self) -> None:
        with ScriptedServer(Answer(cut=True), Answer(body={"kind": "Node"})) as server:
            assert isinstance(client(server.url).get(NODES, "a"), Success)

    def test_what_writes_is_not(self) -> None:
        """It may have been carried out."""
        with ScriptedServer(Answer(cut=True), Answer()) as server:
            failure(client(server.url).create(Resource(plural="things"), {}))
        assert len(server.seen) == 1
