"""Cleans up after a sandbox that was killed: a small process that waits for the end of a pipe.

The sandbox tells it every process group that it starts, and that ends. When the sandbox is gone, however that came
about, the kernel closes the pipe; what is then still running is killed, and the directory removed.

This file is also the heir's program; it is run by its path, so that it starts fast and needs nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

LAST_SECONDS = 5.0  # for killed processes to be gone, so that none writes into the directory any more
LOOK_SECONDS = 0.02


class Heir:
    """The sandbox's side; may be used by several threads.

    Args:
        directory: What is to be removed if nobody else does.
    """

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-S", __file__, str(directory)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def started(self, group: int) -> None:
        """A process group runs."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """A process group has ended, and its number may be given to others."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let it end, after all groups have. That somebody has killed it is no fault of the sandbox."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def inherit(lines: Iterable[str], directory: Path) -> None:
    """Read what is told until the end, then kill and remove what is left."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    until = time.monotonic() + LAST_SECONDS
    while groups and time.monotonic() < until:
        for group in tuple(groups):
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                groups.discard(group)
        time.sleep(LOOK_SECONDS)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    inherit(sys.stdin, Path(sys.argv[1]))
