"""Start and end processes, so that only what was started here is ever ended: known by number and start time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from .layout import Layout
from .progress import ClusterError, wait_until


def start_time(pid: int) -> int | None:
    """When it started, in clock ticks after boot (field 22 of /proc/PID/stat); None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Process:
    """One component's process, recorded in a file: it outlives the command that started it."""

    def __init__(self, layout: Layout, name: str) -> None:
        self.name = name
        self.log = layout.logs / f"{name}.log"
        self._record = layout.records / f"{name}.json"

    def pid(self) -> int | None:
        """Its number while it lives."""
        try:
            record = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record["pid"] if start_time(record["pid"]) == record["startTime"] else None

    def start(self, command: list[str], environment: Mapping[str, str]) -> None:
        """Start it, unless it runs."""
        if self.pid() is not None:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        # Not subprocess: nobody here waits for the end of what outlives the command that started it.
        pid = os.posix_spawn(
            command[0],
            command,
            {**os.environ, **environment},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        record = self._record.with_suffix(".new")
        record.write_text(json.dumps({"pid": pid, "startTime": start_time(pid), "command": command}))
        record.rename(self._record)

    def stop(self, sign: signal.Signals = signal.SIGTERM, grace: float = 20.0) -> None:
        """End it: a request first, unless ``sign`` is force already; force after ``grace`` seconds."""
        for number in (sign, signal.SIGKILL):
            pid = self.pid()
            if pid is None:
                break
            os.kill(pid, number)
            try:
                wait_until(f"end of {self.name}", grace, self._gone, 0.02)
            except ClusterError:
                if number is signal.SIGKILL:
                    raise
        self._record.unlink(missing_ok=True)

    def _gone(self) -> bool:
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # ours by birth if this same command started it
        return self.pid() is None

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for an error message."""
        try:
            text = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])
