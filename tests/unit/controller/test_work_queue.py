"""The work queue: who is looked at when, and by how many at a time."""

from __future__ import annotations

import threading

from dra_controller.work_queue import LONGEST_PAUSE_SECONDS, WorkQueue, pause_seconds
from hypothesis import given
from hypothesis import strategies as st


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def queue(clock: Clock) -> WorkQueue[tuple[str]]:
    return WorkQueue(clock=clock, spread=lambda: 1.0)


def test_what_is_added_twice_is_looked_at_once() -> None:
    work = queue(Clock())
    work.add(("a",))
    work.add(("a",))
    assert work.take() == ("a",)
    assert len(work) == 0


def test_the_earlier_of_two_times_counts() -> None:
    clock = Clock()
    work = queue(clock)
    work.add(("a",), 100)
    work.add(("a",), 10)
    work.add(("b",), 50)
    clock.now = 60
    assert work.take() == ("a",)
    assert work.take() == ("b",)
    assert len(work) == 0


def test_what_a_worker_has_is_given_to_no_other_and_comes_again() -> None:
    work = queue(Clock())
    work.add(("a",))
    assert work.take() == ("a",)
    work.add(("a",))
    work.add(("b",))
    assert work.take() == ("b",), "not the one that is taken"
    work.done(("a",), failed=False)
    assert work.take() == ("a",)


def test_after_failures_it_comes_later_and_later_and_after_a_success_at_once() -> None:
    clock = Clock()
    work = queue(clock)
    work.add(("a",))
    pauses: list[float] = []
    for _ in range(4):
        assert work.take() == ("a",)
        before = clock.now
        work.done(("a",), failed=True)
        clock.now += pause_seconds(len(pauses) + 1, 1.0)
        pauses.append(clock.now - before)
    assert pauses == sorted(pauses)
    assert work.take() == ("a",)
    work.done(("a",), failed=False)
    work.add(("a",))
    assert work.take() == ("a",)


def test_stopping_lets_waiting_workers_go() -> None:
    looked = threading.Event()

    def clock() -> float:
        looked.set()
        return 0.0

    work: WorkQueue[tuple[str]] = WorkQueue(clock)
    work.add(("a",), after_seconds=10_000)
    looked.clear()
    found: list[tuple[str] | None] = []
    worker = threading.Thread(target=lambda: found.append(work.take()))
    worker.start()
    assert looked.wait(60)  # it holds the lock from here until it waits, and stop needs the lock
    work.stop()
    worker.join(60)
    assert found == [None]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_spread_and_has_a_limit(failures: int, spread: float) -> None:
    pause = pause_seconds(failures, spread)
    assert 0 < pause <= LONGEST_PAUSE_SECONDS
    assert pause <= 2 * pause_seconds(failures, 0)
