"""What is to be looked at: each subject by one worker at a time, soon, or after a pause that grows with its failures.

As client-go's workqueue: what is added while a worker has it is looked at again after that; what is added twice is
looked at once; of two due times the earlier one counts.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Subject = TypeVar("Subject", bound=tuple[object, ...])

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 60.0
"""After the first failure, and at most: a conflict is over in milliseconds, an outage is not."""


def pause_seconds(failures: int, spread: float) -> float:
    """How long to wait after so many failures in a row; ``spread`` is a random number from 0 to 1."""
    pause = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20)
    return min(pause, LONGEST_PAUSE_SECONDS) * (1 + spread) / 2


class WorkQueue(Generic[Subject]):
    """Shared by all workers. ``clock`` never goes back."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, spread: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._spread = spread
        self._changed = threading.Condition()
        self._due: dict[Subject, float] = {}
        self._heap: list[tuple[float, Subject]] = []
        self._taken: set[Subject] = set()
        self._failures: dict[Subject, int] = {}
        self._stopped = False

    def __len__(self) -> int:
        return len(self._due)

    def add(self, subject: Subject, after_seconds: float = 0) -> None:
        """Look at the subject, after so many seconds at the latest."""
        with self._changed:
            self._add(subject, self._clock() + after_seconds)

    def add_all(self, subjects: Iterable[Subject], after_seconds: float = 0) -> None:
        """The same for many."""
        with self._changed:
            due = self._clock() + after_seconds
            for subject in subjects:
                self._add(subject, due)

    def take(self) -> Subject | None:
        """The next subject that is due, when it is; None: the queue was stopped. Give it back by ``done``."""
        with self._changed:
            while not self._stopped:
                pause = self._until_next()
                if pause is not None and pause <= 0:
                    return self._take()
                self._changed.wait(pause)
            return None

    def done(self, subject: Subject, *, failed: bool) -> None:
        """A worker has looked at it; after a failure it is looked at again, later and later."""
        with self._changed:
            self._taken.discard(subject)
            if failed:
                failures = self._failures[subject] = self._failures.get(subject, 0) + 1
                self._add(subject, self._clock() + pause_seconds(failures, self._spread()))
            else:
                self._failures.pop(subject, None)
            self._changed.notify_all()

    def stop(self) -> None:
        """Let all workers go; nothing more is given out."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _add(self, subject: Subject, due: float) -> None:
        known = self._due.get(subject)
        if known is None or due < known:
            self._due[subject] = due
            heapq.heappush(self._heap, (due, subject))
            self._changed.notify()

    def _until_next(self) -> float | None:
        """Seconds until something that no worker has is due; None: nothing is to be done."""
        put_back: list[tuple[float, Subject]] = []
        found: float | None = None
        while self._heap:
            due, subject = self._heap[0]
            if self._due.get(subject) != due:
                heapq.heappop(self._heap)  # an earlier time was set, or it was taken
            elif subject in self._taken:
                put_back.append(heapq.heappop(self._heap))
            else:
                found = due - self._clock()
                break
        for item in put_back:
            heapq.heappush(self._heap, item)
        return found

    def _take(self) -> Subject:
        put_back: list[tuple[float, Subject]] = []
        while True:
            due, subject = heapq.heappop(self._heap)
            if self._due.get(subject) != due:
                continue
            if subject in self._taken:
                put_back.append((due, subject))
                continue
            break
        for item in put_back:
            heapq.heappush(self._heap, item)
        del self._due[subject]
        self._taken.add(subject)
        return subject
