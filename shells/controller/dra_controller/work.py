"""What a controller does while it leads: it follows, looks at what is concerned, and now and then at everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from dra_logs import Log

from dra_controller.workers import Workers

LOOK_SECONDS = 0.2
"""How often to look whether it is time to stop."""


class Follows(Protocol):
    """Keeps what is known of a kind up to date; see ``following``."""

    @property
    def listed(self) -> threading.Event:
        """Set when all objects of the kind have been seen once."""
        ...

    def run(self) -> None:
        """Follow until ``stop``."""
        ...

    def stop(self) -> None:
        """End ``run``."""
        ...


class Work:
    """All threads of a controller that leads; starts once, stops once.

    Args:
        followings: They learn.
        workers: They look at what the followings find concerned, from when everything was seen once.
        look_at_everything: Done then, and every ``resync_seconds``.
        resync_seconds: How often.
        log: Where it is told.
    """

    def __init__(
        self,
        followings: Sequence[Follows],
        workers: Workers,
        look_at_everything: Callable[[], None],
        resync_seconds: float,
        log: Log,
    ) -> None:
        self._followings = followings
        self._workers = workers
        self._look_at_everything = look_at_everything
        self._resync_seconds = resync_seconds
        self._log = log
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; returns at once."""
        for target, name in (*((each.run, "following") for each in self._followings), (self._run, "resync")):
            thread = threading.Thread(target=target, daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End everything; writes in progress are ended first."""
        self._stopped.set()
        for following in self._followings:
            following.stop()
        self._workers.stop()

    def trouble(self) -> str:
        """Why it does not work; "" if it does, or has not begun. A thread that a bug has ended is one reason."""
        if self._stopped.is_set():
            return ""
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        return f"ended: {', '.join(dead)}" if dead else self._workers.trouble()

    def not_ready(self) -> str:
        """Why nothing is done just now."""
        return self.trouble() or ("" if self._workers.started else "it has not seen everything yet")

    def _run(self) -> None:
        for following in self._followings:
            while not following.listed.wait(LOOK_SECONDS):
                if self._stopped.is_set():
                    return
        if self._stopped.is_set():
            return
        self._workers.start()
        self._log.info("working", workers=self._workers.count)
        while True:
            self._look_at_everything()
            if self._stopped.wait(self._resync_seconds):
                return
