"""Which generation of DRA to speak: what is served decides, once, and a server with neither is told what to turn on."""

from __future__ import annotations

import threading

import pytest
from dra_apiserver import ApiFailure, WantedGeneration, find_api, wait_for_api
from dra_core.refusal import Refusal
from dra_core.snapshot.generation import CLASSIC, MODERN, MODERN_VERSIONS, ServedApi, served_api
from dra_core.snapshot.json_value import JsonObject
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from tests.unit.apiserver.scripted_server import Answer, ScriptedServer
from tests.unit.apiserver.test_client import client

VERSIONS = ("v1", "v1beta2", "v1beta1", "v1alpha3", "v1alpha2")


def group(*versions: str) -> JsonObject:
    return {"kind": "APIGroup", "name": "resource.k8s.io", "versions": [{"version": each} for each in versions]}


@given(st.permutations(VERSIONS).flatmap(lambda order: st.integers(0, len(order)).map(lambda count: order[:count])))
def test_modern_wins_over_classic_and_neither_is_refused(versions: list[str]) -> None:
    """Whatever is served, in whatever order."""
    answer = served_api(versions)
    modern = [version for version in MODERN_VERSIONS if version in versions]
    if modern:
        assert answer == Success(ServedApi("modern", modern[0]))
    elif "v1alpha2" in versions:
        assert answer == Success(CLASSIC)
    else:
        refusal: Refusal = answer.failure()
        assert all(version in refusal.seen for version in versions)
        assert "DynamicResourceAllocation" in refusal.hint


def test_discovery_is_asked_once() -> None:
    with ScriptedServer(Answer(body=group("v1alpha2"))) as server:
        assert find_api(client(server.url), "auto") == Success(Success(CLASSIC))
        (seen,) = server.seen
        assert (seen.method, seen.path) == ("GET", "/apis/resource.k8s.io")


def test_a_server_that_does_not_know_the_group_serves_nothing_of_it() -> None:
    with ScriptedServer(Answer(status=404, body="404 page not found")) as server:
        refusal: Refusal = find_api(client(server.url), "auto").unwrap().failure()
        assert "serves nothing" in refusal.sentence


@pytest.mark.parametrize(("wanted", "found"), [("classic", CLASSIC), ("modern", MODERN)])
def test_what_is_wanted_is_not_asked_for(wanted: WantedGeneration, found: ServedApi) -> None:
    with ScriptedServer() as server:
        assert find_api(client(server.url), wanted) == Success(Success(found))
        assert server.seen == []


def test_a_server_that_does_not_answer_may_do_so_later() -> None:
    with ScriptedServer(Answer(status=503, body="not yet")) as server:
        answer = find_api(client(server.url), "auto")
        assert isinstance(answer, Failure)
        failed: ApiFailure = answer.failure()
        assert failed.status == 503


def test_it_is_asked_until_it_answers_and_each_reason_is_told_once() -> None:
    told: list[str] = []
    with ScriptedServer(*[Answer(status=503, body="not yet")] * 2, Answer(body=group("v1"))) as server:
        found = wait_for_api(client(server.url), "auto", threading.Event(), told.append)
    assert found == Success(MODERN)
    assert len(told) == 1


def test_stopped_while_it_waits_it_ends() -> None:
    stop = threading.Event()
    with ScriptedServer(Answer(status=503, body="not yet")) as server:
        assert wait_for_api(client(server.url), "auto", stop, lambda _: stop.set()) is None
