"""Waiting for what other processes do, always with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

DEADLINE_SECONDS = 60.0
"""Far more than anything here takes, for machines under load."""

LOOK_SECONDS = 0.02
"""For what nobody tells about: files, processes."""


def eventually(look: Callable[[], Found | None], what: str, seconds: float = DEADLINE_SECONDS) -> Found:
    """What ``look`` finds, as soon as it finds something true; fails with ``what`` at the deadline."""
    clock = threading.Event()
    for _ in range(int(seconds / LOOK_SECONDS)):
        found = look()
        if found:
            return found
        clock.wait(LOOK_SECONDS)
    raise AssertionError(f"not within {seconds} s: {what}")
