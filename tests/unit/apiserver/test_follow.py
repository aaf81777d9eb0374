"""Following objects: every change once, through every kind of end of a watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from dra_apiserver import NODES, ApiFailure, Broken, Changed, Follower, Gone, Listed, News
from dra_apiserver.position import LONGEST_PAUSE_SECONDS, Position
from dra_core.snapshot.json_value import JsonObject, text_at
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.apiserver.scripted_server import Answer, ScriptedServer
from tests.unit.apiserver.test_client import client

EXPIRED = ApiFailure(asked="", status=410, message="")
REFUSED = ApiFailure(asked="", status=503, message="")


def listed(version: str, *names: str) -> Answer:
    return Answer(body={"metadata": {"resourceVersion": version}, "items": [node(name) for name in names]})


def node(name: str, version: str = "1") -> JsonObject:
    return {"metadata": {"name": name, "resourceVersion": version}}


def event(kind: str, name: str, version: str) -> JsonObject:
    return {"type": kind, "object": node(name, version)}


def watch(*events: JsonObject | str, hold: bool = False) -> Answer:
    return Answer(events=events, hold=hold)


def told(news: News) -> str:
    match news:
        case Listed(objects=objects):
            return f"listed {' '.join(text_at(each, 'metadata', 'name') for each in objects)}"
        case Changed(object=value):
            return f"changed {text_at(value, 'metadata', 'name')}"
        case Gone(object=value):
            return f"gone {text_at(value, 'metadata', 'name')}"
        case Broken(failure=failure):
            return f"broken {failure.status}"


def followed(answers: Sequence[Answer], count: int) -> tuple[list[str], list[str]]:
    """The first news, and the watches' query strings."""
    with ScriptedServer(*answers) as server:
        follower = Follower(client(server.url), NODES)
        news = follower.news()
        heard = [told(next(news)) for _ in range(count)]
        follower.stop()
        assert list(news) == []
    return heard, [each.path.partition("?")[2] for each in server.seen if "watch=true" in each.path]


def test_all_objects_then_every_change() -> None:
    answers = [
        listed("5", "a", "b"),
        watch(event("ADDED", "c", "6"), event("MODIFIED", "a", "7"), event("DELETED", "b", "8"), hold=True),
    ]
    heard, (query,) = followed(answers, 4)
    assert heard == ["listed a b", "changed c", "changed a", "gone b"]
    assert "resourceVersion=5" in query
    assert "allowWatchBookmarks=true" in query
    assert "timeoutSeconds=" in query


def test_a_watch_that_ends_goes_on_from_the_last_event_or_bookmark() -> None:
    answers = [
        listed("5"),
        watch(event("ADDED", "a", "6")),
        watch(event("BOOKMARK", "", "20")),
        watch(event("ADDED", "b", "21"), hold=True),
    ]
    heard, queries = followed(answers, 3)
    assert heard == ["listed ", "changed a", "changed b"]
    assert [text for query in queries for text in query.split("&") if text.startswith("resourceVersion")] == [
        "resourceVersion=5",
        "resourceVersion=6",
        "resourceVersion=20",
    ]


def test_after_410_it_lists_anew() -> None:
    gone: JsonObject = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
    answers = [listed("5", "a"), watch(gone), listed("9", "b"), watch(event("ADDED", "c", "10"), hold=True)]
    heard, _ = followed(answers, 4)
    assert heard == ["listed a", "broken 410", "listed b", "changed c"]


def test_after_410_to_the_request_too() -> None:
    answers = [listed("5", "a"), Answer(status=410), listed("9", "b"), watch(event("ADDED", "c", "10"), hold=True)]
    assert followed(answers, 4)[0] == ["listed a", "broken 410", "listed b", "changed c"]


def test_failures_are_told_and_tried_again() -> None:
    """A list that is refused, a watch that is refused, and one that breaks off in the middle of a line."""
    answers = [
        Answer(status=503),
        listed("5", "a"),
        Answer(status=500),
        watch(event("ADDED", "b", "6"), '{"type": "ADD'),
        watch(event("ADDED", "c", "7"), hold=True),
    ]
    heard, queries = followed(answers, 6)
    assert heard == ["broken 503", "listed a", "broken 500", "changed b", "broken 0", "changed c"]
    assert "resourceVersion=6" in queries[-1]


def test_a_list_without_a_version_cannot_be_followed() -> None:
    heard, _ = followed([Answer(body={"items": []}), listed("5")], 2)
    assert heard == ["broken 0", "listed "]


def test_stop_ends_a_watch_on_which_nothing_happens() -> None:
    with ScriptedServer(listed("5", "a"), watch(hold=True)) as server:
        follower = Follower(client(server.url), NODES)
        heard: list[News] = []
        thread = threading.Thread(target=lambda: heard.extend(follower.news()))
        thread.start()
        assert server.holding.wait(60)
        follower.stop()
        thread.join(60)
        assert not thread.is_alive()
    assert [told(each) for each in heard] == ["listed a"]


steps: st.SearchStrategy[Callable[[Position], Position]] = st.one_of(
    st.integers(1, 99).map(lambda version: lambda position: position.after_news(str(version))),
    st.just(lambda position: position.after_failure(EXPIRED)),
    st.just(lambda position: position.after_failure(REFUSED)),
    st.just(lambda position: position.after_silence()),
)


def walk(drawn: Sequence[Callable[[Position], Position]]) -> Iterator[tuple[Position, Position]]:
    position = Position()
    for step in drawn:
        before, position = position, step(position)
        yield before, position


@given(st.lists(steps), st.floats(0, 1))
def test_waits_grow_to_a_limit_and_end_with_the_first_news(
    drawn: Sequence[Callable[[Position], Position]], spread: float
) -> None:
    for before, after in walk(drawn):
        pause = after.pause_seconds(spread)
        assert 0 <= pause <= LONGEST_PAUSE_SECONDS
        if after.failures:
            assert pause >= before.pause_seconds(spread)
            assert pause > 0, "whatever fails is not tried again at once"
        else:
            assert pause == 0


@given(st.lists(steps, min_size=1))
def test_only_410_makes_it_forget_where_it_stands(drawn: Sequence[Callable[[Position], Position]]) -> None:
    for before, after in walk(drawn):
        if before.resource_version and not after.resource_version:
            assert after == before.after_failure(EXPIRED)


def test_thousands_of_failures_are_no_number_to_overflow() -> None:
    assert Position(failures=100_000).pause_seconds(1) == LONGEST_PAUSE_SECONDS
