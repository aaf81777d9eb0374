"""The frame of a controller that leads: when it works, and that it notices what it has lost."""

from __future__ import annotations

import threading

from dra_controller.metrics import Metrics
from dra_controller.work import Work
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import Workers

from tests.integration.kubeletplugin.waiting import eventually
from tests.unit.logs.kept import KeptLog


class Listening:
    """Follows until it is stopped."""

    def __init__(self) -> None:
        self.listed = threading.Event()
        self._stopped = threading.Event()

    def run(self) -> None:
        self._stopped.wait()

    def stop(self) -> None:
        self._stopped.set()


def work(*followings: Listening, looked: list[tuple[str]]) -> Work:
    queue: WorkQueue[tuple[str]] = WorkQueue()

    def look(subject: tuple[str]) -> bool:
        looked.append(subject)
        return True

    workers = Workers(2, queue, look, lambda _: "thing", Metrics(), KeptLog())
    return Work(followings, workers, lambda: queue.add(("everything",)), 60.0, KeptLog())


def test_nothing_is_looked_at_before_everything_was_seen_once() -> None:
    looked: list[tuple[str]] = []
    first, second = Listening(), Listening()
    whole = work(first, second, looked=looked)
    whole.start()
    first.listed.set()
    assert (whole.trouble(), whole.not_ready()) == ("", "it has not seen everything yet")
    assert looked == []
    second.listed.set()
    eventually(lambda: looked == [("everything",)], "a look")
    assert whole.not_ready() == ""
    whole.stop()
    assert whole.trouble() == ""


def test_a_watch_that_a_bug_has_ended_is_trouble() -> None:
    """A controller that goes on with old knowledge would look alive."""
    lost, other = Listening(), Listening()
    whole = work(lost, other, looked=[])
    whole.start()
    lost.listed.set()
    other.listed.set()
    lost.stop()
    eventually(lambda: whole.trouble() == "ended: following", "the loss is noticed")
    whole.stop()
