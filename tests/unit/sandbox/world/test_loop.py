"""The loop that all parts have in common: when it steps, and that a fault does not end it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import JsonObject
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.world.api import Api
from dra_sandbox.world.loop import Loop, changed
from dra_sandbox.world.objects import EVENT, NAMESPACE, World
from dra_sandbox.world.writes import Create, Patch

SECONDS = 30.0


def config_map(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": name}}


def event(name: str) -> JsonObject:
    about: JsonObject = {"kind": "Pod", "namespace": "default", "name": "p"}
    metadata: JsonObject = {"namespace": "default", "name": name}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": about}


@contextmanager
def running(
    api: Api, decide: Callable[[World, datetime], datetime | None] = lambda _, __: None
) -> Iterator[tuple[Loop, queue.Queue[World]]]:
    """A loop whose steps can be waited for."""
    steps: queue.Queue[World] = queue.Queue()

    def step(world: World, now: datetime) -> datetime | None:
        steps.put(world)
        return decide(world, now)

    loop = Loop("test", api, step)
    loop.start()
    steps.get(timeout=SECONDS)
    yield loop, steps
    loop.stop()


def test_a_loop_steps_at_its_start_and_after_each_change() -> None:
    api = Api(ApiServer(), "test")
    with running(api) as (_, steps):
        api.carry_out([Create(body=config_map("a"))])
        assert steps.get(timeout=SECONDS).get("ConfigMap", "default", "a") is not None


def test_what_changes_all_the_time_does_not_wake_it() -> None:
    api = Api(ApiServer(), "test")
    with running(api) as (_, steps):
        api.carry_out([Create(body=event("e")), Create(body=config_map("a"))])
        seen = steps.get(timeout=SECONDS)
        assert seen.get("ConfigMap", "default", "a") is not None
        assert seen.get(EVENT, "default", "e") is not None
        assert steps.empty()


def test_a_poke_and_the_coming_of_a_moment_make_it_step() -> None:
    api = Api(ApiServer(), "test")
    due = iter([datetime.now(UTC) + timedelta(milliseconds=20), None])
    with running(api, lambda _, __: next(due, None)) as (loop, steps):
        steps.get(timeout=SECONDS)  # the moment has come
        loop.poke()
        steps.get(timeout=SECONDS)


def test_a_step_that_fails_is_repeated() -> None:
    api = Api(ApiServer(), "test")
    faults = iter([RuntimeError("once")])

    def decide(_: World, __: datetime) -> None:
        for fault in faults:
            raise fault

    with running(api, decide) as (_, steps):
        steps.get(timeout=SECONDS)


def test_only_kinds_that_differ_count_as_a_change() -> None:
    server = ApiServer()
    api = Api(server, "test")
    before = server.world()[1]
    assert not changed(before, server.world()[1], frozenset())
    label: JsonObject = {"metadata": {"labels": {"a": "b"}}}
    api.carry_out([Patch(kind=NAMESPACE, namespace="", name="default", patch=label)])
    after = server.world()[1]
    assert changed(before, after, frozenset())
    assert not changed(before, after, frozenset({NAMESPACE}))
