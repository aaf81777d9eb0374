"""Progress of long work, on standard error, where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WORTH_SHOWING = 200  # pieces of work; less is done before anybody reads a line


@contextmanager
def reporting(what: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """A function to call with how much is done; None where nobody looks, or where it is not worth it."""
    if total < WORTH_SHOWING or not sys.stderr.isatty():
        yield None
        return
    step = max(total // 100, 1)

    def show(done: int) -> None:
        if done % step == 0 or done == total:
            sys.stderr.write(f"\r{what}: {done} of {total}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
