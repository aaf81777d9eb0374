"""Threads that all look at subjects, one at a time each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from traceback import format_exc

from dra_logs import Log

from dra_controller.metrics import Metrics
from dra_controller.work_queue import Subject, WorkQueue

STOP_SECONDS = 10.0
"""For writes in progress at the end; a request ends after that long anyway, and a pod has 30 s by default."""


def look_at_all(
    queue: WorkQueue[Subject],
    look: Callable[[Subject], bool],
    kind_of: Callable[[Subject], str],
    metrics: Metrics,
    log: Log,
) -> None:
    """What a worker does until the queue is stopped.

    Args:
        queue: Of what is to be looked at.
        look: Whether it went well; if not, the subject is looked at again after a pause.
        kind_of: The kind of a subject, for metrics.
        metrics: What is measured.
        log: Where bugs are told.
    """
    while (subject := queue.take()) is not None:
        started = time.monotonic()
        failed = True
        try:
            failed = not look(subject)
        except Exception as error:  # a bug about one subject must not stop all others
            log.error("a bug", subject=str(subject), error=repr(error), traceback=format_exc())
        finally:
            queue.done(subject, failed=failed)
            metrics.looked(kind_of(subject), failed=failed, seconds=time.monotonic() - started)


class Workers:
    """So many of them, on one queue; the arguments are those of ``look_at_all``."""

    def __init__(
        self,
        count: int,
        queue: WorkQueue[Subject],
        look: Callable[[Subject], bool],
        kind_of: Callable[[Subject], str],
        metrics: Metrics,
        log: Log,
    ) -> None:
        work = partial(look_at_all, queue, look, kind_of, metrics, log)
        self._threads = [threading.Thread(target=work, name=f"worker-{i}", daemon=True) for i in range(count)]
        self._end = queue.stop
        self.started = False

    @property
    def count(self) -> int:
        """How many."""
        return len(self._threads)

    def start(self) -> None:
        """Let them work."""
        for thread in self._threads:
            thread.start()
        self.started = True

    def trouble(self) -> str:
        """Those who have ended, though nobody said that there is no more to do."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()] if self.started else []
        return f"ended: {', '.join(dead)}" if dead else ""

    def stop(self) -> None:
        """Give out nothing more, and wait until all have ended, or it takes too long."""
        self._end()
        for thread in self._threads if self.started else ():
            thread.join(STOP_SECONDS)
