"""Threads that all do the same."""

from __future__ import annotations

import threading
from collections.abc import Callable

STOP_SECONDS = 10.0
"""For writes in progress at the end; a request ends after that long anyway, and a pod has 30 s by default."""


class Workers:
    """``work`` returns when there is no more to do."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._threads = [threading.Thread(target=work, name=f"worker-{i}", daemon=True) for i in range(count)]
        self.started = False

    def start(self) -> None:
        """Let them work."""
        for thread in self._threads:
            thread.start()
        self.started = True

    def trouble(self) -> str:
        """Those who have ended, though nobody said that there is no more to do."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()] if self.started else []
        return f"ended: {', '.join(dead)}" if dead else ""

    def wait(self) -> None:
        """Until all have ended, or it takes too long."""
        for thread in self._threads if self.started else ():
            thread.join(STOP_SECONDS)
