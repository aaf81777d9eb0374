"""What is going on, for the person who waits: one line a step, with the time that it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ClusterError(Exception):
    """Something that the user must be told in one line; the command ends with exit code 1."""


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and its duration when it is over."""
    print(f"{time.strftime('%H:%M:%S')} {text} ...", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


def wait_until(what: str, seconds: float, holds: Callable[[], bool], pause: float = 0.1) -> None:
    """Ask until it holds; after ``seconds`` that is a failure which names what was waited for."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
