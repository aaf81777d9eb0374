"""One prepare or unprepare at a time on the node, also while an old and a new instance of the plugin run."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RETRY_SECONDS = 0.005
"""flock has no timeout; asking again this often costs nothing next to an fsync."""


class LockNotAcquiredError(Exception):
    """The lock was not free in time."""


class SerializeLock:
    """A mutex between threads and, through flock on a file, between processes; released by the kernel at death."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the lock.

        Raises:
            LockNotAcquiredError: It was not free within this time.
            OSError: The lock file cannot be opened.
        """
        deadline = time.monotonic() + seconds
        if not self._threads.acquire(timeout=max(seconds, 0)):
            raise LockNotAcquiredError
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _flock(descriptor, deadline)
                yield
            finally:
                os.close(descriptor)
        finally:
            self._threads.release()


def _flock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockNotAcquiredError from None
            time.sleep(RETRY_SECONDS)
        else:
            return
